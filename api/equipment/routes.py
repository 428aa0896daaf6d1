"""Equipment: list, and one with everything that is known of it now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from api import problems
from api.alarms.schemas import Alarm, list_of
from api.context import Context
from api.dependencies import Now, Parts, Viewer
from api.equipment import parts
from api.equipment.schemas import EquipmentDetail, EquipmentItem, EquipmentQuery, item_fields
from api.equipment.state import Condition, Overview, State
from api.filters import in_place, mentions
from api.wire import KeyPath, PageOf, paged, sort_column
from api.work_orders.schemas import WorkOrder, work_order
from plantroom.alarms import STANDING
from plantroom.model import Equipment
from plantroom.stores.records import alarms, order_levels, work_orders
from plantroom.stores.records import property as properties
from plantroom.stores.records.tables import AlarmRow, EquipmentRow, WorkOrderRow
from plantroom.times import Nanos

router = APIRouter(prefix="/equipment", tags=["equipment"])

MAX_ALARMS = 50
MAX_ORDERS = 20
_SORT = {
    "key": EquipmentRow.key,
    "name": EquipmentRow.name_en,
    "criticality": EquipmentRow.criticality,
    "id": EquipmentRow.id,
}
# a class that the catalogue no longer has: its equipment is listed, and nothing else is known of it
_NOTHING = Condition(State.UNKNOWN, {}, 0, 0, 0)


@router.get("", summary="List equipment")
def list_equipment(
    query: Annotated[EquipmentQuery, Query()], context: Parts, now: Now, _who: Viewer
) -> PageOf[EquipmentItem]:
    """What is in service, each with its state now."""
    rows = in_place(properties.query_equipment(), query, context.catalogue)
    retired = EquipmentRow.retired_at.is_not(None)
    rows = rows.where(retired if query.retired else ~retired)
    if query.equipment_class is not None:
        rows = rows.where(EquipmentRow.equipment_class == query.equipment_class)
    if query.text is not None:
        names = (EquipmentRow.key, EquipmentRow.name_en, EquipmentRow.name_zh, EquipmentRow.location)
        rows = rows.where(mentions(query.text, *names, EquipmentRow.serial))
    with context.database.session() as session:
        if query.space is not None:
            rows = rows.where(EquipmentRow.space.in_(_inside(session, query)))
        overview = Overview(context, session, now)
        return paged(
            session,
            rows,
            query,
            lambda row: _item(context, overview, row),
            key=EquipmentRow.id,
            **sort_column(query.sort, _SORT),
        )


@router.get("/{site}/{key}", summary="One equipment")
def get_equipment(site: KeyPath, key: KeyPath, context: Parts, now: Now, _who: Viewer) -> EquipmentDetail:
    """With live values, rules, maintenance plans, standing alarms and newest work orders."""
    with context.database.session() as session:
        row = properties.get_equipment(session, site, key)
        overview = Overview(context, session, now)
        item = overview.table.equipment_by_id.get(row.id)
        return EquipmentDetail(
            **item_fields(row, context.catalogue.classes.get(row.equipment_class), _of(overview, item)),
            **(_plate(row, overview) | _now(context, session, item, now)),
            standing_alarms=_alarms(context, session, row.id, now),
            orders=_orders(context, session, row.id, now),
        )


def _item(context: Context, overview: Overview, row: EquipmentRow) -> EquipmentItem:
    item = overview.table.equipment_by_id.get(row.id)
    cls = context.catalogue.classes.get(row.equipment_class)
    return EquipmentItem(**item_fields(row, cls, _of(overview, item)))


def _of(overview: Overview, item: Equipment | None) -> Condition:
    return _NOTHING if item is None else overview.of(item)


def _plate(row: EquipmentRow, overview: Overview) -> dict[str, object]:
    table = overview.table
    item = table.equipment_by_id.get(row.id)
    return {
        "maker": row.maker,
        "model": row.model,
        "serial": row.serial,
        "installed_on": row.installed_on,
        "design_life_years": row.design_life_years,
        "commissioned_at": row.commissioned_at,
        "served_by": None if row.served_by is None else f"{row.site}/{row.served_by}",
        "serves": [] if item is None else [one.path for one in table.served_from(item)],
        "parent": None if row.parent is None else f"{row.site}/{row.parent}",
        "children": [] if item is None else [one.path for one in table.children_of(item)],
    }


def _now(context: Context, session: Session, item: Equipment | None, now: Nanos) -> dict[str, object]:
    if item is None:
        return {"parameters": [], "live": [], "rules": [], "plans": []}
    cls = context.catalogue[item.equipment_class]
    return {
        "design_life_years": item.design_life_years,
        "parameters": parts.parameters_of(item, cls),
        "live": parts.points_of(context, item, now),
        "rules": parts.rules_of(context, item, cls),
        "plans": parts.plans_of(context, session, item, now),
    }


def _alarms(context: Context, session: Session, equipment_id: int, now: Nanos) -> list[Alarm]:
    standing = [state.value for state in STANDING]
    rows = (
        alarms.query()
        .where(AlarmRow.equipment_id == equipment_id, AlarmRow.state.in_(standing))
        .order_by(AlarmRow.severity.desc(), AlarmRow.raised_ts.desc())
        .limit(MAX_ALARMS)
    )
    return list_of(session, session.scalars(rows).all(), context.catalogue, now)


def _orders(context: Context, session: Session, equipment_id: int, now: Nanos) -> list[WorkOrder]:
    rows = (
        work_orders.query()
        .where(WorkOrderRow.equipment_id == equipment_id)
        .order_by(WorkOrderRow.id.desc())
        .limit(MAX_ORDERS)
    )
    found = list(session.scalars(rows))
    clocks = order_levels.clocks_of(session, found, context.levels, now)
    return [work_order(row, clocks[row.id], now) for row in found]


def _inside(session: Session, query: EquipmentQuery) -> list[str]:
    if query.site is None:
        raise problems.wrong("query.space", "needs site, since a space's key is the site's own")
    spaces = properties.load_spaces(session, query.site)
    found = {space.key for space in spaces if space.key == query.space}
    more = set(found)
    while more:
        more = {space.key for space in spaces if space.parent in more} - found
        found |= more
    return sorted(found)

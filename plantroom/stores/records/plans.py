"""Maintenance plans in the database: how far each has come, and the order that a due one opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from plantroom.catalogue.loader import Catalogue
from plantroom.catalogue.schema import PlanSpec, TaskSpec
from plantroom.maintenance import MaintenancePlan, due, next_due
from plantroom.model import Criticality, Equipment, PointTable, Text
from plantroom.stores.records import locks, work_orders
from plantroom.stores.records.property import load_sites
from plantroom.stores.records.tables import PlanRow, WorkOrderRow
from plantroom.times import DAY, Nanos
from plantroom.work_orders import OrderKind

GRACE: Nanos = 3 * DAY
"""How long after its due time a preventive order may be done before it is late (practice)."""
_PRIORITY = {Criticality.A: 3, Criticality.B: 4, Criticality.C: 5}


@dataclass(frozen=True, slots=True)
class PlanStatus:
    """One plan of one equipment: when it was last due and done, and when it is due next."""

    equipment: Equipment
    spec: PlanSpec
    last_due: Nanos | None
    last_done: Nanos | None
    next_due: Nanos


def status_of(
    session: Session, table: PointTable, catalogue: Catalogue, equipment_id: int | None = None
) -> list[PlanStatus]:
    """Every plan of the equipment in service (or of one), the next due first."""
    query = select(PlanRow)
    if equipment_id is not None:
        query = query.where(PlanRow.equipment_id == equipment_id)
    rows = {(row.equipment_id, row.plan): row for row in session.scalars(query)}
    zones = {site.key: ZoneInfo(site.zone) for site in load_sites(session)}
    found: list[PlanStatus] = []
    for item in table.equipment:
        if item.retired_at is not None or equipment_id not in (None, item.id):
            continue
        for spec in catalogue[item.equipment_class].plans:
            row = rows.get((item.id, spec.key))
            last_due, last_done = (row.last_due, row.last_done) if row else (None, None)
            anchor = last_done if spec.floating else last_due
            start = item.commissioned_at if anchor is None else anchor
            upcoming = next_due(_plan(spec), start, zones[item.site])
            found.append(PlanStatus(item, spec, last_due, last_done, upcoming))
    return sorted(found, key=lambda status: (status.next_due, status.equipment.path, status.spec.key))


def open_due(session: Session, table: PointTable, catalogue: Catalogue, now: Nanos) -> list[WorkOrderRow]:
    """The preventive orders opened for what has come due. Run twice, or late, it opens each once."""
    locks.hold(session, locks.PLANS)  # of two schedulers the second finds what the first opened
    opened: list[WorkOrderRow] = []
    zones = {site.key: ZoneInfo(site.zone) for site in load_sites(session)}
    for status in status_of(session, table, catalogue):
        if status.next_due > now:
            break
        item, spec = status.equipment, status.spec
        coming = due(
            _plan(spec),
            commissioned_at=item.commissioned_at,
            last_due=status.last_due,
            last_done=status.last_done,
            now=now,
            zone=zones[item.site],
        )
        if coming is None:
            continue
        call = _call(status, coming.due_at, coming.missed)
        order, new = work_orders.open_order(session, call, by="plan", now=now)
        _advance(session, item.id, spec.key, coming.due_at)
        if new:
            opened.append(order)
    return opened


def _advance(session: Session, equipment_id: int, plan: str, due_at: Nanos) -> None:
    row = session.get(PlanRow, (equipment_id, plan), with_for_update=True)
    if row is None:
        row = PlanRow(equipment_id=equipment_id, plan=plan, last_due=None, last_done=None)
        session.add(row)
    row.last_due = due_at
    session.flush()


def _plan(spec: PlanSpec) -> MaintenancePlan:
    return MaintenancePlan(spec.key, spec.every, spec.floating)


def _call(status: PlanStatus, due_at: Nanos, missed: int) -> work_orders.Call:
    item, spec = status.equipment, status.spec
    problem: dict[str, Any] = {"source": spec.source}
    if missed:
        problem["missed"] = missed
    return work_orders.Call(
        source=f"plan:{item.id}:{spec.key}:{due_at}",
        ts=due_at,
        kind=OrderKind.PREVENTIVE,
        site=item.site,
        title=Text(f"{spec.name.en}: {item.name.en}", f"{spec.name.zh}：{item.name.zh}"),
        priority=_PRIORITY[item.criticality],
        skill=spec.skill,
        equipment_id=item.id,
        plan=spec.key,
        problem=problem,
        checklist=checklist(spec.tasks),
        due_at=due_at + GRACE,
    )


def checklist(tasks: tuple[TaskSpec, ...]) -> tuple[dict[str, Any], ...]:
    """The tasks as lines of an order's checklist, none of them done."""
    return tuple(
        {
            "en": task.text.en,
            "zh": task.text.zh,
            "unit": task.unit,
            "low": task.low,
            "high": task.high,
            "done": False,
            "value": None,
        }
        for task in tasks
    )

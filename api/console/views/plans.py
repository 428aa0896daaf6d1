"""Maintenance that is due, over all equipment or for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.console.i18n import Translator
from api.console.views.alarms import Lens
from api.console.views.filters import Filters, classes_of, matches
from api.console.views.standing import OPEN_ORDER_STATES
from plantroom.maintenance import Interval
from plantroom.stores.records.plans import PlanStatus, status_of
from plantroom.stores.records.tables import WorkOrderRow
from plantroom.times import DAY, Nanos

WITHIN: Mapping[str, Nanos] = {"7": 7 * DAY, "30": 30 * DAY, "90": 90 * DAY}
"""Choices of how far ahead to look, by their word in the address."""


@dataclass(frozen=True, slots=True)
class PlanView:
    """One plan of one equipment."""

    site: str
    equipment: str
    equipment_name: str
    name: str
    every: str
    floating: bool
    skill: str
    last_done: Nanos | None
    next_due: Nanos
    order: int | None
    """The order that is open for it."""


def load_plans(session: Session, lens: Lens, equipment_id: int | None = None) -> list[PlanView]:
    """Every plan of the equipment in service (or of one), the next due first."""
    found = status_of(session, lens.table, lens.catalogue, equipment_id)
    query = select(WorkOrderRow.equipment_id, WorkOrderRow.plan, WorkOrderRow.id).where(
        WorkOrderRow.plan.is_not(None), WorkOrderRow.state.in_(OPEN_ORDER_STATES)
    )
    orders = {(equipment, plan): order for equipment, plan, order in session.execute(query)}
    return [plan_view(lens.t, status, orders.get((status.equipment.id, status.spec.key))) for status in found]


def plan_view(t: Translator, status: PlanStatus, order: int | None) -> PlanView:
    """The plan as the list shows it."""
    item, spec = status.equipment, status.spec
    return PlanView(
        site=item.site,
        equipment=item.key,
        equipment_name=t.text(item.name),
        name=t.text(spec.name),
        every=interval_text(t, spec.every),
        floating=spec.floating,
        skill=spec.skill,
        last_done=status.last_done,
        next_due=status.next_due,
        order=order,
    )


def interval_text(t: Translator, every: Interval) -> str:
    """How often, in words."""
    if every.months and every.months % 12 == 0:
        return t.ngettext("every year", "every {n} years", every.months // 12)
    if every.months:
        return t.ngettext("every month", "every {n} months", every.months)
    if every.days % 7 == 0:
        return t.ngettext("every week", "every {n} weeks", every.days // 7)
    return t.ngettext("every day", "every {n} days", every.days)


def narrow(plans: list[PlanView], filters: Filters, lens: Lens, now: Nanos) -> list[PlanView]:
    """The plans that the filters leave, in their order."""
    classes = set(classes_of(lens.catalogue, filters.system))
    found: list[PlanView] = []
    for plan in plans:
        item = lens.table.equipment_by_path.get(f"{plan.site}/{plan.equipment}")
        if filters.site and plan.site != filters.site:
            continue
        if filters.system and (item is None or item.equipment_class not in classes):
            continue
        if filters.within == "overdue" and plan.next_due >= now:
            continue
        if filters.within in WITHIN and plan.next_due >= now + WITHIN[filters.within]:
            continue
        texts = () if item is None else (item.name,)
        if filters.q and not matches(filters.q, words=(plan.equipment, plan.name), texts=texts):
            continue
        found.append(plan)
    return found

"""What stands open over the whole property: for the header, the overview and the equipment list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plantroom.alarms import STANDING, UNACKNOWLEDGED, Severity
from plantroom.stores.records.tables import (
    AlarmEventRow,
    AlarmRow,
    FeedbackRow,
    MaintenanceModeRow,
    OrderEventRow,
    WorkOrderRow,
)
from plantroom.work_orders import OPEN_STATES

STANDING_STATES = sorted(state.value for state in STANDING)
UNACKNOWLEDGED_STATES = sorted(state.value for state in UNACKNOWLEDGED)
OPEN_ORDER_STATES = sorted(state.value for state in OPEN_STATES)


@dataclass(frozen=True, slots=True)
class EquipmentStanding:
    """What stands open at one equipment."""

    worst: Severity | None = None
    alarms: int = 0
    unacknowledged: int = 0
    orders: int = 0


NOTHING = EquipmentStanding()


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands open, by equipment id and over all."""

    by_equipment: Mapping[int, EquipmentStanding] = field(default_factory=dict)
    by_severity: Mapping[Severity, int] = field(default_factory=dict)
    unacknowledged: int = 0
    """Alarms that wait to be acknowledged."""
    orders: int = 0
    version: tuple[int, ...] = ()
    """Differs whenever an alarm, an order, feedback or a maintenance mode has changed."""

    def of(self, equipment_id: int) -> EquipmentStanding:
        """What stands open at one equipment."""
        return self.by_equipment.get(equipment_id, NOTHING)


def load_standing(session: Session) -> Standing:
    """What stands open now, in three queries."""
    rows = session.execute(
        select(AlarmRow.equipment_id, AlarmRow.severity, AlarmRow.state, func.count())
        .where(AlarmRow.state.in_(STANDING_STATES))
        .group_by(AlarmRow.equipment_id, AlarmRow.severity, AlarmRow.state)
    )
    by_equipment = session.execute(
        select(WorkOrderRow.equipment_id, func.count())
        .where(WorkOrderRow.state.in_(OPEN_ORDER_STATES))
        .group_by(WorkOrderRow.equipment_id)
    )
    orders = dict(list(by_equipment))
    return gather(list(rows), orders, load_version(session))


def load_version(session: Session) -> tuple[int, ...]:
    """Numbers of which one grows with every change of an alarm, an order, feedback or a maintenance mode."""
    alarm = session.scalar(select(func.max(AlarmEventRow.id)))
    order = session.scalar(select(func.max(OrderEventRow.id)))
    # a tick on a checklist leaves no history, only the time of the change
    changed = session.scalar(select(func.max(WorkOrderRow.changed_at)))
    judged = session.scalar(select(func.max(FeedbackRow.at)))
    begun = session.scalar(select(func.max(MaintenanceModeRow.id)))
    ended = session.scalar(select(func.max(MaintenanceModeRow.ended_at)))
    return alarm or 0, order or 0, changed or 0, judged or 0, begun or 0, ended or 0


def gather(
    alarms: list[tuple[int, int, str, int]],
    orders: Mapping[int | None, int],
    version: tuple[int, ...],
) -> Standing:
    """The standing from counts of alarms by (equipment, severity, state) and of open orders by equipment."""
    worst: dict[int, int] = {}
    counts: dict[int, int] = {}
    waiting: dict[int, int] = {}
    by_severity = dict.fromkeys(Severity, 0)
    for equipment_id, severity, state, count in alarms:
        worst[equipment_id] = max(worst.get(equipment_id, 0), severity)
        counts[equipment_id] = counts.get(equipment_id, 0) + count
        by_severity[Severity(severity)] += count
        if state in UNACKNOWLEDGED_STATES:
            waiting[equipment_id] = waiting.get(equipment_id, 0) + count
    ids = {id_ for id_ in (*counts, *orders) if id_ is not None}
    return Standing(
        by_equipment={
            id_: EquipmentStanding(
                worst=Severity(worst[id_]) if id_ in worst else None,
                alarms=counts.get(id_, 0),
                unacknowledged=waiting.get(id_, 0),
                orders=orders.get(id_, 0),
            )
            for id_ in ids
        },
        by_severity=by_severity,
        unacknowledged=sum(waiting.values()),
        orders=sum(orders.values()),
        version=version,
    )

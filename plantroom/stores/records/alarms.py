"""Alarms in the database: the process, people and the design move them through `plantroom.alarms.advance`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from plantroom.alarms import ASIDE, STANDING, Alarm, AlarmEvent, AlarmState, Severity, advance
from plantroom.errors import ConflictError, NotFoundError
from plantroom.stores.records.tables import AlarmEventRow, AlarmRow, EquipmentRow
from plantroom.times import Nanos

PROCESS = "process"
"""Who moved it, where nobody did."""


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What an alarm takes from its rule when it is first raised, or raised again after a change."""

    severity: Severity
    latching: bool


def to_domain(row: AlarmRow) -> Alarm:
    """The row as the domain's alarm."""
    return Alarm(
        site=row.equipment.site,
        equipment=row.equipment.key,
        rule=row.rule,
        severity=Severity(row.severity),
        latching=row.latching,
        state=AlarmState(row.state),
        active=row.active,
        raised_ts=row.raised_ts,
        cleared_ts=row.cleared_ts,
        process_ts=row.process_ts,
        occurrences=row.occurrences,
        acknowledged_at=row.acknowledged_at,
        shelved_until=row.shelved_until,
    )


def follow(
    session: Session,
    equipment_id: int,
    rule: str,
    *,
    event: AlarmEvent,
    ts: Nanos,
    facts: RuleFacts,
    readings: Mapping[str, float],
) -> tuple[AlarmRow, bool]:
    """The alarm after RAISE or CLEAR at reading time `ts`, and whether that changed it.

    A change that was applied before (the same or an older `ts`) changes nothing.
    """
    row = session.scalar(
        select(AlarmRow).where(AlarmRow.equipment_id == equipment_id, AlarmRow.rule == rule).with_for_update()
    )
    if row is None:
        equipment = session.get_one(EquipmentRow, equipment_id)
        row = AlarmRow(
            equipment=equipment,
            rule=rule,
            state=AlarmState.NORMAL.value,
            active=False,
            process_ts=-1,
            occurrences=0,
            readings={},
            changed_at=ts,
        )
        row.severity, row.latching = int(facts.severity), facts.latching
        session.add(row)
        session.flush()
    if event is AlarmEvent.RAISE and not row.active:
        row.severity, row.latching = int(facts.severity), facts.latching
    before = to_domain(row)
    after = advance(before, event, ts)
    if after is before:
        return row, False
    if event is AlarmEvent.RAISE:
        row.readings = dict(readings)
        row.acknowledged_by = None
    _write(session, row, after, event, at=ts, by=PROCESS, note="", readings=readings)
    return row, True


def act(
    session: Session,
    alarm_id: int,
    event: AlarmEvent,
    *,
    by: str,
    now: Nanos,
    note: str = "",
    until: Nanos | None = None,
    shelvable: bool = True,
) -> AlarmRow:
    """The alarm after a person's `event`.

    Raises: NotFoundError; TransitionError; ConflictError for shelving what its rule says may not be.
    """
    row = session.scalar(select(AlarmRow).where(AlarmRow.id == alarm_id).with_for_update())
    if row is None:
        raise NotFoundError(f"no alarm {alarm_id}")
    if event is AlarmEvent.SHELVE and not shelvable:
        raise ConflictError("an alarm of this rule is never shelved")
    after = advance(to_domain(row), event, now, until=until)
    if event is AlarmEvent.ACKNOWLEDGE:
        row.acknowledged_by = by
    _write(session, row, after, event, at=now, by=by, note=note, readings={})
    return row


def unshelve_expired(session: Session, now: Nanos) -> int:
    """How many shelved alarms came back because their time was up."""
    rows = session.scalars(
        select(AlarmRow).where(AlarmRow.state == AlarmState.SHELVED.value, AlarmRow.shelved_until <= now)
    ).all()
    for row in rows:
        after = advance(to_domain(row), AlarmEvent.UNSHELVE, now)
        _write(session, row, after, AlarmEvent.UNSHELVE, at=now, by=PROCESS, note="time is up", readings={})
    return len(rows)


def _write(
    session: Session,
    row: AlarmRow,
    after: Alarm,
    event: AlarmEvent,
    *,
    at: Nanos,
    by: str,
    note: str,
    readings: Mapping[str, float],
) -> None:
    session.add(
        AlarmEventRow(
            alarm_id=row.id,
            at=at,
            event=event.value,
            from_state=row.state,
            to_state=after.state.value,
            by=by,
            note=note,
            readings=dict(readings),
        )
    )
    row.state, row.active = after.state.value, after.active
    row.raised_ts, row.cleared_ts, row.process_ts = after.raised_ts, after.cleared_ts, after.process_ts
    row.occurrences, row.acknowledged_at = after.occurrences, after.acknowledged_at
    row.shelved_until, row.changed_at = after.shelved_until, at
    session.flush()


def is_announced(row: AlarmRow) -> bool:
    """Whether people are told of it: not shelved, suppressed or out of service."""
    return AlarmState(row.state) not in ASIDE


def query() -> Select[AlarmRow]:
    """Every alarm with its equipment, to be filtered, sorted and paged."""
    return select(AlarmRow).join(AlarmRow.equipment)


def standing_by_equipment(session: Session) -> dict[int, dict[Severity, int]]:
    """Equipment id -> how many of its alarms stand at each severity; equipment without any is left out."""
    found: dict[int, dict[Severity, int]] = {}
    rows = session.execute(
        select(AlarmRow.equipment_id, AlarmRow.severity, func.count())
        .where(AlarmRow.state.in_([state.value for state in STANDING]))
        .group_by(AlarmRow.equipment_id, AlarmRow.severity)
    )
    for equipment_id, severity, count in rows:
        found.setdefault(equipment_id, {})[Severity(severity)] = count
    return found


def get(session: Session, alarm_id: int) -> AlarmRow:
    """The alarm.

    Raises: NotFoundError.
    """
    row = session.get(AlarmRow, alarm_id)
    if row is None:
        raise NotFoundError(f"no alarm {alarm_id}")
    return row


def query_events(alarm_id: int) -> Select[AlarmEventRow]:
    """The alarm's history, to be paged."""
    return select(AlarmEventRow).where(AlarmEventRow.alarm_id == alarm_id)


def events_of(session: Session, alarm_id: int) -> list[AlarmEventRow]:
    """The alarm's history, newest first."""
    rows = session.scalars(
        select(AlarmEventRow).where(AlarmEventRow.alarm_id == alarm_id).order_by(AlarmEventRow.id.desc())
    )
    return list(rows)

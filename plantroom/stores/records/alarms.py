"""Alarms in the database: the process, people and the design move them through `plantroom.alarms.advance`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, false, func, select
from sqlalchemy.orm import Session

from plantroom.alarm_load import CHATTER_RAISES, CHATTER_SHOWN, CHATTER_SPAN, STALE_AFTER
from plantroom.alarms import ASIDE, STANDING, Alarm, AlarmEvent, AlarmState, Severity, advance
from plantroom.errors import ConflictError, NotFoundError
from plantroom.stores.records import locks
from plantroom.stores.records.tables import AlarmEventRow, AlarmRow, EquipmentRow
from plantroom.times import Nanos

PROCESS = "process"
"""Who moved it, where nobody did."""


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What an alarm takes from its rule when it is first raised, or raised again after a change."""

    severity: Severity
    latching: bool


@dataclass(frozen=True, slots=True)
class Placing:
    """Where an alarm that is raised now belongs: under an active root, out of service, or announced."""

    root: int | None = None
    out_of_service: bool = False


ANNOUNCED = Placing()


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
        latched=row.latched,
        root=row.root_alarm_id,
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
    placing: Placing = ANNOUNCED,
) -> tuple[AlarmRow, bool]:
    """The alarm after RAISE or CLEAR at reading time `ts`, and whether that changed it.

    A change that was applied before (the same or an older `ts`) changes nothing. What is raised with a
    `placing` is set aside first, so that it is never announced. The caller holds the site.
    """
    row = session.scalar(select(AlarmRow).where(AlarmRow.equipment_id == equipment_id, AlarmRow.rule == rule))
    if row is None:
        equipment = session.get_one(EquipmentRow, equipment_id)
        row = AlarmRow(
            equipment=equipment,
            rule=rule,
            state=AlarmState.NORMAL.value,
            active=False,
            process_ts=-1,
            occurrences=0,
            latched=False,
            readings={},
            changed_at=ts,
        )
        row.severity, row.latching = int(facts.severity), facts.latching
        session.add(row)
        session.flush()
    if event is AlarmEvent.RAISE and not row.active:
        row.severity, row.latching = int(facts.severity), facts.latching
    before = to_domain(row)
    if advance(before, event, ts) is before:
        return row, False
    if event is AlarmEvent.RAISE:
        _place(session, row, placing, ts)
        row.readings = dict(readings)
        if _raised_since(session, row.id, ts - CHATTER_SPAN) >= CHATTER_RAISES - 1:
            row.chattered_ts = ts
    move(session, row, event, at=ts, by=PROCESS, readings=readings)
    return row, True


def _place(session: Session, row: AlarmRow, placing: Placing, ts: Nanos) -> None:
    if placing.root is not None:
        put_under(session, row, placing.root, ts)
    if placing.out_of_service and AlarmState(row.state) is not AlarmState.OUT_OF_SERVICE:
        move(session, row, AlarmEvent.REMOVE_FROM_SERVICE, at=ts, by=PROCESS, note="in maintenance")


def _raised_since(session: Session, alarm_id: int, since: Nanos) -> int:
    """How often the alarm was raised from then on, up to what makes it chatter."""
    newest = (
        select(AlarmEventRow.at)
        .where(AlarmEventRow.alarm_id == alarm_id, AlarmEventRow.event == AlarmEvent.RAISE.value)
        .order_by(AlarmEventRow.id.desc())
        .limit(CHATTER_RAISES - 1)
    )
    return sum(at >= since for at in session.scalars(newest))


def move(
    session: Session,
    row: AlarmRow,
    event: AlarmEvent,
    *,
    at: Nanos,
    by: str,
    note: str = "",
    until: Nanos | None = None,
    root: int | None = None,
    readings: Mapping[str, float] | None = None,
) -> bool:
    """Whether `event` changed the alarm; if so, its history says it.

    Raises: TransitionError.
    """
    before = to_domain(row)
    after = advance(before, event, at, until=until, root=root)
    if after == before:
        return False
    _write(session, row, after, event, at=at, by=by, note=note, readings=readings or {})
    return True


def put_under(session: Session, row: AlarmRow, root: int, at: Nanos) -> bool:
    """Whether the alarm, at `at`, came under a root that it was not under before."""
    note = f"follows from alarm {root}"
    return move(session, row, AlarmEvent.SUPPRESS, at=at, by=PROCESS, note=note, root=root)


def set_free(session: Session, row: AlarmRow, at: Nanos) -> None:
    """Let the alarm, at `at`, stand without its root, which explains it no more."""
    note = f"alarm {row.root_alarm_id} explains it no more"
    move(session, row, AlarmEvent.UNSUPPRESS, at=at, by=PROCESS, note=note)


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
    hold(session, [alarm_id])
    row = session.get(AlarmRow, alarm_id, populate_existing=True)
    if row is None:
        raise NotFoundError(f"no alarm {alarm_id}")
    if event is AlarmEvent.SHELVE and not shelvable:
        raise ConflictError("an alarm of this rule is never shelved")
    move(session, row, event, at=now, by=by, note=note, until=until)
    if event is AlarmEvent.ACKNOWLEDGE:
        row.acknowledged_by = by
        session.flush()
    return row


def unshelve_expired(session: Session, now: Nanos) -> int:
    """How many shelved alarms came back because their time was up."""
    expired = query().where(AlarmRow.state == AlarmState.SHELVED.value, AlarmRow.shelved_until <= now)
    rows = held(session, expired)
    for row in rows:
        move(session, row, AlarmEvent.UNSHELVE, at=now, by=PROCESS, note="time is up")
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
    row.latched, row.root_alarm_id = after.latched, after.root
    if after.acknowledged_at is None:
        row.acknowledged_by = None
    session.flush()


def is_announced(row: AlarmRow) -> bool:
    """Whether people are told of it: not shelved, suppressed or out of service."""
    return AlarmState(row.state) not in ASIDE


def query() -> Select[AlarmRow]:
    """Every alarm with its equipment, to be filtered, sorted and paged."""
    return select(AlarmRow).join(AlarmRow.equipment)


def chatters(now: Nanos) -> ColumnElement[bool]:
    """The condition that an alarm is chattering."""
    return func.coalesce(AlarmRow.chattered_ts >= now - CHATTER_SHOWN, false())


def is_stale(now: Nanos) -> ColumnElement[bool]:
    """The condition that an alarm has stood for too long."""
    stands = AlarmRow.state.in_([state.value for state in STANDING])
    return and_(stands, func.coalesce(AlarmRow.raised_ts < now - STALE_AFTER, false()))


def hold(session: Session, alarm_ids: Collection[int]) -> None:
    """Hold the sites of these alarms, all at once: whoever acts on several calls this first."""
    sites = query().where(AlarmRow.id.in_(alarm_ids)).with_only_columns(EquipmentRow.site).distinct()
    locks.hold_sites(session, session.scalars(sites))


def held(session: Session, rows: Select[AlarmRow]) -> list[AlarmRow]:
    """The alarms of the query by id, as they are while this transaction holds their sites."""
    sites = session.scalars(rows.with_only_columns(EquipmentRow.site).distinct()).all()
    if not sites:
        return []
    locks.hold_sites(session, sites)
    # one that came to be meanwhile on another site waits for the next time
    mine = rows.where(EquipmentRow.site.in_(sites)).order_by(AlarmRow.id)
    return list(session.scalars(mine.execution_options(populate_existing=True)))


def explained_by(session: Session, alarm_id: int) -> list[AlarmRow]:
    """The alarms that have this one for their root, the first raised first."""
    rows = query().where(AlarmRow.root_alarm_id == alarm_id).order_by(AlarmRow.raised_ts, AlarmRow.id)
    return list(session.scalars(rows))


def explained_counts(session: Session, alarm_ids: Collection[int]) -> dict[int, int]:
    """Of these alarms, those that explain others -> how many."""
    rows = session.execute(
        select(AlarmRow.root_alarm_id, func.count())
        .where(AlarmRow.root_alarm_id.in_(alarm_ids))
        .group_by(AlarmRow.root_alarm_id)
    )
    return {root: count for root, count in rows if root is not None}


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

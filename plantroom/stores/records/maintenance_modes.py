"""Maintenance modes: equipment and spaces whose alarms are out of service while somebody works there."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from plantroom.alarms import AlarmEvent, AlarmState, Severity
from plantroom.errors import ConflictError, NotFoundError
from plantroom.stores.records import alarms, locks
from plantroom.stores.records import property as properties
from plantroom.stores.records.tables import AlarmRow, EquipmentRow, MaintenanceModeRow, SpaceRow
from plantroom.times import DAY, Nanos

LONGEST_MODE: Nanos = 30 * DAY
"""What lasts longer is a matter of retiring the equipment (practice)."""
Exempt = Callable[[EquipmentRow], bool]
"""Whether an equipment's alarms stay in service whatever happens."""


def begin(
    session: Session,
    *,
    site: str,
    until: Nanos,
    reason: str,
    by: str,
    now: Nanos,
    equipment: str | None = None,
    space: str | None = None,
    exempt: Exempt = lambda _row: False,
) -> MaintenanceModeRow:
    """The mode that runs from now on; the alarms that it covers are out of service.

    On equipment it covers its parts too, on a space the spaces inside it. Alarms of life safety, and those
    of equipment that is `exempt`, stay in service.
    Raises: NotFoundError; ConflictError for a time or reason that will not do, and where one runs already.
    """
    _check(reason, until, now)
    if (equipment is None) == (space is None):
        raise ConflictError("a maintenance mode is of either equipment or a space")
    properties.get_site(session, site)
    locks.hold_sites(session, [site])
    item = None if equipment is None else properties.get_equipment(session, site, equipment)
    if item is not None and item.retired_at is not None:
        raise ConflictError(f"{site}/{equipment} is retired")
    if space is not None and session.get(SpaceRow, (site, space)) is None:
        raise NotFoundError(f"no space {site}/{space}")
    equipment_id = None if item is None else item.id
    _refuse_second(session, site, equipment_id, space)
    mode = MaintenanceModeRow(
        site=site,
        equipment_id=equipment_id,
        equipment=item,
        space=space,
        reason=reason.strip(),
        by=by,
        started_at=now,
        until=until,
    )
    session.add(mode)
    session.flush()
    _take_out(session, _covered_by(session, mode), exempt, by=by, now=now, note=mode.reason)
    return mode


def _check(reason: str, until: Nanos, now: Nanos) -> None:
    if not reason.strip():
        raise ConflictError("maintenance mode needs a reason")
    if not now < until <= now + LONGEST_MODE:
        raise ConflictError("maintenance mode needs an end in the future, at most 30 d from now")


def _refuse_second(session: Session, site: str, equipment_id: int | None, space: str | None) -> None:
    running = query(running=True).where(
        MaintenanceModeRow.site == site,
        MaintenanceModeRow.equipment_id == equipment_id
        if equipment_id is not None
        else MaintenanceModeRow.space == space,
    )
    other = session.scalars(running).first()
    if other is not None:
        raise ConflictError(f"maintenance mode {other.id} runs there already; end it first")


def end(session: Session, mode_id: int, *, by: str, now: Nanos) -> MaintenanceModeRow:
    """The mode, ended; its alarms go to where the process and the design put them.

    Raises: NotFoundError; ConflictError where it had ended before.
    """
    mode = get(session, mode_id)
    if mode.ended_at is not None:
        raise ConflictError(f"maintenance mode {mode_id} has ended")
    mode.ended_at, mode.ended_by = now, by
    session.flush()
    return_alarms(session, by=by, now=now)
    return mode


def end_expired(session: Session, now: Nanos) -> int:
    """How many modes ended because their time was up; `return_alarms` brings back what they covered."""
    expired = query(running=True).where(MaintenanceModeRow.until <= now).order_by(MaintenanceModeRow.id)
    # one that somebody ends at this moment needs no second end
    modes = session.scalars(expired.with_for_update(of=MaintenanceModeRow, skip_locked=True)).all()
    for mode in modes:
        mode.ended_at, mode.ended_by = now, alarms.PROCESS
    session.flush()
    return len(modes)


def return_alarms(session: Session, *, by: str, now: Nanos) -> int:
    """How many alarms came back into service because no mode covers them any more."""
    out = alarms.query().where(AlarmRow.state == AlarmState.OUT_OF_SERVICE.value)
    rows = alarms.held(session, out)
    covered = covered_equipment(session) if rows else {}
    back = [row for row in rows if row.equipment_id not in covered]
    for row in back:
        note = "maintenance has ended"
        alarms.move(session, row, AlarmEvent.RETURN_TO_SERVICE, at=now, by=by, note=note)
    return len(back)


def covered_equipment(session: Session) -> dict[int, MaintenanceModeRow]:
    """Id of each equipment that a running mode covers -> that mode, of several the one that lasts longest."""
    found: dict[int, MaintenanceModeRow] = {}
    for mode in session.scalars(
        query(running=True).order_by(MaintenanceModeRow.until, MaintenanceModeRow.id)
    ):
        found.update(dict.fromkeys(_covered_by(session, mode), mode))
    return found


def _covered_by(session: Session, mode: MaintenanceModeRow) -> set[int]:
    rows = list(session.scalars(select(EquipmentRow).where(EquipmentRow.site == mode.site)))
    if mode.space is not None:
        spaces = properties.load_spaces(session, mode.site)
        inside = _below(mode.space, {space.key: space.parent for space in spaces})
        return {row.id for row in rows if row.space in inside}
    whole = next(row.key for row in rows if row.id == mode.equipment_id)
    parts = _below(whole, {row.key: row.parent for row in rows if row.retired_at is None})
    return {row.id for row in rows if row.key in parts}


def _below(top: str, above: dict[str, str | None]) -> set[str]:
    found = {top}
    while more := {key for key, parent in above.items() if parent in found} - found:
        found |= more
    return found


def _take_out(
    session: Session, equipment_ids: Collection[int], exempt: Exempt, *, by: str, now: Nanos, note: str
) -> None:
    rows = alarms.query().where(
        AlarmRow.equipment_id.in_(equipment_ids),
        AlarmRow.severity < int(Severity.EMERGENCY),
        AlarmRow.state.not_in([AlarmState.NORMAL.value, AlarmState.OUT_OF_SERVICE.value]),
    )
    for row in session.scalars(rows.order_by(AlarmRow.id)).all():
        if not exempt(row.equipment):
            alarms.move(session, row, AlarmEvent.REMOVE_FROM_SERVICE, at=now, by=by, note=note)


def get(session: Session, mode_id: int) -> MaintenanceModeRow:
    """The mode, locked for the rest of the transaction where the database can.

    Raises: NotFoundError.
    """
    row = session.get(MaintenanceModeRow, mode_id, with_for_update={"of": MaintenanceModeRow})
    if row is None:
        raise NotFoundError(f"no maintenance mode {mode_id}")
    return row


def query(*, running: bool | None = None) -> Select[MaintenanceModeRow]:
    """Every mode, or only those that run or have ended, to be filtered, sorted and paged."""
    rows = select(MaintenanceModeRow)
    if running is None:
        return rows
    ended = MaintenanceModeRow.ended_at.is_not(None)
    return rows.where(~ended if running else ended)

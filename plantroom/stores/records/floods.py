"""Floods of alarms, by site: each has its beginning and the end that it has so far."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from plantroom.alarm_load import FLOOD_SPAN, Surge, follow_surge
from plantroom.alarms import AlarmEvent, AlarmState
from plantroom.stores.records.tables import AlarmEventRow, AlarmRow, EquipmentRow, FloodRow
from plantroom.times import Nanos

_ANNOUNCING = (AlarmEvent.RAISE.value, AlarmEvent.UNSUPPRESS.value)


def note_raise(session: Session, site: str, ts: Nanos) -> FloodRow | None:
    """The flood that an alarm announced at `ts` belongs to; None where there is none.

    To be called once for each, after its history has it.
    """
    recent = list(session.scalars(_announced(site, ts)))
    last = session.scalar(
        select(FloodRow).where(FloodRow.site == site).order_by(FloodRow.started_ts.desc()).limit(1)
    )
    before = None if last is None else Surge(last.started_ts, last.ends_ts, last.raises, last.peak)
    after = follow_surge(before, recent) if recent else None
    if after is None:
        return None
    if last is None or after.started_ts != last.started_ts:
        last = FloodRow(site=site, started_ts=after.started_ts)
        session.add(last)
    last.ends_ts, last.raises, last.peak = after.ends_ts, after.raises, after.peak
    session.flush()
    return last


def _announced(site: str, ts: Nanos) -> Select[Nanos]:
    return (
        select(AlarmEventRow.at)
        .join(AlarmRow, AlarmRow.id == AlarmEventRow.alarm_id)
        .join(EquipmentRow, EquipmentRow.id == AlarmRow.equipment_id)
        .where(
            EquipmentRow.site == site,
            AlarmEventRow.at > ts - FLOOD_SPAN,
            AlarmEventRow.at <= ts,
            AlarmEventRow.event.in_(_ANNOUNCING),
            AlarmEventRow.to_state == AlarmState.UNACKNOWLEDGED.value,
        )
        .order_by(AlarmEventRow.at)
    )


def query() -> Select[FloodRow]:
    """Every flood, to be filtered, sorted and paged."""
    return select(FloodRow)


def running(session: Session, now: Nanos) -> list[FloodRow]:
    """The floods that run at `now`, by site."""
    rows = query().where(FloodRow.started_ts <= now, FloodRow.ends_ts > now)
    return list(session.scalars(rows.order_by(FloodRow.site)))

"""What alarms went through in a period, for the figures of `plantroom.alarm_figures`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from plantroom.alarm_figures import AlarmFigures, measure
from plantroom.alarm_patterns import EVENTS, OTHER_EVENT, STATES, AlarmLog, Period
from plantroom.alarm_targets import Band, band_of
from plantroom.alarms import STANDING, AlarmEvent, AlarmState, Severity
from plantroom.catalogue import Catalogue
from plantroom.errors import ConflictError
from plantroom.model import Criticality, PointTable
from plantroom.stores.records.alarms import query
from plantroom.stores.records.tables import AlarmEventRow, AlarmRow, EquipmentRow
from plantroom.times import Nanos

MAX_CHANGES = 1_000_000
"""More changes than this are not read at once."""
_STANDING = [state.value for state in STANDING]
_NORMAL = STATES[AlarmState.NORMAL]
_RAISE = EVENTS[AlarmEvent.RAISE]
Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])
Row = tuple[int, int, int, int, int]


def load_log(
    session: Session, start: Nanos, end: Nanos, site: str | None = None, *, limit: int = MAX_CHANGES
) -> AlarmLog:
    """Every change from `start` up to `end` at one site or at all, and what stood when it began.

    Raises: ConflictError for more changes than `limit`.
    """
    inside = (AlarmEventRow.at >= start, AlarmEventRow.at < end)
    some = _at_site(select(AlarmEventRow.id).where(*inside), site).limit(limit + 1)
    if (session.scalar(select(func.count()).select_from(some.subquery())) or 0) > limit:
        raise ConflictError(f"the period has more than {limit:,} changes of alarms; take a shorter one")
    changes = _at_site(
        select(
            AlarmEventRow.alarm_id,
            AlarmEventRow.at,
            AlarmEventRow.event,
            AlarmEventRow.from_state,
            AlarmEventRow.to_state,
        ).where(*inside),
        site,
    ).order_by(AlarmEventRow.id)
    rows = _standing_at(session, start, site)
    rows.extend(
        (alarm, at, EVENTS.get(event, OTHER_EVENT), STATES[before], STATES[after])
        for alarm, at, event, before, after in session.execute(changes)
    )
    return AlarmLog.of(rows)


def load_figures(
    session: Session, table: PointTable, catalogue: Catalogue, period: Period, site: str | None = None
) -> AlarmFigures:
    """The figures of the part of the period in which anything was watched.

    Raises: ConflictError for a period with too many changes.
    """
    since = known_since(session, site)
    start = period.end if since is None else min(max(period.start, since), period.end)
    return measure(
        load_log(session, start, period.end, site),
        replace(period, start=start),
        load_bands(session, site),
        configured_bands(table, catalogue, site),
    )


def load_alarms(session: Session, ids: Iterable[int]) -> dict[int, AlarmRow]:
    """The alarms of these ids, with their equipment."""
    wanted = sorted(set(ids))
    return {row.id: row for row in session.scalars(query().where(AlarmRow.id.in_(wanted)))}


def _standing_at(session: Session, start: Nanos, site: str | None) -> list[Row]:
    """A row for each alarm that stood at `start`, with when it began to or was last raised."""
    change = aliased(AlarmEventRow)
    before, stood = change.at < start, change.to_state.in_(_STANDING)
    anew = change.from_state.not_in(_STANDING) | (change.event == AlarmEvent.RAISE.value)
    last = session.execute(_newest(change, before, site))
    states = {alarm: state for alarm, _, state in last if state in _STANDING}
    begun = session.execute(_newest(change, before & stood & anew, site))
    return [(alarm, at, _RAISE, _NORMAL, STATES[states[alarm]]) for alarm, at, _ in begun if alarm in states]


def _newest(
    change: type[AlarmEventRow], condition: ColumnElement[bool], site: str | None
) -> Select[int, int, str]:
    """Id, time and state after it of each alarm's newest change of this kind."""
    # backwards from each alarm's last change: its whole history may be long
    newest = (
        select(change.id)
        .where(change.alarm_id == AlarmRow.id, condition)
        .order_by(change.id.desc())
        .limit(1)
        .correlate(AlarmRow)
        .scalar_subquery()
    )
    query = (
        select(AlarmRow.id, AlarmEventRow.at, AlarmEventRow.to_state)
        .join_from(AlarmRow, AlarmEventRow, AlarmEventRow.id == newest)
        .order_by(AlarmRow.id)
    )
    return _at_site(query, site)


def _at_site(changes: Query, site: str | None) -> Query:
    if site is None:
        return changes
    alarms = select(AlarmRow.id).join(AlarmRow.equipment).where(EquipmentRow.site == site)
    return changes.where(AlarmEventRow.alarm_id.in_(alarms))


def load_bands(session: Session, site: str | None = None) -> dict[int, Band]:
    """Alarm id -> its priority, from the severity that it was raised with last."""
    found = select(AlarmRow.id, AlarmRow.severity, EquipmentRow.criticality).join(AlarmRow.equipment)
    if site is not None:
        found = found.where(EquipmentRow.site == site)
    return {
        alarm: band_of(Severity(severity), Criticality(criticality))
        for alarm, severity, criticality in session.execute(found)
    }


def known_since(session: Session, site: str | None = None) -> Nanos | None:
    """Since when anything of the site, or of all, has been watched; None for nothing."""
    first = select(func.min(EquipmentRow.commissioned_at))
    if site is not None:
        first = first.where(EquipmentRow.site == site)
    return session.scalar(first)


def configured_bands(table: PointTable, catalogue: Catalogue, site: str | None = None) -> Mapping[Band, int]:
    """How many rules are in force at each priority, each counted for each equipment in service."""
    found: Counter[Band] = Counter()
    for item in table.equipment:
        if item.retired_at is not None or (site is not None and item.site != site):
            continue
        for rule in catalogue[item.equipment_class].rules:
            override = item.rule_overrides.get(rule.key)
            if override is not None and not override.enabled:
                continue
            changed = None if override is None else override.severity
            found[band_of(rule.severity if changed is None else changed, item.criticality)] += 1
    return found

"""Alarms as the console shows them: rows of the list, the filters' query, and one alarm's details."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from api.console.i18n import Translator
from api.console.views.alarm_groups import (
    NOTHING_MORE,
    Extras,
    explains_others,
    load_extras,
    record_text,
    rule_text,
    word_text,
)
from api.console.views.filters import PAGE, Filters, classes_of, matches, severity_of
from api.console.views.forecasts import named
from api.console.views.live import points_of, readings_list, readings_text
from api.console.views.standing import STANDING_STATES, UNACKNOWLEDGED_STATES
from plantroom.alarms import ASIDE, UNACKNOWLEDGED, AlarmEvent, AlarmState, Severity, allowed_events
from plantroom.catalogue import Catalogue, FaultRule
from plantroom.forecasts import Forecast, forecasts
from plantroom.model import Point, PointTable, Text
from plantroom.service_levels import ServiceLevels
from plantroom.stores.records import alarms, work_orders
from plantroom.stores.records.paging import Page, page_or_first
from plantroom.stores.records.tables import AlarmEventRow, AlarmRow, EquipmentRow
from plantroom.times import Nanos
from plantroom.work_orders import Role

STATES: Mapping[str, tuple[str, ...]] = {
    "standing": tuple(STANDING_STATES),
    "unacknowledged": tuple(UNACKNOWLEDGED_STATES),
    "acknowledged": (AlarmState.ACKNOWLEDGED.value, AlarmState.LATCHED_ACKNOWLEDGED.value),
    "shelved": (AlarmState.SHELVED.value,),
    "aside": tuple(sorted(state.value for state in ASIDE)),
    "normal": (AlarmState.NORMAL.value,),
    "all": (),
}
SORTS: Mapping[str, tuple[InstrumentedAttribute[Any], bool]] = {
    "severity": (AlarmRow.severity, True),
    "newest": (AlarmRow.raised_ts, True),
    "oldest": (AlarmRow.raised_ts, False),
    "occurrences": (AlarmRow.occurrences, True),
}
FLAGS: Mapping[str, Callable[[Nanos], ColumnElement[bool]]] = {
    "root": lambda _now: explains_others(),
    "chattering": alarms.chatters,
    "stale": alarms.is_stale,
}
"""Conditions by their word in the address."""
EVENT_ROLE: Mapping[AlarmEvent, Role] = {
    AlarmEvent.ACKNOWLEDGE: Role.TECHNICIAN,
    AlarmEvent.RESET: Role.ENGINEER,
    AlarmEvent.SHELVE: Role.ENGINEER,
    AlarmEvent.UNSHELVE: Role.ENGINEER,
}
"""What a person does to an alarm from the console, and the least role that may: the API's roles."""


@dataclass(frozen=True, slots=True)
class AlarmView:
    """One row of a list of alarms."""

    id: int
    site: str
    equipment: str
    equipment_id: int
    equipment_name: str
    location: str
    rule: str
    rule_name: str
    severity: Severity
    state: AlarmState
    active: bool
    raised_ts: Nanos | None
    cleared_ts: Nanos | None
    occurrences: int
    readings: str
    forecasts: tuple[tuple[str, Forecast], ...]
    """What reaches its limit, by name, as it was when the alarm was raised."""
    acknowledged_by: str
    shelved_until: Nanos | None
    events: tuple[AlarmEvent, ...]
    """What the visitor may do to it now."""
    extras: Extras = NOTHING_MORE

    @property
    def unacknowledged(self) -> bool:
        """Whether it waits for somebody."""
        return self.state in UNACKNOWLEDGED


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One change of an alarm."""

    at: Nanos
    event: AlarmEvent
    to_state: AlarmState
    by: str
    note: str
    readings: str


@dataclass(frozen=True, slots=True)
class AlarmDetail:
    """An alarm with what is known about it."""

    view: AlarmView
    cause: str
    consequence: str
    remedy: str
    condition: str
    source: str
    feedback: str
    """What people said of its present or last occurrence."""
    record: str
    """How often people found its rule right."""
    order: int | None
    """The order opened last for this fault."""
    readings: tuple[tuple[str, str], ...]
    history: tuple[HistoryLine, ...]


@dataclass(frozen=True, slots=True)
class Lens:
    """What turns rows into what a visitor reads."""

    t: Translator
    table: PointTable
    catalogue: Catalogue
    role: Role
    now: Nanos = 0
    levels: ServiceLevels = field(default_factory=ServiceLevels)


def rule_of(catalogue: Catalogue, class_key: str, rule: str) -> FaultRule | None:
    """The rule as the catalogue has it now; None for one that is gone."""
    return catalogue[class_key].rule(rule) if class_key in catalogue else None


def shelvable(catalogue: Catalogue, row: AlarmRow) -> bool:
    """Whether the alarm's rule lets people shelve it; one whose rule is gone may be."""
    rule = rule_of(catalogue, row.equipment.equipment_class, row.rule)
    return True if rule is None else rule.shelvable


def alarm_views(session: Session, lens: Lens, rows: Sequence[AlarmRow]) -> list[AlarmView]:
    """The rows as the list shows them, with what belongs to them."""
    extras = load_extras(session, lens.t, lens.catalogue, rows, lens.now)
    return [alarm_view(lens, row, extras[row.id]) for row in rows]


def alarm_view(lens: Lens, row: AlarmRow, extras: Extras = NOTHING_MORE) -> AlarmView:
    """The row as the list shows it."""
    item = row.equipment
    points = _points(lens, item)
    names = {key: point.name for key, point in points.items()}
    return AlarmView(
        id=row.id,
        site=item.site,
        equipment=item.key,
        equipment_id=item.id,
        equipment_name=lens.t.text(Text(item.name_en, item.name_zh)),
        location=item.location,
        rule=row.rule,
        rule_name=lens.t.text(rule_text(lens.catalogue, row)),
        severity=Severity(row.severity),
        state=AlarmState(row.state),
        active=row.active,
        raised_ts=row.raised_ts,
        cleared_ts=row.cleared_ts,
        occurrences=row.occurrences,
        readings=readings_text(lens.t, points, row.readings),
        forecasts=named(lens.t, names, forecasts(row.readings, row.raised_ts)),
        acknowledged_by=row.acknowledged_by or "",
        shelved_until=row.shelved_until,
        events=events_for(lens, row),
        extras=extras,
    )


def events_for(lens: Lens, row: AlarmRow) -> tuple[AlarmEvent, ...]:
    """What the visitor may do to the alarm now."""
    return tuple(
        event
        for event in allowed_events(alarms.to_domain(row))
        if event in EVENT_ROLE
        and lens.role >= EVENT_ROLE[event]
        # a rule at rest has nothing to shelve
        and (
            event is not AlarmEvent.SHELVE
            or (row.state in STANDING_STATES and shelvable(lens.catalogue, row))
        )
    )


def _points(lens: Lens, item: EquipmentRow) -> Mapping[str, Point]:
    return {point.key: point for point in points_of(lens.table, item.site, item.key)}


def alarm_query(
    filters: Filters, catalogue: Catalogue, rules: Iterable[tuple[str, str]], now: Nanos
) -> Select[Any]:
    """The filters as a query; `rules` are the (class, rule) pairs whose names the text matches."""
    query: Select[Any] = alarms.query()
    states = STATES[filters.state or "standing"]
    if states:
        query = query.where(AlarmRow.state.in_(states))
    severity = severity_of(filters.severity)
    if severity is not None:
        query = query.where(AlarmRow.severity == int(severity))
    if filters.flag in FLAGS:
        query = query.where(FLAGS[filters.flag](now))
    if filters.site:
        query = query.where(EquipmentRow.site == filters.site)
    if filters.system:
        query = query.where(EquipmentRow.equipment_class.in_(classes_of(catalogue, filters.system)))
    if filters.q:
        query = query.where(_says(filters.q, rules))
    return query


def _says(text: str, rules: Iterable[tuple[str, str]]) -> ColumnElement[bool]:
    columns = (
        EquipmentRow.name_en,
        EquipmentRow.name_zh,
        EquipmentRow.key,
        EquipmentRow.location,
        AlarmRow.rule,
    )
    every = and_(
        *(or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in text.split())
    )
    by_rule = [and_(EquipmentRow.equipment_class == cls, AlarmRow.rule == rule) for cls, rule in rules]
    return or_(every, *by_rule) if by_rule else or_(every, false())


def rules_named(catalogue: Catalogue, text: str) -> list[tuple[str, str]]:
    """The (class, rule) pairs whose names in either language have the text; at most 200."""
    if not text:
        return []
    found = [
        (cls.key, rule.key) for cls in catalogue for rule in cls.rules if matches(text, texts=[rule.name])
    ]
    return found[:200]


def alarm_page(session: Session, lens: Lens, filters: Filters, limit: int = PAGE) -> Page[AlarmView]:
    """A page of the list; a cursor that is not of this list gives the first."""
    query = alarm_query(filters, lens.catalogue, rules_named(lens.catalogue, filters.q), lens.now)
    by, descending = SORTS[filters.sort or "severity"]
    found = page_or_first(
        session, query, by=by, key=AlarmRow.id, descending=descending, cursor=filters.cursor, limit=limit
    )
    return Page(alarm_views(session, lens, found.rows), found.next_cursor, found.total)


def alarm_detail(session: Session, lens: Lens, alarm_id: int) -> AlarmDetail:
    """The alarm with its history and its rule's texts.

    Raises: NotFoundError.
    """
    row = alarms.get(session, alarm_id)
    rule = rule_of(lens.catalogue, row.equipment.equipment_class, row.rule)
    points, t = _points(lens, row.equipment), lens.t
    return AlarmDetail(
        view=alarm_views(session, lens, [row])[0],
        cause=t.text(rule.cause) if rule else "",
        consequence=t.text(rule.consequence) if rule else "",
        remedy=t.text(rule.remedy) if rule else "",
        condition=rule.when if rule else "",
        source=rule.source if rule else "",
        feedback=word_text(session, t, row),
        record=record_text(session, t, row.equipment.equipment_class, row.rule),
        order=work_orders.newest_of_alarm(session, row.id),
        readings=tuple(readings_list(t, points, row.readings)),
        history=tuple(_history(t, points, event) for event in alarms.events_of(session, alarm_id)[:200]),
    )


def _history(t: Translator, points: Mapping[str, Point], event: AlarmEventRow) -> HistoryLine:
    return HistoryLine(
        at=event.at,
        event=AlarmEvent(event.event),
        to_state=AlarmState(event.to_state),
        by="" if event.by == alarms.PROCESS else event.by,
        note=event.note,
        readings=readings_text(t, points, event.readings),
    )

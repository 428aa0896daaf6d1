"""What goes in and out about alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from sqlalchemy.orm import Session

from api.filters import PlaceQuery
from api.wire import (
    Answer,
    Duration,
    Forecast,
    Instant,
    Key,
    Measured,
    Note,
    Request,
    SeverityWord,
    Time,
    Words,
    forecasts_of,
    measured,
)
from plantroom.alarm_load import is_chattering, is_stale
from plantroom.alarms import AlarmEvent, AlarmState, Judgement, Severity, allowed_events
from plantroom.catalogue import Catalogue, EquipmentClass, FaultRule
from plantroom.stores.records import alarms
from plantroom.stores.records.paging import MAX_PAGE
from plantroom.stores.records.tables import AlarmEventRow, AlarmRow, FeedbackRow
from plantroom.times import DAY, MINUTE, Nanos

LONGEST_SHELF: Nanos = 30 * DAY
SeverityName = Literal["emergency", "critical", "major", "minor", "advisory"]
MAX_EXPLAINED = 200
OFFERED = frozenset({AlarmEvent.ACKNOWLEDGE, AlarmEvent.RESET, AlarmEvent.SHELVE, AlarmEvent.UNSHELVE})
"""What people can do here; suppression and service are by design and come from elsewhere."""


class AlarmQuery(PlaceQuery):
    """Which alarms, and in which order."""

    state: Annotated[list[AlarmState], Field(default_factory=list, max_length=20)]
    standing: Annotated[
        bool | None, Field(description="true: those that an operator has to see now; false: the others.")
    ] = None
    severity: Annotated[list[SeverityName], Field(default_factory=list, max_length=20)]
    rule: Key | None = None
    root: Annotated[
        int | None, Field(ge=1, le=2**63 - 1, description="Id of an alarm: those that it explains.")
    ] = None
    chattering: Annotated[
        bool | None, Field(description="Raised 3 times or more within a minute, in the last hour.")
    ] = None
    stale: Annotated[bool | None, Field(description="Standing for more than 24 h.")] = None
    sort: Literal[
        "raised_at", "-raised_at", "severity", "-severity", "changed_at", "-changed_at", "id", "-id"
    ] = "-raised_at"

    def severities(self) -> list[int]:
        """The severities asked for, as stored."""
        return [int(Severity[name.upper()]) for name in self.severity]


class Alarm(Answer):
    """One fault rule on one equipment: its state now and its present or last occurrence."""

    id: int
    site: str
    equipment: str
    equipment_name: Words
    rule: str
    name: Words
    severity: SeverityWord
    state: AlarmState
    active: bool
    """Whether the fault is there now, whatever people did."""
    latching: bool
    occurrences: int
    raised_at: Time | None
    cleared_at: Time | None
    acknowledged_at: Time | None
    acknowledged_by: str | None
    shelved_until: Time | None
    changed_at: Time
    root: int | None
    """The active alarm that explains it; while it is suppressed, that one stands in its place."""
    explains: int
    """How many alarms it is the root of."""
    chattering: bool
    """Raised 3 times or more within a minute, in the last hour."""
    stale: bool
    """Standing for more than 24 h."""
    readings: list[Measured]
    """What the rule saw when it was raised last."""
    forecasts: list[Forecast]
    """Of a rule that looks ahead: when the limit is reached, as it was when it was raised last."""


class AlarmChange(Answer):
    """One line of an alarm's history."""

    id: int
    at: Time
    event: AlarmEvent
    from_state: AlarmState
    to_state: AlarmState
    by: str
    note: str
    readings: list[Measured]
    forecasts: list[Forecast]


class Explained(Answer):
    """An alarm that follows from another."""

    id: int
    site: str
    equipment: str
    equipment_name: Words
    rule: str
    name: Words
    severity: SeverityWord
    state: AlarmState
    active: bool
    raised_at: Time | None


class Feedback(Answer):
    """What somebody said of one occurrence of an alarm; the last word stands."""

    raised_at: Time | None
    judgement: Judgement
    note: str
    by: str
    at: Time


class AlarmDetail(Alarm):
    """An alarm with what its rule says, what can be done, and its newest history."""

    cause: Words | None
    consequence: Words | None
    remedy: Words | None
    when: str | None
    """The rule's condition."""
    allowed: list[AlarmEvent]
    work_order: int | None
    """The newest work order for this fault."""
    explained: list[Explained]
    """The alarms that it is the root of, the first raised first; at most 200, all under `/alarms?root=`."""
    feedback: Feedback | None
    """What was said of its present or last occurrence."""
    history: list[AlarmChange]
    """The newest first; all of it under `/alarms/{id}/history`."""


class NoteBody(Request):
    """Why."""

    note: Note = ""


class SeenBody(NoteBody):
    """Why, and where it is known already, what to think of the alarm."""

    judgement: Judgement | None = None


class FeedbackBody(NoteBody):
    """Whether there was a fault (`true`), none (`false`), or one that nobody had to know of (`nuisance`)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"judgement": "nuisance", "note": "the strainer was being cleaned"}]}
    )

    judgement: Judgement
    raised_at: Annotated[
        Instant | None, Field(description="Which occurrence; the present or last one if not given.")
    ] = None


class ShelveBody(Request):
    """For how long nobody is told of the alarm, and why: `until` a time or `for` a duration."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"for": "2 h", "reason": "seal is being replaced"}]}
    )

    until: Instant | None = None
    duration: Annotated[Duration | None, Field(alias="for")] = None
    reason: Annotated[Note, Field(min_length=1)]

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.until is None) == (self.duration is None):
            raise ValueError("give either until or for")
        if self.duration is not None and not MINUTE <= self.duration <= LONGEST_SHELF:
            raise ValueError("for must be from 1 min to 30 d")
        return self


class BulkBody(NoteBody):
    """Several alarms to acknowledge at once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [12, 15], "note": "on my way"}]})

    ids: Annotated[list[Annotated[int, Field(ge=1, le=2**63 - 1)]], Field(min_length=1, max_length=MAX_PAGE)]


class BulkOutcome(Answer):
    """What became of one of them."""

    id: int
    done: bool
    detail: str
    state: AlarmState | None


def alarm(row: AlarmRow, catalogue: Catalogue, now: Nanos, explains: int) -> Alarm:
    """The row, which is the root of so many, as it goes out."""
    return Alarm(**_fields(row, catalogue, now), explains=explains)


def list_of(session: Session, rows: Sequence[AlarmRow], catalogue: Catalogue, now: Nanos) -> list[Alarm]:
    """The rows as they go out."""
    counts = alarms.explained_counts(session, [row.id for row in rows])
    return [alarm(row, catalogue, now, counts.get(row.id, 0)) for row in rows]


@dataclass(frozen=True, slots=True)
class Around:
    """What belongs to an alarm besides its own row."""

    history: Sequence[AlarmEventRow]
    order: int | None
    explained: Sequence[AlarmRow]
    feedback: FeedbackRow | None


def detail(row: AlarmRow, catalogue: Catalogue, now: Nanos, around: Around) -> AlarmDetail:
    """The row with its rule and its history."""
    cls, rule = rule_of(row, catalogue)
    allowed = [event for event in allowed_events(alarms.to_domain(row)) if event in OFFERED]
    if rule is not None and not rule.shelvable:
        allowed = [event for event in allowed if event is not AlarmEvent.SHELVE]
    return AlarmDetail(
        **_fields(row, catalogue, now),
        explains=len(around.explained),
        cause=None if rule is None else Words.of(rule.cause),
        consequence=None if rule is None else Words.of(rule.consequence),
        remedy=None if rule is None else Words.of(rule.remedy),
        when=None if rule is None else rule.when,
        allowed=allowed,
        work_order=around.order,
        explained=[_explained(item, catalogue) for item in around.explained[:MAX_EXPLAINED]],
        feedback=None if around.feedback is None else said(around.feedback),
        history=[change(item, cls) for item in around.history],
    )


def said(row: FeedbackRow) -> Feedback:
    """What was said, as it goes out."""
    return Feedback(
        raised_at=row.raised_ts, judgement=Judgement(row.judgement), note=row.note, by=row.by, at=row.at
    )


def _explained(row: AlarmRow, catalogue: Catalogue) -> Explained:
    return Explained(
        **_names(row, catalogue),
        state=AlarmState(row.state),
        active=row.active,
        raised_at=row.raised_ts,
    )


def change(row: AlarmEventRow, cls: EquipmentClass | None) -> AlarmChange:
    """One line of history as it goes out."""
    return AlarmChange(
        id=row.id,
        at=row.at,
        event=AlarmEvent(row.event),
        from_state=AlarmState(row.from_state),
        to_state=AlarmState(row.to_state),
        by=row.by,
        note=row.note,
        readings=measured(row.readings, cls),
        forecasts=forecasts_of(row.readings, row.at),
    )


def rule_of(row: AlarmRow, catalogue: Catalogue) -> tuple[EquipmentClass | None, FaultRule | None]:
    """The class and the rule, where the catalogue still has them."""
    cls = catalogue.classes.get(row.equipment.equipment_class)
    return cls, None if cls is None else cls.rule(row.rule)


def _names(row: AlarmRow, catalogue: Catalogue) -> dict[str, Any]:
    _, rule = rule_of(row, catalogue)
    return {
        "id": row.id,
        "site": row.equipment.site,
        "equipment": row.equipment.key,
        "equipment_name": Words(en=row.equipment.name_en, zh=row.equipment.name_zh),
        "rule": row.rule,
        "name": Words(en=row.rule, zh=row.rule) if rule is None else Words.of(rule.name),
        "severity": Severity(row.severity),
    }


def _fields(row: AlarmRow, catalogue: Catalogue, now: Nanos) -> dict[str, Any]:
    cls, _ = rule_of(row, catalogue)
    return _names(row, catalogue) | {
        "state": AlarmState(row.state),
        "active": row.active,
        "latching": row.latching,
        "occurrences": row.occurrences,
        "raised_at": row.raised_ts,
        "cleared_at": row.cleared_ts,
        "acknowledged_at": row.acknowledged_at,
        "acknowledged_by": row.acknowledged_by,
        "shelved_until": row.shelved_until,
        "changed_at": row.changed_at,
        "root": row.root_alarm_id,
        "chattering": is_chattering(row.chattered_ts, now),
        "stale": is_stale(AlarmState(row.state), row.raised_ts, now),
        "readings": measured(row.readings, cls),
        "forecasts": forecasts_of(row.readings, row.raised_ts),
    }

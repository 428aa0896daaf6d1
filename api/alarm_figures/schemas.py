"""What goes in and out about the alarm system's figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from api.wire import Answer, Instant, Key, Request, Time, Words
from plantroom.alarm_figures import STEPS, AlarmFigures, Figure, Share
from plantroom.alarm_patterns import Chatter, Flood, Offender
from plantroom.alarm_targets import REPRESENTATIVE, TARGETS, Band, FigureKey, Rating
from plantroom.catalogue import Catalogue
from plantroom.stores.records.tables import AlarmRow
from plantroom.times import DAY, SECOND, Nanos

DEFAULT_SPAN: Nanos = 30 * DAY
LONGEST_SPAN: Nanos = 366 * DAY
MAX_OPERATORS = 100
MAX_STALE = 200
TIMES = frozenset({FigureKey.ACKNOWLEDGE_MEDIAN, FigureKey.ACKNOWLEDGE_MOST})
"""Figures that are times: they go out in seconds."""


class FiguresQuery(Request):
    """Which period and site, and how many operators share the alarms."""

    site: Annotated[Key | None, Field(description="Without it, all sites together.")] = None
    start: Annotated[
        Instant | None, Field(alias="from", description="Included; without it 30 d before `to`.")
    ] = None
    end: Annotated[Instant | None, Field(alias="to", description="Not included; without it, now.")] = None
    operators: Annotated[
        int | None, Field(ge=1, le=MAX_OPERATORS, description="Without it, the setting's.")
    ] = None

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError("from must lie before to")
        return self


class FigureOut(Answer):
    """One figure beside its target."""

    key: FigureKey
    value: float | None
    """Alarms per operator, a share of 1, a number of alarms, or seconds to acknowledge."""
    target: float | None
    """The most that it should be; null where the standard names none."""
    manageable: float | None
    """The most that can be managed, where the standard names it besides."""
    below: bool
    """Whether it must stay below the target, not at it."""
    rating: Rating


class AlarmName(Answer):
    """Which alarm: a rule on an equipment."""

    alarm: int
    site: str
    equipment: str
    equipment_name: Words
    rule: str
    name: Words


class FrequentAlarm(AlarmName):
    """One of the ten most frequent."""

    count: int
    share: float


class ChatteringAlarm(AlarmName):
    """One that came three times or more within a minute."""

    times: int
    last_at: Time


class StaleAlarm(AlarmName):
    """One that has been standing for more than 24 h at the period's end."""

    since: Time


class FloodOut(Answer):
    """More than 10 alarms per operator in 10 min, until fewer than 5."""

    start: Time
    end: Time | None
    """Null while it lasted at the period's end."""
    count: int
    peak: int
    """The most in any 10 min."""


class DayOut(Answer):
    """One day in the zone; the first and the last may be cut by the period."""

    day: date
    announced: int
    stale: int


class ClassOut(Answer):
    """How many 10-min periods had so many alarms per operator."""

    most: int | None
    """Up to so many, and more than the class before; null for the last."""
    periods: int


class PriorityOut(Answer):
    """A priority's share of the alarms raised and of the rules configured."""

    priority: Band
    target: float
    raised: int
    raised_share: float | None
    raised_rating: Rating
    configured: int
    configured_share: float | None
    configured_rating: Rating


class FiguresOut(Answer):
    """The alarm system's figures over a period. Source: ISA-18.2, EEMUA 191."""

    start: Time
    """Where the period begins, at the earliest when the first equipment was watched."""
    end: Time
    zone: str
    operators: int
    representative: bool
    """Whether the period has the 30 d that the standard's figures are meant for."""
    announced: int
    """Alarms that people were told of: not those raised shelved, suppressed or out of service."""
    waiting: int
    """Alarms that nobody had acknowledged at the end."""
    figures: list[FigureOut]
    distribution: list[ClassOut]
    floods: list[FloodOut]
    top: list[FrequentAlarm]
    chattering: list[ChatteringAlarm]
    stale: list[StaleAlarm]
    """The longest first, at most 200."""
    days: list[DayOut]
    priorities: list[PriorityOut]


def figures_out(found: AlarmFigures, rows: Mapping[int, AlarmRow], catalogue: Catalogue) -> FiguresOut:
    """The figures as they go out; `rows` are the alarms that they name."""
    period = found.period
    return FiguresOut(
        start=period.start,
        end=period.end,
        zone=period.zone.key,
        operators=period.operators,
        representative=period.span >= REPRESENTATIVE,
        announced=found.announced,
        waiting=found.waiting,
        figures=[_figure(figure) for figure in found.figures],
        distribution=[
            ClassOut(most=most, periods=periods)
            for most, periods in zip((*STEPS, None), found.distribution, strict=True)
        ],
        floods=[_flood(flood) for flood in found.floods],
        top=[_frequent(item, rows[item.alarm], catalogue) for item in found.top],
        chattering=[_chattering(item, rows[item.alarm], catalogue) for item in found.chattering],
        stale=[
            StaleAlarm(since=since, **_name(rows[alarm], catalogue))
            for alarm, since in found.stale[:MAX_STALE]
        ],
        days=[DayOut(day=day.day, announced=day.announced, stale=day.stale) for day in found.days],
        priorities=[_priority(share) for share in found.shares],
    )


def named_in(found: AlarmFigures) -> set[int]:
    """The ids of the alarms that the figures name."""
    stale = {alarm for alarm, _ in found.stale[:MAX_STALE]}
    return stale | {item.alarm for item in found.top} | {item.alarm for item in found.chattering}


def _figure(figure: Figure) -> FigureOut:
    target, value = TARGETS.get(figure.key), figure.value
    if value is not None and figure.key in TIMES:
        value /= SECOND
    return FigureOut(
        key=figure.key,
        value=value,
        target=None if target is None else target.most,
        manageable=None if target is None else target.manageable,
        below=target is not None and target.below,
        rating=figure.rating,
    )


def _flood(flood: Flood) -> FloodOut:
    return FloodOut(start=flood.start, end=flood.end, count=flood.count, peak=flood.peak)


def _frequent(item: Offender, row: AlarmRow, catalogue: Catalogue) -> FrequentAlarm:
    return FrequentAlarm(count=item.count, share=item.share, **_name(row, catalogue))


def _chattering(item: Chatter, row: AlarmRow, catalogue: Catalogue) -> ChatteringAlarm:
    return ChatteringAlarm(times=item.times, last_at=item.last, **_name(row, catalogue))


def _priority(share: Share) -> PriorityOut:
    return PriorityOut(
        priority=share.band,
        target=share.target,
        raised=share.raised,
        raised_share=share.raised_share,
        raised_rating=share.raised_rating,
        configured=share.configured,
        configured_share=share.configured_share,
        configured_rating=share.configured_rating,
    )


def _name(row: AlarmRow, catalogue: Catalogue) -> dict[str, object]:
    cls = catalogue.classes.get(row.equipment.equipment_class)
    rule = None if cls is None else cls.rule(row.rule)
    return {
        "alarm": row.id,
        "site": row.equipment.site,
        "equipment": row.equipment.key,
        "equipment_name": Words(en=row.equipment.name_en, zh=row.equipment.name_zh),
        "rule": row.rule,
        "name": Words(en=row.rule, zh=row.rule) if rule is None else Words.of(rule.name),
    }

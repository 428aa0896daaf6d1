"""How an alarm system does: rates, floods, offenders, chattering and stale alarms, priorities, answers.

Everything is worked out from the changes of alarms in a period; nothing here reads a clock or a database.
An alarm is announced when it comes to stand unacknowledged: raised, raised again, or back from being set
aside with its fault there. What is raised while shelved, suppressed or out of service is not announced.
Source: ISA-18.2-2016 clause 16 (IEC 62682), EEMUA 191.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from plantroom.alarm_load import FLOOD_OVER, FLOOD_SPAN, STALE_AFTER
from plantroom.alarm_patterns import (
    EVENTS,
    STATES,
    AlarmLog,
    Chatter,
    Flood,
    Offender,
    Period,
    Spells,
    find_chattering,
    find_floods,
    find_spells,
    find_top,
)
from plantroom.alarm_targets import (
    SHARES,
    SHARES_NEED,
    TOP_TEN_NEEDS,
    Band,
    FigureKey,
    Rating,
    judge,
    judge_share,
)
from plantroom.alarms import STANDING, UNACKNOWLEDGED, AlarmEvent, AlarmState
from plantroom.readings import Int64s
from plantroom.times import DAY, HOUR, Nanos, from_datetime, to_datetime

MOST_IN_AN_HOUR = 30
STEPS = (0, 1, 2, 5, 10)
"""Upper ends of the classes of 10-min periods by their alarms per operator; the last class has no end."""
Distribution: TypeAlias = tuple[int, ...]
_UNACKNOWLEDGED = STATES[AlarmState.UNACKNOWLEDGED]
_ACKNOWLEDGE = EVENTS[AlarmEvent.ACKNOWLEDGE]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure and how it compares. Units: per operator; shares of 1; times to acknowledge in ns."""

    key: FigureKey
    value: float | None
    rating: Rating


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the zone; the first and the last may be cut by the period."""

    day: date
    start: Nanos
    announced: int
    stale: int
    """Alarms that had been standing for more than 24 h at some moment of it."""


@dataclass(frozen=True, slots=True)
class Share:
    """A priority's part of the alarms raised and of the alarms configured."""

    band: Band
    target: float
    raised: int
    raised_share: float | None
    raised_rating: Rating
    configured: int
    configured_share: float | None
    configured_rating: Rating


@dataclass(frozen=True, slots=True)
class AlarmFigures:
    """All figures of a period."""

    period: Period
    announced: int
    figures: tuple[Figure, ...]
    distribution: Distribution
    """How many 10-min periods had at most 0, 1, 2, 5, 10 alarms per operator, and how many had more."""
    floods: tuple[Flood, ...]
    top: tuple[Offender, ...]
    chattering: tuple[Chatter, ...]
    stale: tuple[tuple[int, Nanos], ...]
    """Alarms that stand for more than 24 h at the end, and since when; the longest first."""
    days: tuple[Day, ...]
    hours: tuple[tuple[Nanos, int], ...]
    """Every whole hour of the period with how many were announced in it."""
    shares: tuple[Share, ...]
    waiting: int
    """Alarms that nobody has acknowledged at the end."""

    def figure(self, key: FigureKey) -> Figure:
        """The figure of this key."""
        return next(figure for figure in self.figures if figure.key is key)


def measure(
    log: AlarmLog, period: Period, bands: Mapping[int, Band], configured: Mapping[Band, int]
) -> AlarmFigures:
    """The figures of the period.

    `bands` are the alarms' priorities by alarm id, `configured` how many rules in force have each priority.
    """
    called = (log.after == _UNACKNOWLEDGED) & (log.before != _UNACKNOWLEDGED)
    called &= (log.at >= period.start) & (log.at < period.end)
    order = np.lexsort((log.at[called], log.alarm[called]))
    alarm, by_alarm = log.alarm[called][order], log.at[called][order]
    at = np.sort(by_alarm)
    floods = find_floods(at, period)
    top = find_top(alarm)
    chattering = find_chattering(alarm, by_alarm)
    standing = find_spells(log, STANDING, anew=AlarmEvent.RAISE)
    days = _days(at, standing, period)
    answers, waiting = _answers(log, period)
    tens, hours = _counts(at, period, FLOOD_SPAN), _counts(at, period, HOUR)
    first_hour = -(-period.start // HOUR)
    return AlarmFigures(
        period=period,
        announced=len(at),
        figures=_figures(at, tens, hours, period, floods=floods, top=top, chattering=chattering, days=days)
        + _answer_figures(answers, period),
        distribution=_distribution(tens, period.operators),
        floods=floods,
        top=top,
        chattering=chattering,
        stale=_stale_now(standing, period),
        days=days,
        hours=tuple(((first_hour + n) * HOUR, count) for n, count in enumerate(hours.tolist())),
        shares=_shares(Counter(bands.get(int(item), Band.LOW) for item in alarm), configured),
        waiting=waiting,
    )


def _figures(
    at: Int64s,
    tens: Int64s,
    hours: Int64s,
    period: Period,
    *,
    floods: tuple[Flood, ...],
    top: tuple[Offender, ...],
    chattering: tuple[Chatter, ...],
    days: tuple[Day, ...],
) -> tuple[Figure, ...]:
    operators, span = period.operators, period.span
    flooded = sum((flood.end or period.end) - flood.start for flood in floods)
    values: dict[FigureKey, float | None] = {
        FigureKey.PER_TEN_MINUTES: float(tens.mean()) / operators if len(tens) else None,
        FigureKey.PER_DAY: len(at) / (span / DAY) / operators if span >= DAY else None,
        FigureKey.MOST_IN_TEN_MINUTES: int(tens.max()) / operators if len(tens) else None,
        FigureKey.BUSY_TEN_MINUTES: _share_above(tens, FLOOD_OVER * operators),
        FigureKey.BUSY_HOURS: _share_above(hours, MOST_IN_AN_HOUR * operators),
        FigureKey.FLOOD_TIME: flooded / span if span else None,
        FigureKey.TOP_TEN: sum(item.share for item in top) if top else None,
        FigureKey.CHATTERING: len(chattering),
        FigureKey.STALE: max((day.stale for day in days), default=0),
    }
    enough = {FigureKey.TOP_TEN: len(at) >= TOP_TEN_NEEDS}
    return tuple(
        Figure(key, value, judge(key, value, span, enough=enough.get(key, True)))
        for key, value in values.items()
    )


def _answer_figures(answers: Int64s, period: Period) -> tuple[Figure, ...]:
    found = {FigureKey.ACKNOWLEDGE_MEDIAN: 50, FigureKey.ACKNOWLEDGE_MOST: 90}
    return tuple(
        Figure(key, value, judge(key, value, period.span))
        for key, percent in found.items()
        for value in [float(np.percentile(answers, percent)) if len(answers) else None]
    )


def _counts(at: Int64s, period: Period, width: Nanos) -> Int64s:
    """How many fall into each whole stretch of `width` within the period, cut at multiples of it."""
    first, last = -(-period.start // width), period.end // width
    place = at // width - first
    inside = (place >= 0) & (place < last - first)
    return np.bincount(place[inside], minlength=max(0, last - first)).astype(np.int64)


def _share_above(counts: Int64s, limit: int) -> float | None:
    return float((counts > limit).mean()) if len(counts) else None


def _distribution(tens: Int64s, operators: int) -> Distribution:
    classes = np.searchsorted(np.array(STEPS) * operators, tens, side="left")
    return tuple(np.bincount(classes, minlength=len(STEPS) + 1).tolist())


def _answers(log: AlarmLog, period: Period) -> tuple[Int64s, int]:
    """How long each announcement of the period waited for its acknowledgement, and how many still wait."""
    spells = find_spells(log, UNACKNOWLEDGED)
    if not len(spells.begin):
        return spells.begin, 0
    answered = (spells.closing >= 0) & (log.event[spells.closing] == _ACKNOWLEDGE)
    answered &= (spells.begin >= period.start) & (spells.begin < period.end) & (spells.end <= period.end)
    waiting = (spells.begin < period.end) & (spells.end > period.end)
    return (spells.end - spells.begin)[answered], int(waiting.sum())


def _stale_now(standing: Spells, period: Period) -> tuple[tuple[int, Nanos], ...]:
    old = (standing.end > period.end) & (standing.begin < period.end - STALE_AFTER)
    pairs = zip(standing.alarm[old].tolist(), standing.begin[old].tolist(), strict=True)
    return tuple(sorted(pairs, key=lambda pair: (pair[1], pair[0])))


def _days(at: Int64s, standing: Spells, period: Period) -> tuple[Day, ...]:
    cuts = local_days(period)
    stale = standing.end - standing.begin > STALE_AFTER
    since, until = np.sort(standing.begin[stale] + STALE_AFTER), np.sort(standing.end[stale])
    found: list[Day] = []
    for (day, begin), (_, finish) in pairwise(cuts):
        low, high = np.searchsorted(at, [begin, finish], side="left")
        became = np.searchsorted(since, finish, side="left")
        ended = np.searchsorted(until, begin, side="right")
        found.append(Day(day, begin, int(high - low), max(0, int(became - ended))))
    return tuple(found)


def local_days(period: Period) -> list[tuple[date, Nanos]]:
    """Each day of the period with where it begins, and at last the period's end."""
    if not period.span:
        return []
    day = to_datetime(period.start, period.zone).date()
    cuts = [(day, period.start)]
    while True:
        day += timedelta(days=1)
        midnight = from_datetime(datetime(day.year, day.month, day.day, tzinfo=period.zone))
        if midnight >= period.end:
            return [*cuts, (day, period.end)]
        cuts.append((day, midnight))


def _shares(raised: Mapping[Band, int], configured: Mapping[Band, int]) -> tuple[Share, ...]:
    all_raised, all_configured = sum(raised.values()), sum(configured.values())
    found: list[Share] = []
    for band, target in SHARES.items():
        share = raised.get(band, 0) / all_raised if all_raised else None
        planned = configured.get(band, 0) / all_configured if all_configured else None
        found.append(
            Share(
                band=band,
                target=target,
                raised=raised.get(band, 0),
                raised_share=share,
                raised_rating=judge_share(band, share, enough=all_raised >= SHARES_NEED),
                configured=configured.get(band, 0),
                configured_share=planned,
                configured_rating=judge_share(band, planned),
            )
        )
    return tuple(found)

"""Patterns in the changes of alarms: announcements, floods, offenders, chattering, and how long they stand.

Source: ISA-18.2-2016 clause 16 (IEC 62682), EEMUA 191.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from plantroom.alarm_load import CHATTER_RAISES, CHATTER_SPAN, FLOOD_ENDS_BELOW, FLOOD_OVER, FLOOD_SPAN
from plantroom.alarms import AlarmEvent, AlarmState
from plantroom.readings import Bools, Int64s
from plantroom.times import Nanos

TOP = 10

STATES: Mapping[str, int] = {state.value: code for code, state in enumerate(AlarmState)}
EVENTS: Mapping[str, int] = {event.value: code for code, event in enumerate(AlarmEvent)}
LASTS: Nanos = int(np.iinfo(np.int64).max)
"""The end of what has none."""
OTHER_EVENT = len(EVENTS)
"""The code of an event that is none of ours."""


@dataclass(frozen=True, slots=True, eq=False)
class AlarmLog:
    """Changes of alarms in the order in which they were made.

    Of every alarm that stood when the period began the first row says since when: from normal to its state
    then, before the period. Shapes: five columns of one length. Units: `at` ns since 1970 UTC, states and
    events as in STATES and EVENTS.
    """

    alarm: Int64s
    at: Int64s
    event: Int64s
    before: Int64s
    after: Int64s

    @classmethod
    def of(cls, rows: list[tuple[int, int, int, int, int]]) -> AlarmLog:
        """The log of rows (alarm, at, event, before, after)."""
        columns = np.array(rows, dtype=np.int64).reshape(-1, 5)
        return cls(*(np.ascontiguousarray(column) for column in columns.T))


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to `end`, for so many operators who share the alarms; days are the zone's."""

    start: Nanos
    end: Nanos
    zone: ZoneInfo
    operators: int = 1

    @property
    def span(self) -> Nanos:
        """How long it is."""
        return max(0, self.end - self.start)


@dataclass(frozen=True, slots=True)
class Flood:
    """A stretch of more alarms than can be answered; `end` is None while it lasts."""

    start: Nanos
    end: Nanos | None
    count: int
    peak: int
    """The most in any 10 min of it."""


@dataclass(frozen=True, slots=True)
class Offender:
    """One of the most frequent alarms."""

    alarm: int
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Chatter:
    """An alarm that chattered."""

    alarm: int
    times: int
    """How many stretches of chattering."""
    last: Nanos


def find_floods(at: Int64s, period: Period) -> tuple[Flood, ...]:
    """The floods among announcements at these times, sorted.

    One begins with the first of more than 10 alarms per operator in 10 min and is over when fewer than 5
    came in the last 10 min.
    """
    past = np.searchsorted(at, at - FLOOD_SPAN, side="right")
    upto = np.searchsorted(at, at, side="right")
    in_window = upto - past
    """How many came in the 10 min up to and with each."""
    left = np.searchsorted(at, at + FLOOD_SPAN, side="right") - upto
    """How many are left in the window when each has gone out of it."""
    full = np.flatnonzero(in_window > FLOOD_OVER * period.operators)
    low = np.flatnonzero(left < FLOOD_ENDS_BELOW * period.operators)
    floods: list[Flood] = []
    after = 0
    while (place := int(np.searchsorted(full, after))) < len(full):
        crossing = int(full[place])
        begin = max(int(past[crossing]), after)
        # those that had left the window before the flood say nothing of its end
        candidates = low[low >= past[crossing]]
        ends_at = int(at[candidates[0]]) + FLOOD_SPAN if len(candidates) else period.end
        after = int(np.searchsorted(at, ends_at, side="right"))
        lasts = ends_at >= period.end
        floods.append(
            Flood(
                start=int(at[begin]),
                end=None if lasts else ends_at,
                count=after - begin,
                peak=int(in_window[crossing:after].max()),
            )
        )
    return tuple(floods)


def find_top(alarm: Int64s) -> tuple[Offender, ...]:
    """The ten alarms that were announced most, with their parts of all; `alarm` has an id for each."""
    ids, counts = np.unique(alarm, return_counts=True)
    order = np.lexsort((ids, -counts))[:TOP]
    return tuple(Offender(int(ids[i]), int(counts[i]), int(counts[i]) / len(alarm)) for i in order)


def find_chattering(alarm: Int64s, at: Int64s) -> tuple[Chatter, ...]:
    """The alarms of which three came within a minute, the worst first. Columns sorted by alarm, then time."""
    if len(at) < CHATTER_RAISES:
        return ()
    back = CHATTER_RAISES - 1
    hit: Bools = (alarm[back:] == alarm[:-back]) & (at[back:] - at[:-back] <= CHATTER_SPAN)
    first = hit & ~np.concatenate(([False], hit[:-1] & (alarm[back:][1:] == alarm[back:][:-1])))
    found: list[Chatter] = []
    for item in np.unique(alarm[back:][hit]):
        mine = alarm[back:] == item
        found.append(Chatter(int(item), int(first[mine].sum()), int(at[back:][mine & hit].max())))
    return tuple(sorted(found, key=lambda chatter: (-chatter.times, chatter.alarm)))


@dataclass(frozen=True, slots=True, eq=False)
class Spells:
    """Stretches that alarms spent in some states; `end` is the largest int where one lasts.

    `closing` is the row of the log that ended it, -1 for none.
    """

    alarm: Int64s
    begin: Int64s
    end: Int64s
    closing: Int64s


def find_spells(log: AlarmLog, states: Collection[AlarmState], *, anew: AlarmEvent | None = None) -> Spells:
    """The stretches that alarms spent in these states, by alarm and in order; `anew` begins another."""
    codes = np.array([STATES[state] for state in states])
    order = np.argsort(log.alarm, kind="stable")
    alarm, at = log.alarm[order], log.at[order]
    inside, was = np.isin(log.after[order], codes), np.isin(log.before[order], codes)
    again = log.event[order] == (OTHER_EVENT + 1 if anew is None else EVENTS[anew])
    begins, leaves = np.flatnonzero(inside & (~was | again)), np.flatnonzero(was & (~inside | again))
    place = np.searchsorted(leaves, begins, side="right")
    there = place < len(leaves)
    closing = np.full(len(begins), -1, dtype=np.int64)
    closing[there] = leaves[place[there]]
    closed = there & (alarm[closing] == alarm[begins])
    # what people do has the clock's time, what the process does the reading's: one may lag the other
    end = np.where(closed, np.maximum(at[closing], at[begins]), LASTS)
    rows = np.where(closed, order[closing], -1)
    return Spells(alarm[begins], at[begins], end, rows)

"""Readings of one class -> what every point of their equipment was at each of their timestamps.

An evaluation is one equipment at one timestamp. All evaluations of a batch are laid side by side, so that the
rules' conditions run once over all of them; only the timers go through them in order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plantroom.readings import Bools, Float64s, Int64s, UInt8s
from rules.window import NEVER, Window


class Placed(NamedTuple):
    """Readings by place in the property, one row a reading; `value` is NaN where it is bad."""

    place: Int64s
    ts: Int64s
    value: Float64s
    quality: UInt8s

    def take(self, index: Int64s | Bools | slice) -> Placed:
        """The readings at an index."""
        return Placed(self.place[index], self.ts[index], self.value[index], self.quality[index])


@dataclass(frozen=True, slots=True, eq=False)
class Evaluations:
    """Evaluations by equipment, then time.

    Shapes: `column`, `at`, `before` [G]; a run is the stretch of one equipment, `start` and `count` [S] say
    where it stands, `run` [G] which it is. `at` is the evaluation time, `before` that of the one before.
    """

    column: Int64s
    at: Int64s
    before: Int64s
    run: Int64s
    start: Int64s
    count: Int64s

    @property
    def equipment(self) -> Int64s:
        """The equipment of each run, by column of the window."""
        found: Int64s = self.column[self.start]
        return found

    @property
    def last(self) -> Int64s:
        """The last evaluation of each run."""
        return self.start + self.count - 1

    def take(self, index: Int64s) -> tuple[Evaluations, Int64s]:
        """Some of the runs, by index, and which evaluations those are."""
        count = self.count[index]
        start = np.cumsum(count) - count
        which = self.start[index].repeat(count) + np.arange(int(count.sum())) - start.repeat(count)
        run = np.arange(len(index)).repeat(count)
        part = Evaluations(self.column[which], self.at[which], self.before[which], run, start, count)
        return part, which


def evaluations(column: Int64s, at: Int64s, evaluated: Int64s) -> Evaluations:
    """Evaluations at times that are sorted by equipment; `evaluated` [E] is when each was asked last."""
    opens = np.ones(len(column), dtype=np.bool_)
    opens[1:] = column[1:] != column[:-1]
    start = np.flatnonzero(opens)
    before = np.empty_like(at)
    before[1:] = at[:-1]
    before[start] = evaluated[column[start]]
    count = np.diff(np.append(start, len(column)))
    return Evaluations(column, at, before, np.cumsum(opens) - 1, start, count)


class Aligned(NamedTuple):
    """The evaluations that readings call for, and how the readings stand in them.

    Shapes: `newest` int64[P, G] the index of each point's newest reading at each evaluation, and from the
    number of readings on the place in the window where the latest of before holds; `fresh` bool[P, G] where
    it was read at the evaluation itself.
    """

    found: Evaluations
    readings: Placed
    row: Int64s
    newest: Int64s
    fresh: Bools


def align(
    window: Window, readings: Placed, column: Int64s, passing: Callable[[Window, Placed], None]
) -> Aligned | None:
    """The evaluations of new readings, sorted by equipment and time; None where they call for none.

    A reading older than its equipment's last evaluation is taken over and counts from the next one on;
    `passing` is told of it first.
    """
    width = len(window.equipment)
    passed = readings.ts <= window.evaluated[column]
    if passed.any():
        passing(window, readings.take(passed))
        commit(window, readings.take(passed))
        readings, column = readings.take(~passed), column[~passed]
    if not len(column):
        return None
    row = (readings.place - window.base) // width
    new = np.ones(len(column), dtype=np.bool_)
    new[1:] = (column[1:] != column[:-1]) | (readings.ts[1:] != readings.ts[:-1])
    first = np.flatnonzero(new)
    group = np.cumsum(new) - 1
    found = evaluations(column[first], readings.ts[first], window.evaluated)
    newest = np.full((len(window.cls.points), len(first)), -1, dtype=np.int64)
    newest[row, group] = np.arange(len(group))
    fresh = newest >= 0
    np.maximum.accumulate(newest, axis=1, out=newest)
    # what an earlier index left is another equipment's
    opening = first[found.start].repeat(found.count)
    before = len(group) + np.arange(len(newest))[:, np.newaxis] * width + found.column
    return Aligned(found, readings, row, np.where(newest >= opening, newest, before), fresh)


def fill(window: Window, aligned: Aligned, out: Float64s) -> None:
    """Every point at every evaluation into out[:P]: its newest reading, NaN where that is bad or stale."""
    found, readings, newest = aligned.found, aligned.readings, aligned.newest
    points = len(newest)
    stale_after = window.stale_after.reshape(-1)
    until = readings.ts + stale_after[readings.place - window.base]
    values = np.concatenate((readings.value, window.value.reshape(-1)))
    ends = np.concatenate((until, (window.ts + window.stale_after).reshape(-1)))
    np.take(values, newest, out=out[:points], mode="clip")
    np.copyto(out[:points], np.nan, where=ends[newest] < found.at)


def commit(window: Window, readings: Placed) -> None:
    """Make the readings the latest of their points; they are newer, and in the order of time."""
    place = readings.place - window.base
    # of repeated indexes numpy keeps the last
    window.value.reshape(-1)[place] = readings.value
    window.ts.reshape(-1)[place] = readings.ts
    window.quality.reshape(-1)[place] = readings.quality


def order_of(key: Int64s, bound: int) -> Int64s:
    """A stable order of keys in [0, bound). numpy sorts 16 bits by radix, many times faster than more."""
    if bound <= 1 << 16:
        return np.argsort(key.astype(np.uint16), kind="stable")
    low = np.argsort((key & 0xFFFF).astype(np.uint16), kind="stable")
    return low[order_of(key[low] >> 16, (bound >> 16) + 1)]


__all__ = ["NEVER", "Aligned", "Evaluations", "Placed", "align", "commit", "evaluations", "fill", "order_of"]

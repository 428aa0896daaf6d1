"""Readings of one class -> what every point of their equipment was at each of their timestamps.

An evaluation is one equipment at one timestamp. All evaluations of a batch are laid side by side, so that the
rules' conditions run once over all of them; only the timers go through them in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plantroom.readings import Bools, Float64s, Int64s, UInt8s
from rules.window import Window

MAX_EVALUATIONS = 16_384
"""How many evaluations are laid side by side at once; bounds memory whatever the batch's size."""


class Placed(NamedTuple):
    """Readings of one class by place in its window, one row a reading; `value` is NaN where it is bad."""

    row: Int64s
    column: Int64s
    ts: Int64s
    value: Float64s
    quality: UInt8s

    def take(self, index: Int64s | Bools | slice) -> Placed:
        """The readings at an index."""
        return Placed(
            self.row[index], self.column[index], self.ts[index], self.value[index], self.quality[index]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Evaluations:
    """Evaluations by equipment, then time.

    Shapes: `column`, `at`, `before`, `again` [G]; `points` float64[P, G]; a run is the stretch of one
    equipment, `start` and `count` [S] say where it stands. `at` is the evaluation time, `before` that of the
    one before, `again` marks one at the same time as the one before.
    """

    column: Int64s
    at: Int64s
    before: Int64s
    again: Bools
    points: Float64s
    start: Int64s
    count: Int64s

    @property
    def equipment(self) -> Int64s:
        """The equipment of each run, by column of the window."""
        found: Int64s = self.column[self.start]
        return found

    def any_in_run(self, mask: Bools) -> Bools:
        """Whether a mask bool[R, G] holds anywhere in each run, as bool[R, S]."""
        return np.logical_or.reduceat(mask, self.start, axis=1)


@dataclass(frozen=True, slots=True)
class Refused:
    """How many readings were not new: older than their point's last, or a repetition of one."""

    late: int
    repeated: int


def sift(window: Window, readings: Placed) -> tuple[Placed, Refused]:
    """The readings that are new to their points, by equipment, time and point; and how many were not."""
    order = np.lexsort((readings.row, readings.ts, readings.column))
    readings = readings.take(order)
    last = window.ts[readings.row, readings.column]
    first = _changes(readings.column, readings.ts, readings.row)
    late = readings.ts < last
    fresh = (readings.ts > last) & first
    count = int(late.sum())
    refused = Refused(count, len(fresh) - int(fresh.sum()) - count)
    return (readings if fresh.all() else readings.take(fresh)), refused


def evaluations(window: Window, readings: Placed) -> Iterator[Evaluations]:
    """The evaluations that sifted readings call for, in bounded pieces.

    The window holds a piece's readings when it has been given out, so that the next goes on from there.
    """
    if not len(readings.ts):
        return
    new = _changes(readings.column, readings.ts)
    starts = np.flatnonzero(new)
    group = np.cumsum(new) - 1
    for low in range(0, len(starts), MAX_EVALUATIONS):
        high = min(low + MAX_EVALUATIONS, len(starts))
        begin = starts[low]
        end = starts[high] if high < len(starts) else len(new)
        piece = readings.take(slice(begin, end))
        found = _align(window, piece, group[begin:end] - low, starts[low:high] - begin)
        _commit(window, piece, found)
        yield found


def _align(window: Window, readings: Placed, group: Int64s, starts: Int64s) -> Evaluations:
    column = readings.column[starts]
    opens = _changes(column)
    start = np.flatnonzero(opens)
    count = np.diff(np.append(start, len(column)))
    last = window.evaluated[column]
    at = np.maximum(readings.ts[starts], last)
    previous = np.where(opens, last, np.concatenate((at[-1:], at[:-1])))
    again = at == previous
    # only evaluations at the time of the window's last one can come again, so there is one answer for all
    before = np.where(again, window.evaluated_before[column], previous)
    points = _fill(window, readings, group, column, first=starts[start].repeat(count), at=at)
    return Evaluations(column, at, before, again, points, start, count)


def _fill(
    window: Window, readings: Placed, group: Int64s, column: Int64s, *, first: Int64s, at: Int64s
) -> Float64s:
    """Every point at every evaluation: its newest reading up to then, NaN where that is bad or stale.

    `first` is the first reading of each evaluation's equipment: what an earlier index left is another's.
    """
    newest = np.full((window.ts.shape[0], len(column)), -1, dtype=np.int64)
    newest[readings.row, group] = np.arange(len(group))
    np.maximum.accumulate(newest, axis=1, out=newest)
    inside = newest >= first
    value: Float64s = np.where(inside, readings.value[newest], window.value[:, column])
    ts = np.where(inside, readings.ts[newest], window.ts[:, column])
    value[ts < at - window.stale_after[:, column]] = np.nan
    return value


def _commit(window: Window, readings: Placed, found: Evaluations) -> None:
    # readings of a point come in the order of time, and of repeated indexes numpy keeps the last
    window.value[readings.row, readings.column] = readings.value
    window.ts[readings.row, readings.column] = readings.ts
    window.quality[readings.row, readings.column] = readings.quality
    last = found.start + found.count - 1
    window.evaluated[found.equipment] = found.at[last]
    window.evaluated_before[found.equipment] = found.before[last]


def _changes(*keys: Int64s) -> Bools:
    """Where any of the keys differs from the row before; the first row always does."""
    new = np.ones(len(keys[0]), dtype=np.bool_)
    if len(new):
        new[1:] = False
        for key in keys:
            new[1:] |= key[1:] != key[:-1]
    return new

"""Readings of one class -> what every point of their equipment was at each of their timestamps.

An evaluation is one equipment at one timestamp. All evaluations of a batch are laid side by side, so that the
rules' conditions run once over all of them; only the timers go through them in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plantroom.readings import Bools, Float64s, Int32s, Int64s, UInt8s
from rules.runs import opens
from rules.window import Latest, Window


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
    new = opens(column)
    start = np.flatnonzero(new)
    before = np.empty_like(at)
    before[1:] = at[:-1]
    before[start] = evaluated[column[start]]
    count = np.diff(np.append(start, len(column)))
    return Evaluations(column, at, before, np.cumsum(new) - 1, start, count)


class Aligned(NamedTuple):
    """The evaluations that readings of a class call for, and what its points were at them.

    Shapes: `row` [N] the point of each reading; `values` float64[P, G] NaN unknown; `newest` int32[P, G]
    which reading each point's last one is, counted from `offset`, negative where it came before; `fresh`
    bool[P, G] where the point was read at the very evaluation.
    """

    found: Evaluations
    readings: Placed
    row: Int64s
    values: Float64s
    newest: Int32s
    fresh: Bools
    offset: int


class Layout(NamedTuple):
    """How the property is numbered.

    Shapes: `row` and `stale_after` by place; `bounds` [classes + 1] where the equipment of each class begins;
    `origin` and `width` by equipment: the place of its first point, and how far its points are apart;
    `points` how many points each class has.
    """

    row: Int64s
    stale_after: Int64s
    bounds: Int64s
    origin: Int64s
    width: Int64s
    points: Sequence[int]


def aligned(
    readings: Placed, equipment: Int64s, layout: Layout, latest: Latest, evaluated: Int64s
) -> Iterator[tuple[int, Aligned]]:
    """The evaluations that new readings call for, class by class, with the class's index.

    The readings are sorted by equipment, then time; `equipment` is each one's number in the property, and
    `evaluated` says of each number when it was evaluated last.
    """
    if not len(equipment):
        return
    row, bounds = layout.row[readings.place], layout.bounds
    new = opens(equipment, readings.ts)
    first = np.flatnonzero(new)
    group = np.cumsum(new) - 1
    whole = evaluations(equipment[first], readings.ts[first], evaluated)
    opening = first[whole.start].repeat(whole.count)
    at_once = len(first) <= _AT_ONCE
    if at_once:
        newest, fresh = _newest(row, group, opening, max(layout.points))
        values = _values(readings, newest, whole.column, whole.at, layout=layout, latest=latest)
    of_reading = np.searchsorted(equipment, bounds)
    of_group = np.searchsorted(whole.column, bounds)
    of_run = np.searchsorted(whole.equipment, bounds)
    for index in np.flatnonzero(np.diff(of_reading)).tolist():
        mine = slice(of_reading[index], of_reading[index + 1])
        groups = slice(of_group[index], of_group[index + 1])
        runs = slice(of_run[index], of_run[index + 1])
        points = layout.points[index]
        found = Evaluations(
            whole.column[groups] - bounds[index],
            whole.at[groups],
            whole.before[groups],
            whole.run[groups] - runs.start,
            whole.start[runs] - groups.start,
            whole.count[runs],
        )
        own = readings.take(mine)
        if at_once:
            seen = (values[:points, groups], newest[:points, groups], fresh[:points, groups], mine.start)
        else:
            newest, fresh = _newest(
                row[mine], group[mine] - groups.start, opening[groups] - mine.start, points
            )
            values = _values(own, newest, whole.column[groups], found.at, layout=layout, latest=latest)
            seen = (values, newest, fresh, 0)
        yield index, Aligned(found, own, row[mine], *seen)


_AT_ONCE = 2_048
"""Up to how many evaluations all classes are looked up in one go, with as many rows as the largest has."""


def _newest(row: Int64s, group: Int64s, opening: Int64s, points: int) -> tuple[Int32s, Bools]:
    """Which reading each point's newest is at each evaluation, -1 where none is; and where it is its own."""
    found = np.full((points, len(opening)), -1, dtype=np.int32)
    found[row, group] = np.arange(len(row), dtype=np.int32)
    fresh = found >= 0
    np.maximum.accumulate(found, axis=1, out=found)
    # what an earlier index left is another equipment's
    found[found < opening.astype(np.int32)] = -1
    return found, fresh


def _values(
    readings: Placed, newest: Int32s, equipment: Int64s, at: Int64s, *, layout: Layout, latest: Latest
) -> Float64s:
    """Every point at every evaluation: its newest reading, NaN where that is bad or stale."""
    rows = np.arange(len(newest))[:, np.newaxis]
    # a class with fewer points than another has rows that are nobody's; nobody reads them
    place = layout.origin[equipment] + rows * layout.width[equipment]
    values: Float64s = latest.value.take(place, mode="clip")
    until = latest.until.take(place, mode="clip")
    held = np.flatnonzero(newest >= 0)
    which = newest.reshape(-1)[held]
    values.reshape(-1)[held] = readings.value[which]
    until.reshape(-1)[held] = (readings.ts + layout.stale_after[readings.place])[which]
    np.copyto(values, np.nan, where=until < at)
    return values


def commit(window: Window, readings: Placed) -> None:
    """Make the readings the latest of their points; they are newer, and in the order of time."""
    place = readings.place - window.base
    # of repeated indexes numpy keeps the last
    window.value.reshape(-1)[place] = readings.value
    window.ts.reshape(-1)[place] = readings.ts
    window.quality.reshape(-1)[place] = readings.quality
    window.until.reshape(-1)[place] = readings.ts + window.stale_after.reshape(-1)[place]

"""Readings -> what every point of their equipment was at each of their timestamps.

All evaluations of a batch are laid abreast by class (see `evaluations`), so that the rules' conditions run
once over all of them; only the timers go through them in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plantroom.readings import Bools, Float64s, Int32s, Int64s, UInt8s
from rules.evaluations import Abreast, evaluations
from rules.runs import opens
from rules.strips import Strips
from rules.window import Latest


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
class Points:
    """The points of some classes that follow one another, as rows of a board.

    `bounds` [C + 1] are the numbers of the equipment with which the classes begin; `row` says of each place
    of the property which point it is, counted through all classes, and `first` is the first of these.
    """

    bounds: Int64s
    places: Strips
    row: Int64s
    first: int


class Aligned(NamedTuple):
    """The evaluations that readings call for, and what the points were at them.

    Shapes: `values` float64[P, W] NaN unknown; `newest` int32[P, W] which reading each point's last one is,
    negative where it came before; `fresh` bool[P, W] where the point was read at the very evaluation.
    """

    abreast: Abreast
    readings: Placed
    values: Float64s
    newest: Int32s
    fresh: Bools


def aligned(
    readings: Placed, equipment: Int64s, points: Points, latest: Latest, evaluated: Int64s
) -> Aligned:
    """The evaluations that new readings call for, and the points at them.

    The readings are sorted by equipment, then time, all of the classes of `points`; `equipment` is each one's
    number in the property, and `evaluated` says of each number when it was evaluated last.
    """
    new = opens(equipment, readings.ts)
    begin = np.flatnonzero(new)
    found = evaluations(equipment[begin], readings.ts[begin], evaluated)
    abreast = Abreast(found, points.bounds)
    row = points.row[readings.place] - points.first
    cell = row * abreast.width + abreast.cells(points.places.of[row], np.cumsum(new) - 1)
    newest = np.full((len(points.places), abreast.width), -1, dtype=np.int32)
    newest.reshape(-1)[cell] = np.arange(len(row), dtype=np.int32)
    fresh = newest >= 0
    place = points.places.at(abreast.equipment)
    values: Float64s = latest.value[place]
    until = latest.until[place]
    if len(found.start) < len(begin):
        np.maximum.accumulate(newest, axis=1, out=newest)
        # what an earlier evaluation left is another equipment's
        opening = begin[found.start[found.run]].astype(np.int32)
        newest[newest < opening[abreast.index][points.places.of]] = -1
        held = np.flatnonzero(newest >= 0)
        which = newest.reshape(-1)[held]
        values.reshape(-1)[held] = readings.value[which]
        until.reshape(-1)[held] = latest.goes_stale(readings.place, readings.ts)[which]
        np.copyto(values, np.nan, where=until < abreast.at[points.places.of])
    else:  # one evaluation of each: what is new stands where it was read, and is not stale
        np.copyto(values, np.nan, where=until < abreast.at[points.places.of])
        values.reshape(-1)[cell] = readings.value
    return Aligned(abreast, readings, values, newest, fresh)


def commit(latest: Latest, readings: Placed) -> None:
    """Make the readings the latest of their points; they are newer, and in the order of time."""
    place = readings.place
    # of repeated indexes numpy keeps the last
    latest.value[place] = readings.value
    latest.ts[place] = readings.ts
    latest.quality[place] = readings.quality
    latest.until[place] = latest.goes_stale(place, readings.ts)

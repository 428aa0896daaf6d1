"""The newest reading of every point, in memory: what a store needs to know late readings from new ones."""

from __future__ import annotations

import threading
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plantroom.readings import Int32s, Int64s, ReadingBatch
from plantroom.times import Nanos

Positions: TypeAlias = NDArray[np.intp]

NEVER = np.iinfo(np.int64).min
"""The time of a point that has no reading."""


class Newest:
    """The newest reading of every point, `readings` to begin with. One thread writes, any number read.

    Shapes: columns sorted by point id, one row for each point.
    """

    def __init__(self, readings: ReadingBatch) -> None:
        self._lock = threading.Lock()
        self._at = readings

    def ts_of(self, point_id: Int32s) -> Int64s:
        """The time of each point's newest reading; NEVER where it has none."""
        if not len(self._at):
            return np.full(len(point_id), NEVER, dtype=np.int64)
        place = self._places(point_id)
        ts: Int64s = np.where(self._at.point_id[place] == point_id, self._at.ts[place], NEVER)
        return ts

    def put(self, readings: ReadingBatch) -> None:
        """Take these as the newest of their points; of a point's several, the last stands."""
        with self._lock:
            place = self._places(readings.point_id)
            if not len(self._at) or (self._at.point_id[place] != readings.point_id).any():
                self._make_room(readings.point_id)
                place = self._places(readings.point_id)
            # numpy assigns in order, so of repeated places the last one stays
            self._at.ts[place] = readings.ts
            self._at.value[place] = readings.value
            self._at.quality[place] = readings.quality

    def drop_before(self, ts: Nanos) -> None:
        """Forget the points whose newest reading is older than `ts`."""
        with self._lock:
            self._at = self._at.take(self._at.ts >= ts)

    def readings(self) -> ReadingBatch:
        """A copy of all, sorted by point."""
        with self._lock:
            return self._at.take(np.arange(len(self._at)))

    def _places(self, point_id: Int32s) -> Positions:
        return np.minimum(np.searchsorted(self._at.point_id, point_id), max(len(self._at) - 1, 0))

    def _make_room(self, point_id: Int32s) -> None:
        unknown = np.setdiff1d(point_id, self._at.point_id)
        blank = ReadingBatch.of(unknown, np.full(len(unknown), NEVER), np.zeros(len(unknown)))
        grown = ReadingBatch.concat([self._at, blank])
        self._at = grown.take(np.argsort(grown.point_id))

"""The newest reading of every point in memory, and a number that grows when any changes."""

from __future__ import annotations

import threading

import numpy as np

from plantroom.readings import Bools, Float64s, Int64s, Quality, ReadingBatch, UInt8s
from plantroom.times import Nanos

_NEVER = np.iinfo(np.int64).min


class LiveValues:
    """Columns indexed by point id. One thread updates, any thread reads."""

    def __init__(self, size: int) -> None:
        self._lock = threading.Lock()
        self.version = 0
        self.ts: Int64s = np.empty(0, dtype=np.int64)
        self.value: Float64s = np.empty(0)
        self.quality: UInt8s = np.empty(0, dtype=np.uint8)
        self._changed: Int64s = np.empty(0, dtype=np.int64)
        """The version that each point's reading came with."""
        self._grow(size)

    def update(self, batch: ReadingBatch) -> None:
        """Take the readings that are newer than what is held.

        One that claims a time in the future is passed over: it would hide all that come until then.
        """
        ordered = batch.take((batch.quality & np.uint8(Quality.CLOCK)) == 0).normalised()
        if not len(ordered):
            return
        with self._lock:
            self._grow(int(ordered.point_id.max()) + 1)
            # sorted by time: of a point's several readings numpy's assignment leaves the last
            newer = ordered.ts >= self.ts[ordered.point_id]
            ordered = ordered.take(newer)
            self.ts[ordered.point_id] = ordered.ts
            self.value[ordered.point_id] = ordered.value
            self.quality[ordered.point_id] = ordered.quality
            self.version += 1
            self._changed[ordered.point_id] = self.version

    def read(self, point_id: int) -> tuple[Nanos, float, Quality] | None:
        """Time, value and quality of the point's newest reading; None if it never had one."""
        with self._lock:
            if not 0 <= point_id < len(self.ts) or self.ts[point_id] == _NEVER:
                return None
            return (
                int(self.ts[point_id]),
                float(self.value[point_id]),
                Quality(int(self.quality[point_id])),
            )

    def since(self, version: int) -> tuple[ReadingBatch, int]:
        """The readings that came after that version, sorted by point, and the version now; all since 0."""
        with self._lock:
            ids = np.flatnonzero(self._changed > version).astype(np.int32)
            return ReadingBatch(ids, self.ts[ids], self.value[ids], self.quality[ids]), self.version

    def snapshot(self) -> tuple[Int64s, Float64s, UInt8s, Bools]:
        """Copies of the columns, and which points ever had a reading."""
        with self._lock:
            return self.ts.copy(), self.value.copy(), self.quality.copy(), self.ts != _NEVER

    def _grow(self, size: int) -> None:
        more = size - len(self.ts)
        if more > 0:
            self.ts = np.append(self.ts, np.full(more, _NEVER, dtype=np.int64))
            self.value = np.append(self.value, np.full(more, np.nan))
            self.quality = np.append(self.quality, np.zeros(more, dtype=np.uint8))
            self._changed = np.append(self._changed, np.zeros(more, dtype=np.int64))

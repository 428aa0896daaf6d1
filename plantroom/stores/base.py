"""What every reading store must do; one contract suite in `tests/contracts` holds them to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from plantroom.readings import Float64s, Int32s, Int64s, ReadingBatch
from plantroom.times import Nanos


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a batch: every reading is exactly one of these."""

    new: int
    repeated: int
    """The same point, time, value and quality was there: kept once."""
    replaced: int
    """The same point and time had another value or quality: the later received stands."""


@dataclass(frozen=True, slots=True, eq=False)
class Aggregates:
    """Figures per point and interval, of good readings only, sorted by point then time.

    Shapes: columns of one length; `ts` is the interval's start.
    """

    point_id: Int32s
    ts: Int64s
    mean: Float64s
    low: Float64s
    high: Float64s
    count: Int64s


class ReadingStore(Protocol):
    """Readings by point and time.

    Raises (all methods): StoreUnavailableError where a later try may work, StoreCorruptError where not.
    """

    def append(self, batch: ReadingBatch) -> Appended:
        """What became of the batch, which is durable when this returns. Idempotent on (point, ts)."""

    def latest(self) -> ReadingBatch:
        """The newest reading of every point, sorted by point."""

    def range(
        self, point_ids: Int32s | None, start: Nanos, end: Nanos, limit: int | None = None
    ) -> ReadingBatch:
        """Readings with start <= ts < end, sorted by time then point, the first `limit` of them.

        `point_ids` None means every point.
        """

    def scan(self, point_ids: Int32s | None, start: Nanos, end: Nanos) -> ReadingBatch:
        """The readings of `range` in no promised order: faster, for whoever sorts by itself.

        The columns are the caller's own.
        """

    def aggregate(self, point_ids: Int32s, start: Nanos, end: Nanos, interval: Nanos) -> Aggregates:
        """Mean, lowest, highest and count per point and interval of the good readings in the range.

        Intervals are aligned to 1970-01-01T00:00Z; intervals without readings have no row.
        """

    def drop_before(self, ts: Nanos) -> int:
        """How many readings older than `ts` were removed (retention)."""

    def size(self) -> int:
        """How many readings the store holds."""

    def close(self) -> None:
        """Release files and connections; the store is of no use afterwards."""

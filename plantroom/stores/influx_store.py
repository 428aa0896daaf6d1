"""The reading store of split processes: buckets of an InfluxDB 2 server. `docs/influxdb.md` has the schema.

Rows newer than their point's newest are written without a look-up; only late ones are compared with what is
there, to count them and because a reading that becomes bad changes its field, which overwriting would leave.
One process at a time writes the readings of one point.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from plantroom.errors import StoreError
from plantroom.model import PointTable
from plantroom.readings import Bools, Int32s, Int64s, ReadingBatch
from plantroom.stores import influx_flux as flux
from plantroom.stores.base import Aggregates, Appended
from plantroom.stores.folding import Folded, fold, same_reading
from plantroom.stores.influx_answers import figures_by_name, readings_of
from plantroom.stores.influx_figures import combined, figures_of_tier
from plantroom.stores.influx_lines import MEASUREMENT, Lines, bits_of, usable_readings
from plantroom.stores.influx_server import AnswerTooLargeError, InfluxServer
from plantroom.stores.influx_tiers import Part, Tier, parts_of
from plantroom.stores.newest import Newest
from plantroom.times import SECOND, Clock, Nanos, system_clock

LINES_A_WRITE = 20_000
SIZE_SECONDS = 60.0
"""How long a count of everything is good for: it costs seconds where there are many readings."""
LATE_SPANS = 8
"""Late readings are looked for in so many spans of time at most, cut at the widest gaps between them."""
_SHORT: Nanos = 10 * SECOND
_INT64 = np.iinfo(np.int64)


class InfluxStore:
    """A ReadingStore in the buckets of `tiers`, the raw one first.

    With `follows` another process writes, and `latest` asks the server each time.
    Raises: StoreUnavailableError where the server is away, StoreError where it refuses.
    """

    def __init__(
        self,
        server: InfluxServer,
        tiers: Sequence[Tier],
        table: Callable[[], PointTable],
        *,
        follows: bool = False,
        clock: Clock = system_clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._tiers = tuple(tiers)
        self._bucket = self._tiers[0].bucket
        self._lines = Lines(table)
        self._follows = follows
        self._clock = clock
        self._monotonic = monotonic
        self._writing = threading.Lock()
        self._tried = Newest(ReadingBatch.empty())
        self._counted: tuple[float, int] | None = None
        self._changes = 0
        try:
            self._newest = Newest(self._ask_newest())
        except StoreError:
            server.close()
            raise

    def append(self, batch: ReadingBatch) -> Appended:
        """What became of the batch, which is in InfluxDB's synced log when this returns.

        After a failure part of it may be there: given again, that part is repeated.
        """
        if not len(batch):
            return Appended(0, 0, 0)
        folded = fold(batch)
        rows = folded.last
        with self._writing:
            newest = self._newest.ts_of(rows.point_id)
            # what was tried and failed may be there all the same
            late = rows.ts <= np.maximum(newest, self._tried.ts_of(rows.point_id))
            found = self._compare(folded, np.flatnonzero(late)) if late.any() else _Found.nothing(len(rows))
            self._tried.put(rows.take(rows.ts >= self._tried.ts_of(rows.point_id)))
            self._remove(rows.take(found.moved))
            self._write(rows.take(~found.same))
            self._newest.put(rows.take(rows.ts >= newest))
            new = int(found.absent.sum())
            self._count(new)
        return Appended(new, folded.repeated + found.repeated, folded.replaced + found.replaced)

    def latest(self) -> ReadingBatch:
        """The newest reading of every point, sorted by point."""
        if self._follows:
            return self._ask_newest()
        return self._newest.readings()

    def range(
        self, point_ids: Int32s | None, start: Nanos, end: Nanos, limit: int | None = None
    ) -> ReadingBatch:
        """Readings with start <= ts < end, sorted by time then point, the first `limit` of them."""
        if limit is not None and limit < 0:
            raise ValueError("limit must not be negative")
        if limit == 0:
            return ReadingBatch.empty()
        found = self._read(point_ids, start, end, limit)
        rows = found.take(np.lexsort((found.point_id, found.ts)))
        return rows if limit is None else rows.take(slice(limit))

    def scan(self, point_ids: Int32s | None, start: Nanos, end: Nanos) -> ReadingBatch:
        """The readings of `range` in no promised order."""
        return self._read(point_ids, start, end, None)

    def aggregate(self, point_ids: Int32s, start: Nanos, end: Nanos, interval: Nanos) -> Aggregates:
        """Mean, lowest, highest and count per point and interval of the good readings in the range.

        Long ranges come from the minutes' and hours' figures, with late readings up to three days late.
        """
        if not 0 < interval <= _INT64.max // 2:
            raise ValueError("interval must be more than nothing and less than 146 years")
        wanted = np.unique(np.asarray(point_ids, dtype=np.int32)).tolist()
        start, end = flux.clamped(start), flux.clamped(end)
        parts = parts_of(self._tiers, start, end, interval, self._clock())
        return combined(
            [self._figures(part, some, interval) for part in parts for some in flux.chunks(wanted)], interval
        )

    def drop_before(self, ts: Nanos) -> int:
        """How many readings older than `ts` were removed. The buckets' own retention needs no call."""
        with self._writing:
            count = self._ask_count(flux.FIRST, ts)
            if count:
                first, last = flux.rfc3339(flux.FIRST), flux.rfc3339(ts - 1)
                self._server.delete(self._bucket, first, last, f'_measurement="{MEASUREMENT}"')
                self._newest.drop_before(ts)
                self._count(-count)
            return count

    def size(self) -> int:
        """How many readings the raw bucket holds; other processes' are seen within a minute."""
        counted = self._counted
        if counted is not None and self._monotonic() - counted[0] <= SIZE_SECONDS:
            return counted[1]
        changes, asked_at = self._changes, self._monotonic()
        count = self._ask_count(flux.FIRST, flux.LAST)
        with self._writing:  # not while counting, which can take seconds
            if changes == self._changes:
                self._counted = asked_at, count
        return count

    def close(self) -> None:
        """Drop the connections."""
        self._server.close()

    def _count(self, more: int) -> None:
        self._changes += 1
        if self._counted is not None:
            self._counted = self._counted[0], self._counted[1] + more

    def _write(self, rows: ReadingBatch) -> None:
        for at in range(0, len(rows), LINES_A_WRITE):
            self._server.write(self._bucket, self._lines.of(rows.take(slice(at, at + LINES_A_WRITE))))

    def _remove(self, rows: ReadingBatch) -> None:
        """Remove readings that will be written with other fields; dying in between, they come again."""
        for point_id, ts in zip(rows.point_id.tolist(), rows.ts.tolist(), strict=True):
            at = flux.rfc3339(ts)
            self._server.delete(self._bucket, at, at, f'_measurement="{MEASUREMENT}" AND id="{point_id}"')

    def _read(self, point_ids: Int32s | None, start: Nanos, end: Nanos, limit: int | None) -> ReadingBatch:
        start, end = flux.clamped(start), flux.clamped(end)
        if start >= end:
            return ReadingBatch.empty()
        if point_ids is None:
            return self._ask((), start, end, limit)
        wanted = np.unique(np.asarray(point_ids, dtype=np.int32))
        known = len(self._newest.readings()) if len(wanted) > flux.POINTS_A_QUERY else 0
        if known and 2 * len(wanted) > known:
            found = self._ask((), start, end, limit)
            return found.take(np.isin(found.point_id, wanted))
        chunks = flux.chunks(wanted.tolist())
        return ReadingBatch.concat([self._ask(some, start, end, limit) for some in chunks])

    def _ask(self, points: Sequence[int], start: Nanos, end: Nanos, limit: int | None) -> ReadingBatch:
        text = flux.readings_query(len(points), limit=limit is not None)
        more = {} if limit is None else {"most": limit}
        return readings_of(self._server.query(text, flux.given(self._bucket, start, end, points, **more)))

    def _ask_newest(self) -> ReadingBatch:
        params = flux.given(self._bucket, flux.FIRST, flux.LAST)
        found = readings_of(self._server.query(flux.newest_query(), params))
        by_point = found.take(np.lexsort((found.ts, found.point_id)))
        return by_point.take(np.append(np.diff(by_point.point_id) != 0, True)[: len(by_point)])

    def _ask_count(self, start: Nanos, end: Nanos) -> int:
        params = flux.given(self._bucket, start, end)
        if flux.clamped(start) >= flux.clamped(end):
            return 0
        if end <= 0:  # InfluxDB 2.8 never ends a count that stops before 1970 has begun
            return self._ask_count(start, 1) - self._ask_count(end, 1)
        found = figures_by_name(self._server.query(flux.count_query(), params))
        return int(sum(figures.value.sum() for figures in found.values()))

    def _figures(self, part: Part, points: Sequence[int], interval: Nanos) -> Aggregates:
        raw = not part.tier.step
        text = flux.raw_figures_query(len(points)) if raw else flux.tier_figures_query(len(points))
        more = {"every": interval} if raw else {}
        params = flux.given(part.tier.bucket, part.start, part.end, points, **more)
        return figures_of_tier(figures_by_name(self._server.query(text, params)))

    def _compare(self, folded: Folded, late: Int64s) -> _Found:
        """What the store has of the rows at `late`."""
        rows = folded.last.take(late)
        stored = ReadingBatch.concat(list(self._stored(rows)))
        of_rows, of_stored = _equal_keys(rows, stored)
        at, there = late[of_rows], stored.take(of_stored)
        found = _Found.nothing(len(folded.last))
        found.absent[at] = False
        found.same[at] = same_reading(folded.last.take(at), there)
        found.moved[at] = _fields(folded.last.take(at)) != _fields(there)
        found.repeated = int(same_reading(folded.first.take(at), there).sum())
        found.replaced = len(at) - found.repeated
        return found

    def _stored(self, rows: ReadingBatch) -> Iterator[ReadingBatch]:
        """Stored readings among which are those with the point and time of `rows`, which are in order."""
        for span in _spans(rows):
            start, end = int(span.ts[0]), int(span.ts[-1]) + 1
            points = np.unique(span.point_id)
            of_all = len(points) > flux.POINTS_A_QUERY and end - start <= _SHORT
            try:
                yield self._read(None if of_all else points, start, end, None)
            except AnswerTooLargeError:
                if len(span) == 1:
                    raise
                middle = len(span) // 2
                yield from self._stored(span.take(slice(middle)))
                yield from self._stored(span.take(slice(middle, None)))


@dataclass(slots=True, eq=False)
class _Found:
    """What the store had of a batch's rows: masks of all rows, and counts."""

    absent: Bools
    same: Bools
    """Nothing to write."""
    moved: Bools
    """There with other fields than it will have."""
    repeated: int = 0
    replaced: int = 0

    @classmethod
    def nothing(cls, rows: int) -> _Found:
        return cls(np.full(rows, True), np.full(rows, False), np.full(rows, False))


def _fields(batch: ReadingBatch) -> Int64s:
    """A code for which fields each reading is written with."""
    fields: Int64s = usable_readings(batch) * 2 + (bits_of(batch) != 0)
    return fields


def _spans(rows: ReadingBatch) -> list[ReadingBatch]:
    """The rows, sorted by time, cut at the widest gaps of more than a second."""
    gaps = np.diff(rows.ts)
    widest = np.argsort(gaps)[::-1][: LATE_SPANS - 1]
    cuts = np.sort(widest[gaps[widest] > SECOND]) + 1
    edges = [0, *cuts.tolist(), len(rows)]
    return [rows.take(slice(start, stop)) for start, stop in pairwise(edges)]


def _equal_keys(left: ReadingBatch, right: ReadingBatch) -> tuple[Int64s, Int64s]:
    """Where the two have the same point and time: indices into each, pair by pair."""
    both = ReadingBatch.concat([left, right])
    order = np.lexsort((both.point_id, both.ts))  # stable: of equal keys the left one comes first
    same = (np.diff(both.ts[order]) == 0) & (np.diff(both.point_id[order]) == 0)
    first = np.flatnonzero(same & (order[:-1] < len(left)) & (order[1:] >= len(left)))
    return order[first], order[first + 1] - len(left)

"""The embedded reading store: one DuckDB file, one process.

Rows newer than their point's newest are appended through Arrow without a look-up; only late ones are
compared with what is there. A primary key would do the same for every row, at a fraction of the speed.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from pyarrow.lib import Table, table

from plantroom.errors import StoreError
from plantroom.readings import Bools, Int32s, Int64s, Quality, ReadingBatch
from plantroom.stores.base import Aggregates, Appended
from plantroom.stores.duckdb_file import DuckdbFile, count_readings
from plantroom.stores.folding import Folded, fold, same_reading
from plantroom.stores.newest import Newest
from plantroom.times import Nanos

DROP_SLICE = 1_000_000
"""Rows removed in one transaction, so that appends get in between."""

_NEWEST = """
SELECT point_id, max(ts) AS ts, arg_max(value, ts) AS value, arg_max(quality, ts) AS quality
FROM readings GROUP BY point_id ORDER BY point_id
"""
_FIND = """
SELECT late.at, readings.rowid AS row, readings.value, readings.quality
FROM readings JOIN late ON readings.point_id = late.point_id AND readings.ts = late.ts
WHERE readings.ts BETWEEN $low AND $high
"""
_REPLACE = """
UPDATE readings SET value = changed.value, quality = changed.quality
FROM changed WHERE readings.rowid = changed.row
"""
_RANGE = "SELECT point_id, ts, value, quality FROM readings WHERE ts >= $start AND ts < $end"
_OF_POINTS = " AND point_id IN (SELECT point_id FROM wanted)"
_IN_ORDER = " ORDER BY ts, point_id"
# the remainder of a negative number is negative: times before 1970 need the second turn
_AGGREGATE = """
SELECT point_id, ts - ((ts % $interval) + $interval) % $interval AS start,
       avg(value) AS mean, min(value) AS low, max(value) AS high, count(*) AS count
FROM readings
WHERE ts >= $start AND ts < $end AND point_id IN (SELECT point_id FROM wanted)
      AND (quality & $bad) = 0 AND isfinite(value)
GROUP BY ALL ORDER BY point_id, start
"""
_DROP = "DELETE FROM readings WHERE rowid IN (SELECT rowid FROM readings WHERE ts < $ts LIMIT $slice)"

_COLUMNS = (("point_id", np.int32), ("ts", np.int64), ("value", np.float64), ("quality", np.uint8))
_INT64 = np.iinfo(np.int64)


class DuckdbStore:
    """A ReadingStore in one DuckDB file; its folder must exist.

    Units: `memory_limit` as DuckDB writes it (`1GB`); a query that needs more fails by itself.
    Raises: StoreUnavailableError where another process has the file, StoreCorruptError where it is damaged,
    StoreError where it is of a newer Plantroom or not a reading store.
    """

    def __init__(self, path: Path, *, memory_limit: str = "1GB", threads: int = 2) -> None:
        self._writing = threading.Lock()
        self._newest = Newest(ReadingBatch.empty())
        self._rows = 0
        self._known = 0  # the generation of the file that `_newest` and `_rows` speak of
        self._file = DuckdbFile(path, memory_limit, threads)
        try:
            self._remember()
        except StoreError:
            self._file.close()
            raise

    def append(self, batch: ReadingBatch) -> Appended:
        """What became of the batch, which is on the disk when this returns (DuckDB syncs its WAL)."""
        if not len(batch):
            return Appended(0, 0, 0)
        folded = fold(batch)
        rows = folded.last
        with self._transaction() as cursor:
            newest = self._newest.ts_of(rows.point_id)
            late = rows.ts <= newest
            found = _compare(cursor, folded, np.flatnonzero(late)) if late.any() else None
            fresh = rows if found is None else rows.take(found.absent)
            if len(fresh):
                cursor.from_arrow(_arrow(fresh)).insert_into("readings")
            cursor.commit()
            self._rows += len(fresh)
            self._file.note(self._rows)
            self._newest.put(rows.take(rows.ts >= newest))
        return Appended(
            new=len(fresh),
            repeated=folded.repeated + (found.repeated if found else 0),
            replaced=folded.replaced + (found.replaced if found else 0),
        )

    def latest(self) -> ReadingBatch:
        """The newest reading of every point, sorted by point; from memory."""
        self._remember()
        return self._newest.readings()

    def range(
        self, point_ids: Int32s | None, start: Nanos, end: Nanos, limit: int | None = None
    ) -> ReadingBatch:
        """Readings with start <= ts < end, sorted by time then point, the first `limit` of them."""
        if limit is not None and limit < 0:
            raise ValueError("limit must not be negative")
        if limit is None:
            return self._read(point_ids, start, end, _IN_ORDER)
        return self._read(point_ids, start, end, _IN_ORDER + " LIMIT $limit", limit=limit)

    def scan(self, point_ids: Int32s | None, start: Nanos, end: Nanos) -> ReadingBatch:
        """The readings of `range` in no promised order, as they lie in the file."""
        return self._read(point_ids, start, end, "")

    def aggregate(self, point_ids: Int32s, start: Nanos, end: Nanos, interval: Nanos) -> Aggregates:
        """Mean, lowest, highest and count per point and interval of the good readings in the range."""
        if not 0 < interval <= _INT64.max // 2:
            raise ValueError("interval must be more than nothing and less than 146 years")
        given = {
            "start": _clamped(start),
            "end": _clamped(end),
            "interval": interval,
            "bad": int(Quality.BAD),
        }
        with self._file.cursor() as cursor:
            cursor.register("wanted", _wanted(point_ids))
            columns = cursor.execute(_AGGREGATE, given).fetchnumpy()
        return Aggregates(
            point_id=_column(columns, "point_id", np.int32),
            ts=_column(columns, "start", np.int64),
            mean=_column(columns, "mean", np.float64),
            low=_column(columns, "low", np.float64),
            high=_column(columns, "high", np.float64),
            count=_column(columns, "count", np.int64),
        )

    def drop_before(self, ts: Nanos) -> int:
        """How many readings older than `ts` were removed, a slice at a time."""
        dropped = 0
        while True:
            with self._transaction() as cursor:
                given = {"ts": _clamped(ts), "slice": DROP_SLICE}
                count = int(cursor.execute(_DROP, given).fetchall()[0][0])
                self._file.note(self._rows - count, ahead_of_delete=True)
                cursor.commit()
                self._rows -= count
                if count < DROP_SLICE:
                    self._newest.drop_before(ts)
            dropped += count
            if count < DROP_SLICE:
                return dropped

    def size(self) -> int:
        """How many readings the store holds."""
        self._remember()
        return self._rows

    def close(self) -> None:
        """Interrupt queries, wait for an append, and release the file."""
        with self._writing:
            self._file.close()

    def _read(
        self, point_ids: Int32s | None, start: Nanos, end: Nanos, ending: str, **given: int
    ) -> ReadingBatch:
        query = (_RANGE if point_ids is None else _RANGE + _OF_POINTS) + ending
        with self._file.cursor() as cursor:
            if point_ids is not None:
                cursor.register("wanted", _wanted(point_ids))
            given |= {"start": _clamped(start), "end": _clamped(end)}
            return _from_arrow(cursor.sql(query, params=given).to_arrow_table())

    def _remember(self) -> None:
        """Read again what is kept in memory, where the file was opened anew or a write failed."""
        if self._known != self._file.generation:
            with self._transaction():
                pass

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The one writer's cursor, in a transaction that is rolled back if not committed inside."""
        with self._writing, self._file.cursor() as cursor:
            if self._known != self._file.generation:
                self._newest = Newest(_batch(cursor.execute(_NEWEST).fetchnumpy()))
                self._rows = count_readings(cursor)
                self._known = self._file.generation
            cursor.begin()
            try:
                yield cursor
            except BaseException:
                self._known = 0  # whether it was committed is not known
                raise


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What the store had of the late rows; `absent` is the mask of all rows that are to be inserted."""

    absent: Bools
    repeated: int
    replaced: int


def _compare(cursor: duckdb.DuckDBPyConnection, folded: Folded, late: Int64s) -> _Found:
    """Replace what differs from the store among the rows at `late`, and count."""
    rows = folded.last.take(late)
    cursor.register("late", table({"at": late, "point_id": rows.point_id, "ts": rows.ts}))
    bounds = {"low": int(rows.ts.min()), "high": int(rows.ts.max())}
    there = cursor.execute(_FIND, bounds).fetchnumpy()
    at = _column(there, "at", np.int64)
    stored = ReadingBatch.of(at, at, there["value"], there["quality"])
    differs = ~same_reading(folded.last.take(at), stored)
    if differs.any():
        new = folded.last.take(at[differs])
        changed = {"row": there["row"][differs], "value": new.value, "quality": new.quality}
        cursor.register("changed", table(changed))
        cursor.execute(_REPLACE)
    repeated = int(same_reading(folded.first.take(at), stored).sum())
    absent = np.ones(len(folded.last), dtype=np.bool_)
    absent[at] = False
    return _Found(absent, repeated, len(at) - repeated)


def _arrow(batch: ReadingBatch) -> Table:
    return table({"point_id": batch.point_id, "ts": batch.ts, "value": batch.value, "quality": batch.quality})


def _from_arrow(found: Table) -> ReadingBatch:
    """The columns of a result, copied once: what Arrow holds cannot be written to."""
    return ReadingBatch(*(_joined(found, name, dtype) for name, dtype in _COLUMNS))


def _joined(found: Table, name: str, dtype: Any) -> Any:
    column = found.column(name)
    joined = np.empty(len(column), dtype=dtype)
    at = 0
    for chunk in column.chunks:
        joined[at : at + len(chunk)] = chunk.to_numpy()
        at += len(chunk)
    return joined


def _wanted(point_ids: Int32s) -> Table:
    return table({"point_id": np.unique(np.asarray(point_ids, dtype=np.int32))})


def _clamped(ts: Nanos) -> Nanos:
    return max(_INT64.min, min(_INT64.max, ts))


def _column(columns: dict[str, Any], name: str, dtype: Any) -> Any:
    return np.asarray(columns[name], dtype=dtype)


def _batch(columns: dict[str, Any]) -> ReadingBatch:
    return ReadingBatch.of(columns["point_id"], columns["ts"], columns["value"], columns["quality"])

"""Readings written and compared as plain rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from plantroom.readings import ReadingBatch
from plantroom.stores.base import Aggregates, ReadingStore
from plantroom.times import SECOND

OpenStore: TypeAlias = Callable[[], ReadingStore]
Row: TypeAlias = tuple[int, int, float, int]

T0 = 1_760_000_000 * SECOND
FAR = 2**62


def batch(*rows: tuple[int, int, float] | Row) -> ReadingBatch:
    """Readings written as (point, ts, value) or (point, ts, value, quality)."""
    full = [row if len(row) == 4 else (*row, 0) for row in rows]
    return ReadingBatch.of(*([row[column] for row in full] for column in range(4)))


def rows(readings: ReadingBatch) -> list[tuple[int, int, str, int]]:
    """Rows that compare: the value as its shortest text, so that NaN equals NaN."""
    columns = (readings.point_id, readings.ts, readings.value, readings.quality)
    return [(int(p), int(t), repr(float(v) + 0.0), int(q)) for p, t, v, q in zip(*columns, strict=True)]


def everything(store: ReadingStore) -> ReadingBatch:
    """All that the store holds."""
    return store.range(None, -FAR, FAR)


def aggregate_rows(found: Aggregates) -> list[tuple[int, int, float, float, float, int]]:
    """Aggregates as plain rows."""
    columns = (found.point_id, found.ts, found.mean, found.low, found.high, found.count)
    return [tuple(column[index].item() for column in columns) for index in range(len(found.ts))]

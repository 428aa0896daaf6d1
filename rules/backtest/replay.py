"""Stored readings through engines, in slices of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from plantroom.readings import Int32s, ReadingBatch
from plantroom.stores.base import ReadingStore
from plantroom.times import DAY, MILLISECOND, Nanos
from rules.backtest.engines import BacktestError, CancelledError, Engines, Flips
from rules.backtest.sides import Plan
from rules.backtest.workers import Workers

__all__ = ["BacktestError", "CancelledError", "Progress", "replay"]

SLICE_READINGS = 400_000
"""How many readings are taken at once, about: more no longer fit into the processor's caches."""
_SHORTEST_SLICE, _LONGEST_SLICE = MILLISECOND, 7 * DAY


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: readings are seen up to `at`, of `start` to `end`."""

    start: Nanos
    at: Nanos
    end: Nanos
    readings: int

    @property
    def share(self) -> float:
        """0 to 1."""
        return 1.0 if self.end <= self.start else (self.at - self.start) / (self.end - self.start)


def replay(
    plan: Plan,
    store: ReadingStore,
    start: Nanos,
    end: Nanos,
    *,
    processes: int,
    slice_readings: int = SLICE_READINGS,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Flips, int]:
    """The flips of every rule of the plan's engines, and over how many readings.

    With `processes` 0 the engines run in this process and thread, else in so many others.
    Raises: CancelledError, BacktestError; StoreError of the store.
    """
    count = 0
    with closing(Workers(plan, processes) if processes else Engines(plan.engines)) as sink:
        for stop, batch in _slices(plan, store, start, end, slice_readings):
            if cancelled is not None and cancelled():
                raise CancelledError("the backtest was cancelled")
            count += len(batch)
            if len(batch):
                sink.put(batch, stop)
            if progress is not None:
                progress(Progress(start, stop, end, count))
        return sink.finish(end), count


def _slices(
    plan: Plan, store: ReadingStore, start: Nanos, end: Nanos, size: int
) -> Iterator[tuple[Nanos, ReadingBatch]]:
    """The plan's readings in the order of time, slice by slice, and up to when each goes.

    The span of a slice follows what the one before held; it begins small and at most doubles, so that
    points that come faster than they should do not fill the memory.
    """
    samples = [point.sample for point in plan.engines[0].table.points.values()]
    if not samples:
        return
    expected = int(size / sum(1 / max(sample, MILLISECOND) for sample in samples))
    span = max(_SHORTEST_SLICE, min(_LONGEST_SLICE, expected) // 8)
    # picking points out of the file costs more than passing over some
    every_point = 2 * len(plan.point_ids) > len(store.latest())
    wanted = None if every_point else plan.point_ids
    while start < end:
        stop = min(start + span, end)
        batch = store.scan(wanted, start, stop)
        yield stop, _in_order(_of(plan.point_ids, batch) if every_point else batch)
        growth = min(2.0, size / len(batch)) if len(batch) else 2.0
        span = max(_SHORTEST_SLICE, min(_LONGEST_SLICE, int(span * growth)))
        start = stop


def _of(point_ids: Int32s, batch: ReadingBatch) -> ReadingBatch:
    if not len(batch) or not len(point_ids):
        return batch.take(slice(0, 0))
    wanted = np.zeros(max(int(batch.point_id.max()), int(point_ids.max())) + 1, dtype=np.bool_)
    wanted[point_ids] = True
    mine = wanted[batch.point_id]
    return batch if mine.all() else batch.take(mine)


def _in_order(batch: ReadingBatch) -> ReadingBatch:
    if (batch.ts[1:] >= batch.ts[:-1]).all():
        return batch
    return batch.take(np.argsort(batch.ts, kind="stable"))

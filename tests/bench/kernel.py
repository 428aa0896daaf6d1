"""The bare numpy kernel: no rules engine, one threshold for each point."""

from __future__ import annotations

import numpy as np

from plantroom.readings import ReadingBatch
from plantroom.times import SECOND

NEVER = np.iinfo(np.int64).max // 2


class Kernel:
    """One upper threshold for each point, with hysteresis and on-delay, in numpy and nothing else."""

    def __init__(self, healthy: np.ndarray) -> None:
        self.high = healthy * 1.2 + 0.5
        self.low = self.high * 0.98
        self.active = np.zeros(len(healthy), dtype=bool)
        self.since = np.full(len(healthy), NEVER)

    def step(self, batch: ReadingBatch) -> int:
        """How many thresholds changed their minds."""
        order = np.argsort(batch.point_id, kind="stable")
        point = batch.point_id[order]
        first = np.concatenate([[True], point[1:] != point[:-1]])
        begin = np.maximum.accumulate(np.where(first, np.arange(len(point)), 0))
        rank = np.arange(len(point)) - begin
        changes = 0
        for turn in range(int(rank.max()) + 1):
            take = order[rank == turn] if rank.any() else order
            ids, value, ts = batch.point_id[take], batch.value[take], batch.ts[take]
            above = value > self.high[ids]
            since = np.where(above, np.minimum(self.since[ids], ts), NEVER)
            active = self.active[ids]
            new = np.where(active, value >= self.low[ids], above & (ts - since >= 10 * SECOND))
            self.since[ids], self.active[ids] = since, new
            changes += int((new != active).sum())
        return changes

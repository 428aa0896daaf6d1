"""A batch folded to one row for each point and time, so that what became of each reading can be counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plantroom.readings import Bools, ReadingBatch


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A batch as one row for each (point, ts): what came first, what came last, and what lay between."""

    first: ReadingBatch
    last: ReadingBatch
    repeated: int
    replaced: int


def fold(batch: ReadingBatch) -> Folded:
    """The batch folded; counts are as if its readings had come one by one."""
    last = batch.normalised()
    if len(last) == len(batch):
        return Folded(last, last, 0, 0)
    rows = batch.take(np.lexsort((batch.point_id, batch.ts)))
    same_key = (np.diff(rows.ts) == 0) & (np.diff(rows.point_id) == 0)
    same = same_reading(rows.take(slice(1, None)), rows.take(slice(None, -1))) & same_key
    repeated = int(same.sum())
    first = rows.take(np.append(True, ~same_key))
    return Folded(first, last, repeated, int(same_key.sum()) - repeated)


def same_reading(left: ReadingBatch, right: ReadingBatch) -> Bools:
    """A mask of the rows with equal value (NaN equals NaN) and quality."""
    value = (left.value == right.value) | (np.isnan(left.value) & np.isnan(right.value))
    same: Bools = value & (left.quality == right.quality)
    return same

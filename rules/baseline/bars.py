"""Minute means per equipment, closed when a reading of a later minute comes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from plantroom.readings import Bools, Float64s, Int64s
from plantroom.times import MINUTE
from rules.baseline.fleet import NEVER

_BITS = 32
"""Room for the minutes of a batch beside its equipment in one key: 8,000 years."""


class Closed(NamedTuple):
    """Bars that no later reading can enter, by equipment and time.

    Shapes: `column`, `minute` [n]; `mean` [n, P], NaN where a point had no good reading.
    """

    column: Int64s
    minute: Int64s
    mean: Float64s

    def take(self, index: Bools | Int64s) -> Closed:
        """The bars at a mask or an index."""
        return Closed(self.column[index], self.minute[index], self.mean[index])


class Bars:
    """The open minute of each equipment.

    Shapes: `minute` [E] (NEVER before the first reading), `total` and `count` [E, P], `last` [E, P]: the
    time of each point's newest reading in ns, since an older or repeated one must not count again.
    """

    def __init__(self, size: int, width: int) -> None:
        self.minute: Int64s = np.full(size, NEVER, dtype=np.int64)
        self.total: Float64s = np.zeros((size, width))
        self.count: Int64s = np.zeros((size, width), dtype=np.int64)
        self.last: Int64s = np.full((size, width), np.iinfo(np.int64).min)

    def take(self, column: Int64s, row: Int64s, ts: Int64s, value: Float64s) -> Closed:
        """The bars that the readings close; the readings are sorted by time.

        `row` is the point's, or -1 for a reading whose time alone counts, as does that of a NaN. A reading of
        a minute before the equipment's open one is late and ignored. Shapes: [n] each.
        """
        minute = ts // MINUTE
        timely = minute >= self.minute[column]
        column, row, ts, minute = column[timely], row[timely], ts[timely], minute[timely]
        value = value[timely]
        touched = np.unique(column)
        had = touched[self.minute[touched] != NEVER]
        base = min(int(minute.min(initial=2**62)), int(self.minute[had].min(initial=2**62)))
        keys = np.concatenate([column, had]) << _BITS
        keys += np.concatenate([minute, self.minute[had]]) - base
        bars, place = np.unique(keys, return_inverse=True)
        total = np.zeros((len(bars), self.total.shape[1]))
        count = np.zeros_like(total, dtype=np.int64)
        total[place[len(column) :]], count[place[len(column) :]] = self.total[had], self.count[had]
        use = np.flatnonzero(self._fresh(column, row, ts) & np.isfinite(value))
        # one after the other, so that the sum is the same however the readings are cut into batches
        np.add.at(total, (place[use], row[use]), value[use])
        np.add.at(count, (place[use], row[use]), 1)
        of, when = bars >> _BITS, (bars & (2**_BITS - 1)) + base
        newest = np.append(of[1:] != of[:-1], True)[: len(of)]
        self.minute[of[newest]] = when[newest]
        self.total[of[newest]], self.count[of[newest]] = total[newest], count[newest]
        mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return Closed(of[~newest], when[~newest], mean[~newest])

    def _fresh(self, column: Int64s, row: Int64s, ts: Int64s) -> Bools:
        """Which readings are newer than all before of their point."""
        at = np.flatnonzero(row >= 0)
        at = at[ts[at] > self.last[column[at], row[at]]]
        order = at[np.lexsort((row[at], column[at]))]  # stable: by time within a point
        again = (np.diff(column[order]) == 0) & (np.diff(row[order]) == 0) & (np.diff(ts[order]) == 0)
        fresh: Bools = np.zeros(len(row), dtype=np.bool_)
        fresh[order[np.append(True, ~again)[: len(order)]]] = True
        self.last[column[order], row[order]] = ts[order]
        return fresh

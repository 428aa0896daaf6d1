"""What rules remember between evaluations: since when a condition holds, and the reading before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plantroom.readings import Float64s, Int64s
from rules.alignment import Aligned, Evaluations, Placed
from rules.program import Int8s
from rules.runs import opens
from rules.window import NEVER, Window


class Lasting:
    """Since when conditions have been known true. Shapes: `since` and `gap` [K, E], ns."""

    def __init__(self, names: Sequence[str], gaps: Sequence[Int64s], equipment: int) -> None:
        self.names = tuple(names)
        self.since: Int64s = np.full((len(names), equipment), NEVER, dtype=np.int64)
        self.gap: Int64s = np.array(gaps, dtype=np.int64).reshape(len(names), equipment)

    def elapsed(self, found: Evaluations, truth: Int8s) -> Float64s:
        """For how many s each condition has been true at every evaluation: float64[K, G].

        0 where it is known false, NaN where it is unknown. A silence longer than the gap interrupts it.
        """
        holds = truth == 1
        held = np.zeros_like(holds)
        held[:, 1:] = holds[:, :-1]
        held[:, found.start] = (self.since != NEVER)[:, found.equipment]
        broken = found.before < found.at - self.gap[:, found.column]
        begins = holds & (~held | broken)
        index = np.where(begins, np.arange(len(found.at)), -1)
        np.maximum.accumulate(index, axis=1, out=index)
        carried = index < found.start[found.run]
        since = np.where(carried, self.since[:, found.column], found.at[index])
        self.since[:, found.equipment] = np.where(holds, since, NEVER)[:, found.last]
        elapsed = np.where(holds, (found.at - since) / 1e9, np.nan)
        elapsed[truth == -1] = 0.0
        return elapsed

    def at(self, column: int, now: int, truth: Int8s) -> Float64s:
        """The same for one equipment at an instant, nothing remembered: float64[K, 1]."""
        since = self.since[:, [column]]
        elapsed = np.where((truth == 1) & (since != NEVER), (now - since) / 1e9, 0.0)
        return np.where(truth == 0, np.nan, elapsed)


class Before:
    """The reading before the last one of some points. Shapes: `value` [V, E]."""

    def __init__(self, rows: Sequence[int], equipment: int) -> None:
        self.rows = tuple(rows)
        self.value: Float64s = np.full((len(rows), equipment), np.nan)

    def passing(self, window: Window, readings: Placed) -> None:
        """Readings become the latest of their points without an evaluation of their own."""
        for index, row in enumerate(self.rows):
            self._earlier(index, row, window, readings)

    def _earlier(self, index: int, row: int, window: Window, readings: Placed) -> tuple[Int64s, Float64s]:
        """Which readings are of the row's point, and the reading before each; the last ones are kept."""
        of_row, column = np.divmod(readings.place - window.base, len(window.equipment))
        mine = np.flatnonzero(of_row == row)
        at = column[mine]
        first = opens(at)
        earlier = np.empty(len(mine))
        earlier[1:] = readings.value[mine][:-1]
        earlier[first] = window.value[row, at[first]]
        self.value[index, at] = earlier  # of repeated indexes numpy keeps the last
        return mine, earlier

    def at(self, window: Window, aligned: Aligned) -> Float64s:
        """The reading before the last one at every evaluation: float64[V, G]."""
        found, readings = aligned.found, aligned.readings
        result = np.empty((len(self.rows), len(found.at)))
        for index, row in enumerate(self.rows):
            stood = self.value[index, found.column]
            mine, earlier = self._earlier(index, row, window, readings)
            of_reading = np.full(len(readings.ts), np.nan)
            of_reading[mine] = earlier
            newest = aligned.newest[row]
            inside = newest >= 0
            held = of_reading[np.where(inside, newest - aligned.offset, 0)]
            result[index] = np.where(inside, held, stood)
        return result

"""What rules remember between evaluations: since when a condition holds, and the reading before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plantroom.readings import Float64s, Int64s
from rules.alignment import Aligned, Placed
from rules.evaluations import Abreast
from rules.program import Int8s
from rules.runs import opens
from rules.strips import Strips
from rules.window import NEVER, Latest


class Lasting:
    """Since when conditions have been known true, a strip for each condition of each class.

    Units: `since` and `gap` ns, `since` NEVER where the condition is not true.
    """

    def __init__(self, gaps: Sequence[Int64s]) -> None:
        """`gaps` says for each strip how far apart two evaluations may be."""
        self.gap: Int64s = np.concatenate([*gaps, np.empty(0, dtype=np.int64)])
        self.since: Int64s = np.full(len(self.gap), NEVER, dtype=np.int64)

    def elapsed(self, strips: Strips, abreast: Abreast, truth: Int8s) -> Float64s:
        """For how many s each condition has been true at every evaluation: float64[K, W].

        0 where it is known false, NaN where it is unknown. A silence longer than the gap interrupts it.
        """
        of, at = strips.of, abreast.at[strips.of]
        place = strips.at(abreast.equipment)
        holds, stood = truth == 1, self.since[place]
        slot = np.arange(abreast.width)
        opening = abreast.opening[of]
        held = np.empty_like(holds)
        held[:, 1:] = holds[:, :-1]
        np.copyto(held, stood != NEVER, where=opening == slot)
        broken = abreast.before[of] < at - self.gap[place]
        begins = holds & (~held | broken)
        index = np.where(begins, slot, -1)
        np.maximum.accumulate(index, axis=1, out=index)
        since = np.where(index < opening, stood, np.take_along_axis(at, np.maximum(index, 0), axis=1))
        ends = abreast.closes[of]
        self.since[place[ends]] = np.where(holds, since, NEVER)[ends]
        elapsed = np.where(holds, (at - since) / 1e9, np.nan)
        elapsed[truth == -1] = 0.0
        return elapsed

    def at(self, strips: Strips, abreast: Abreast, truth: Int8s) -> Float64s:
        """The same, nothing remembered: for equipment at an instant after its last evaluation."""
        since = self.since[strips.at(abreast.equipment)]
        elapsed = np.where((truth == 1) & (since != NEVER), (abreast.at[strips.of] - since) / 1e9, 0.0)
        return np.where(truth == 0, np.nan, elapsed)


class Before:
    """The reading before the last one, of the points that rules ask it of.

    `index` [places] says where a place's stands in `value`, -1 where nobody asks.
    """

    def __init__(self, places: int, asked: Sequence[Int64s]) -> None:
        """`asked` are the places that rules ask about."""
        place = np.concatenate([*asked, np.empty(0, dtype=np.int64)])
        self.index: Int64s = np.full(places, -1, dtype=np.int64)
        self.index[place] = np.arange(len(place))
        self.value: Float64s = np.full(len(place), np.nan)

    def passing(self, latest: Latest, readings: Placed) -> tuple[Int64s, Float64s]:
        """Which readings are of points that are asked about, and the reading before each.

        Those before the last ones are kept. The readings are sorted by equipment, then time, and are not yet
        the latest of their points.
        """
        mine = np.flatnonzero(self.index[readings.place] >= 0)
        mine = mine[np.argsort(readings.place[mine], kind="stable")]
        place = readings.place[mine]
        first = opens(place) if len(place) else np.empty(0, dtype=np.bool_)
        earlier = np.empty(len(mine))
        earlier[1:] = readings.value[mine][:-1]
        earlier[first] = latest.value[place[first]]
        self.value[self.index[place]] = earlier  # of repeated indexes numpy keeps the last
        return mine, earlier

    def at(self, latest: Latest, aligned: Aligned, place: Int64s, rows: Int64s) -> Float64s:
        """The reading before the last one at every evaluation: float64[V, W].

        `place` [V, W] are the places that are asked about, `rows` [V] the rows of their points.
        """
        stood = self.value[self.index[place]]
        mine, earlier = self.passing(latest, aligned.readings)
        of_reading = np.full(len(aligned.readings.ts), np.nan)
        of_reading[mine] = earlier
        newest = aligned.newest[rows]
        return np.where(newest >= 0, of_reading[newest], stood)

"""Readings smoothed to levels, point by point, the same however they are cut into pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plantroom.readings import Bools, Float64s, Int64s
from plantroom.times import Nanos

NEVER: Nanos = -(2**62)
"""Stands for no time: before every reading, and far enough from the end of int64 to be subtracted."""
_STEP = 5.0
"""A single reading moves a level as if it were at most this many scales away, so that a spike is no fault
while a true shift is still followed (Huber's psi)."""
_FURTHEST = 1e6
"""No reading counts as further away than this many scales; keeps squares finite."""


class Smoothed(NamedTuple):
    """Levels at N readings of U points.

    Shapes: `level` (NaN where not `known`) and `known` [N, U]; `away` [N], the longest silence that ended at
    each reading, in ns, 0 where none did.
    """

    level: Float64s
    known: Bools
    away: Int64s


@dataclass(slots=True)
class Levels:
    """The levels of U points, in scales.

    Shapes: [U]. `count` is the readings since the level started anew, `seen` the time of the last one.
    """

    level: Float64s
    count: Int64s
    seen: Int64s

    @classmethod
    def blank(cls, width: int) -> Levels:
        """Levels that no reading has reached yet."""
        return cls(np.zeros(width), np.zeros(width, dtype=np.int64), np.full(width, NEVER, dtype=np.int64))

    def advance(self, ts: Int64s, scaled: Float64s, weight: float, warm: int, gap: Nanos) -> Smoothed:
        """The levels after each reading, taking them into the state.

        A point is known at a reading that it has a value for, once its level rests on `warm` of them. Silence
        of more than `gap` starts it anew. Shapes: `ts` [N], `scaled` [N, U], NaN unknown.
        """
        known = np.isfinite(scaled)
        last = np.maximum.accumulate(np.concatenate([self.seen[None], np.where(known, ts[:, None], NEVER)]))
        silence = np.where(known, ts[:, None] - last[:-1], 0)
        anew = silence > gap
        count = np.cumsum(known, axis=0) + self.count
        count -= np.maximum.accumulate(np.where(anew, count - 1, 0))
        weights = np.maximum(weight, 1.0 / np.maximum(count, 1))
        bounds = np.where(count > warm, _STEP, np.inf)
        level = np.empty(scaled.shape)
        values = np.clip(scaled, -_FURTHEST, _FURTHEST)
        for point in range(scaled.shape[1]):
            level[:, point] = _follow(
                float(self.level[point]), values[:, point], weights[:, point], bounds[:, point]
            )
        if len(ts):
            self.level, self.count, self.seen = level[-1].copy(), count[-1], last[-1]
        known &= count >= warm
        # the first reading ever ends no silence
        away = np.where(anew & (silence < -NEVER // 2), silence, 0).max(axis=1, initial=0)
        return Smoothed(np.where(known, level, np.nan), known, away)


def _follow(level: float, values: Float64s, weights: Float64s, bounds: Float64s) -> list[float]:
    """The level after each value, NaN leaving it. A recursion: floats are quicker here than arrays of one."""
    out: list[float] = []
    for value, weight, bound in zip(values.tolist(), weights.tolist(), bounds.tolist(), strict=True):
        if value == value:  # noqa: PLR0124 - NaN, without a call
            level += weight * min(max(value - level, -bound), bound)
        out.append(level)
    return out

"""What is known of the normal running of many equipment of one class, in arrays side by side.

`gathering` fills the first half while an equipment learns, `judging` uses the second half afterwards; the
levels in between serve both. Times here are whole minutes since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from plantroom.readings import Bools, Float64s, Int64s
from rules.baseline.model import Settings

NEVER = -(2**40)
"""Stands for no minute; far enough from the end of int64 to be subtracted."""
STEP = 5.0
"""A reading moves a level as if it were at most this many scales away (see `levels`)."""
FEW = 60
"""Rows from which a scale that is still being learned is trusted to bound anything."""
ABSURD = 1e100

LAYOUT: dict[str, tuple[str, int, float]] = {
    "level": ("<f8", 1, 0), "count": ("<i8", 1, 0), "seen": ("<i8", 1, NEVER),
    "rows": ("<i8", 0, 0), "first": ("<i8", 0, NEVER), "last": ("<i8", 0, NEVER),
    "number": ("<i8", 1, 0), "mean": ("<f8", 1, 0), "square": ("<f8", 1, 0), "before": ("<f8", 1, np.nan),
    "steps": ("<f8", 2, 0), "step_pairs": ("<f8", 2, 0),
    "reference": ("<f8", 1, np.nan), "moved": ("<f8", 1, 0), "known": ("<f8", 1, 0),
    "products": ("<f8", 2, 0), "pairs": ("<f8", 2, 0),
    "ready": ("?", 0, False), "period": ("<i8", 0, 0), "used": ("?", 1, False), "scale": ("<f8", 1, 1),
    "centre": ("<f8", 1, 0), "noise": ("<f8", 2, 0), "wander": ("<f8", 2, 0),
    "reach": ("<f8", 0, 0), "offsets": ("<f8", 1, 0), "cell_from": ("<i8", 0, NEVER), "cell": ("<i8", 0, 0),
    "healthy": ("<i8", 0, 0), "alarmed": ("<i8", 0, 0), "away": ("<i8", 0, 0), "on": ("?", 0, False),
}  # fmt: skip
"""Name -> type, how many times by point besides by equipment, and what stands there before the first row."""

_Array = TypeVar("_Array", bound=np.ndarray[Any, Any])


@dataclass(slots=True)
class Fleet:
    """Shapes: [E] by equipment, [E, P] by point besides, [E, P, P] by pair of points; LAYOUT says which.

    Units: `mean`, `level`, `centre`, `scale` and `before` in those of the points, `offsets`, `noise` and
    `wander` in scales, `seen`, `first`, `last`, `cell_from`, `period` and `away` in minutes.
    """

    level: Float64s
    count: Int64s
    seen: Int64s
    rows: Int64s
    first: Int64s
    last: Int64s
    number: Int64s
    mean: Float64s
    square: Float64s
    before: Float64s
    steps: Float64s
    step_pairs: Float64s
    reference: Float64s
    moved: Float64s
    known: Float64s
    products: Float64s
    pairs: Float64s
    ready: Bools
    period: Int64s
    used: Bools
    scale: Float64s
    centre: Float64s
    noise: Float64s
    wander: Float64s
    reach: Float64s
    offsets: Float64s
    cell_from: Int64s
    cell: Int64s
    healthy: Int64s
    alarmed: Int64s
    away: Int64s
    on: Bools
    pattern: Bools
    """Which points were known when `turn` and `spread` were last made; derived, as they are."""
    turn: Float64s
    """Independent directions of the known points, of noise 1 each [E, direction, P]."""
    spread: Float64s
    """The wander along each direction [E, direction]."""

    @classmethod
    def blank(cls, size: int, width: int) -> Fleet:
        """Equipment of which nothing is known yet."""
        arrays = {name: _blank(name, size, width) for name in LAYOUT}
        return cls(
            **arrays,
            pattern=np.zeros((size, width), dtype=np.bool_),
            turn=np.zeros((size, width, width)),
            spread=np.zeros((size, width)),
        )

    def forget(self, column: int) -> None:
        """Let one equipment learn anew."""
        for name, (_, _, initial) in LAYOUT.items():
            getattr(self, name)[column] = initial
        self.pattern[column] = False

    def smooth(
        self, at: Int64s, minute: Int64s, values: Float64s, settings: Settings
    ) -> tuple[Bools, Int64s]:
        """Take a row of each equipment `at` into its levels: which are known now, and silence that ended.

        The same recursion as `levels.Levels`. Shapes: at, minute [n], values [n, P]; gives [n, P] and [n].
        """
        known = np.isfinite(values)
        seen = self.seen[at]
        silence = np.where(known, minute[:, None] - seen, 0)
        anew = silence > settings.gap
        count = np.where(anew, 0, self.count[at]) + known
        weight = np.maximum(settings.weight, 1.0 / np.maximum(count, 1))
        bound = np.where(count > settings.smoothing, STEP * self.scales(at), np.inf)
        level = self.level[at]
        pull = np.clip(np.where(known, values - level, 0.0), -bound, bound)
        self.level[at] = level + weight * pull
        self.count[at] = count
        self.seen[at] = np.where(known, minute[:, None], seen)
        away = np.where(anew & (seen != NEVER), silence, 0).max(axis=1, initial=0)
        return known & (count >= settings.smoothing), away

    def scales(self, at: Int64s) -> Float64s:
        """The scale of each point: what was learned, or as it looks now; infinite where that says nothing."""
        number = self.number[at]
        now = np.sqrt(self.square[at] / np.maximum(number, 1))
        now = np.where((number >= FEW) & (now > 0), now, np.inf)
        return np.where(self.ready[at][:, None], self.scale[at], now)


def _blank(name: str, size: int, width: int) -> Any:
    kind, points, initial = LAYOUT[name]
    return np.full((size, *(width,) * points), initial, dtype=kind)


def added(terms: Float64s) -> Float64s:
    """The sum along the last axis, one after the other: it must not round otherwise for other neighbours."""
    return np.asarray(np.add.accumulate(terms, axis=-1)[..., -1])

"""Every series of every equipment numbered through the property, and the windows that look at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plantroom.readings import Bools, Float64s, Int64s
from plantroom.times import MINUTE
from rules.language.terms import Flag, PointValue, Term, TruthTerm, Windowed, point_rows
from rules.program.program import Fixed, fixed_number
from rules.window import Window


@dataclass(frozen=True, slots=True)
class Series:
    """What enters bars: a term, and when."""

    source: Term
    where: TruthTerm | None

    @property
    def point(self) -> int | None:
        """The row of the point that it is, where it is nothing else."""
        if self.where is None and isinstance(self.source, PointValue | Flag):
            return self.source.row
        return None

    @property
    def read(self) -> tuple[int, ...]:
        """The rows of the points whose readings enter; empty where it is of other equipment alone."""
        return tuple(sorted(point_rows(self.source)))

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows of the points that it reads."""
        found = point_rows(self.source)
        return tuple(sorted(found if self.where is None else found | point_rows(self.where)))


class ClassLanes:
    """The lanes and windows of one class.

    A series s of the equipment in column e has lane `base[s] + e`; a window w stands at `out + w * E + e` of
    the windows' values.
    """

    def __init__(self, windows: Sequence[Windowed], window: Window, fixed: Fixed) -> None:
        self.windows = tuple(windows)
        self.window = window
        self.series = tuple(dict.fromkeys(Series(item.source, item.where) for item in self.windows))
        self.names = {Series(item.source, item.where): item.series for item in self.windows}
        self.expressions = tuple(item for item in self.series if item.point is None)
        self.base: dict[Series, int] = {}
        self.out = 0
        self._index = {item: at for at, item in enumerate(self.windows)}
        self.limits = [
            None if item.limit is None else fixed_number(item.limit, fixed) for item in self.windows
        ]

    @property
    def width(self) -> int:
        """How many equipment the class has."""
        return len(self.window.equipment)

    def strip(self, window: Windowed) -> int:
        """Where the values of a window begin."""
        return self.out + self._index[window] * self.width

    def fitted(self, series: Series) -> Bools:
        """Which equipment have every point that a series reads."""
        rows = list(series.rows)
        if not rows:
            return np.ones(self.width, dtype=np.bool_)
        found: Bools = np.logical_and.reduce(self.window.present[rows], axis=0)
        return found


@dataclass(frozen=True, slots=True)
class Look:
    """One window function over lanes of a ring, all of one span.

    Shapes: `lanes` [k] which lanes, `out` [k] where the values go, `limit` [k]; `need` is how many bars must
    hold a reading.
    """

    function: str
    span_bars: int
    step: int
    need: int
    counter: bool
    lanes: Int64s
    out: Int64s
    limit: Float64s


class Lanes:
    """All lanes of the property: points first, by their place, then expressions by class."""

    def __init__(self, classes: Sequence[ClassLanes], places: int) -> None:
        self.classes = tuple(classes)
        self.of_place: Int64s = np.full(places, -1, dtype=np.int64)
        self.size = 0
        self.values = 0
        for points in (True, False):
            for lanes in self.classes:
                for series in sorted(lanes.series, key=lambda item: item.point or 0):
                    if (series.point is not None) is points:
                        lanes.base[series] = self.size
                        self.size += lanes.width
        for lanes in self.classes:
            lanes.out = self.values  # as windows are numbered
            self.values += lanes.width * len(lanes.windows)
            self._place(lanes)
        self.fitted: Bools = np.zeros(self.size, dtype=np.bool_)
        self.gap: Int64s = np.zeros(self.size, dtype=np.int64)
        for lanes in self.classes:
            for series, base in lanes.base.items():
                self.fitted[base : base + lanes.width] = lanes.fitted(series)
                self.gap[base : base + lanes.width] = lanes.window.longest_gap(series.rows)
        self.looks = tuple(self._looks())

    def _place(self, lanes: ClassLanes) -> None:
        for series, base in lanes.base.items():
            if series.point is not None:
                places = lanes.window.places[series.point]
                self.of_place[places] = base + np.arange(lanes.width)

    def _looks(self) -> list[Look]:
        groups: dict[tuple[str, int, int, int, bool], list[tuple[Int64s, Int64s, Float64s]]] = {}
        for lanes in self.classes:
            column = np.arange(lanes.width)
            for index, window in enumerate(lanes.windows):
                bars = window.span // window.step
                step = window.step // MINUTE
                need = 1 if window.where is not None else (bars + 1) // 2
                if window.function in ("time_to", "slope"):
                    need = max(need, (bars + 2) // 3)  # a machine that has just started only warms up
                base = lanes.base[Series(window.source, window.where)]
                limit = lanes.limits[index]
                groups.setdefault((window.function, bars, step, need, window.counter), []).append(
                    (
                        base + column,
                        lanes.out + index * lanes.width + column,
                        np.full(lanes.width, np.nan) if limit is None else limit,
                    )
                )
        looks = []
        for (function, bars, step, need, counter), found in groups.items():
            lane, out, limit = (np.concatenate(part) for part in zip(*found, strict=True))
            order = np.argsort(lane, kind="stable")
            looks.append(Look(function, bars, step, need, counter, lane[order], out[order], limit[order]))
        return looks

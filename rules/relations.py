"""Points of other equipment as they were at an instant: one related equipment, or a group of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from plantroom.catalogue import Catalogue
from plantroom.model import Equipment, PointTable
from plantroom.readings import Bools, Float64s, Int64s
from plantroom.units import conversion
from rules.alignment import Placed
from rules.evaluations import Abreast, stretches
from rules.language.terms import Related
from rules.strips import Strips
from rules.window import Latest, Window


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """The places that related points have, for each equipment of the classes that ask.

    Shapes: `how` [T] what is made of each related point's members; `strips` [T] where the equipment that asks
    stands in `start` and `count`, which say which of `place`, `scale`, `offset`, `stale_after` [m] are its own.
    """

    how: Sequence[str]
    strips: Strips
    start: Int64s
    count: Int64s
    place: Int64s
    scale: Float64s
    offset: Float64s
    stale_after: Int64s

    @classmethod
    def of(cls, asked: Sequence[tuple[str, Rows]], places: Iterable[tuple[int, int]]) -> Members:
        """What is asked of the members of each equipment; `places` are, of each term, the number of its
        class's first equipment and its class's row in what `at` is asked with."""
        rows = [row for _, mine in asked for row in mine]
        begins = np.cumsum([0, *(len(mine) for _, mine in asked)])[:-1]
        strips = [(int(at) - first, of) for at, (first, of) in zip(begins, places, strict=True)]
        count = np.array([len(mine) for mine in rows], dtype=np.int64)
        flat = [entry for mine in rows for entry in mine]
        place, scale, shift, stale_after = zip(*flat, strict=True) if flat else ((), (), (), ())
        return cls(
            [how for how, _ in asked],
            Strips.listed(strips),
            np.cumsum(count) - count,
            count,
            np.array(place, dtype=np.int64),
            np.array(scale, dtype=np.float64),
            np.array(shift, dtype=np.float64),
            np.array(stale_after, dtype=np.int64),
        )


class Past:
    """The readings of a batch at some places, over the latest of before."""

    def __init__(self, latest: Latest, readings: Placed, order: Int64s, asked: Bools) -> None:
        """`order` is that of the readings by place and time; `asked` [places] says where anybody looks."""
        self._latest = latest
        order = order[asked[readings.place[order]]]
        self._place, self._ts, self._value = readings.place[order], readings.ts[order], readings.value[order]
        self._times = np.unique(self._ts)
        self._span = len(self._times) + 1
        self._keys = self._place * self._span + np.searchsorted(self._times, self._ts) + 1

    def values(self, place: Int64s, at: Int64s, stale_after: Int64s) -> Float64s:
        """What stood at each place at each time, NaN where that was bad or stale."""
        value, ts = self._latest.value[place], self._latest.ts[place]
        if len(self._keys):
            wanted = place * self._span + np.searchsorted(self._times, at, side="right")
            index = np.searchsorted(self._keys, wanted, side="right") - 1
            inside = (index >= 0) & (self._place[index] == place)
            value = np.where(inside, self._value[index], value)
            ts = np.where(inside, self._ts[index], ts)
        value[(ts < at - stale_after) | (ts > at)] = np.nan
        found: Float64s = value
        return found


Rows: TypeAlias = "list[list[tuple[int, float, float, int]]]"
"""Of each equipment its members: place, factor and offset to the unit that is asked for, stale after (ns)."""


def members(
    term: Related, window: Window, windows: Mapping[str, Window], table: PointTable, catalogue: Catalogue
) -> Rows:
    """The members that a related point has for each equipment of a class."""
    places = {
        item.path: (other, column)
        for other in windows.values()
        for column, item in enumerate(other.equipment)
    }
    rows: Rows = []
    for item in window.equipment:
        mine: list[tuple[int, float, float, int]] = []
        for path in related(item, term.relation, table, catalogue):
            if path not in places:
                continue
            other, column = places[path]
            for row, spec in enumerate(other.cls.points):
                if spec.key == term.key and other.present[row, column]:
                    factor, offset = (1.0, 0.0) if term.how in _FLAGS else conversion(spec.unit, term.unit)
                    stale = int(other.stale_after[row, column])
                    mine.append((int(other.places[row, column]), factor, offset, stale))
        rows.append(mine)
    return rows


_FLAGS = ("any", "all", "count")


def related(item: Equipment, relation: str, table: PointTable, catalogue: Catalogue) -> Sequence[str]:
    """The paths of the equipment that stands in a relation to this one, in the order of their ids."""
    if relation in ("parent", "served_by"):
        key = item.parent if relation == "parent" else item.served_by
        return [] if key is None else [f"{item.site}/{key}"]
    others = [other for other in table.equipment if other.site == item.site and other.key != item.key]
    if relation == "children":
        return [other.path for other in others if other.parent == item.key]
    if relation == "serves":
        return [other.path for other in others if other.served_by == item.key]
    if relation == "space":
        return [other.path for other in others if item.space is not None and other.space == item.space]
    system = catalogue[item.equipment_class].system
    known = (other for other in others if other.equipment_class in catalogue)
    return [other.path for other in known if catalogue[other.equipment_class].system is system]


def at(of: Members, abreast: Abreast, past: Past) -> Float64s:
    """The related value of each equipment at each time, NaN unknown: float64[T, W]."""
    asks = of.strips.at(abreast.equipment).reshape(-1)
    count = np.where(abreast.real[of.strips.of].reshape(-1), of.count[asks], 0)
    cell = np.arange(len(asks)).repeat(count)
    member = stretches(of.start[asks], count)
    when = abreast.at[of.strips.of].reshape(-1)[cell]
    value = past.values(of.place[member], when, of.stale_after[member])
    value = value * of.scale[member] + of.offset[member]
    known = ~np.isnan(value)
    value, row, cell = value[known], (cell // abreast.width)[known], cell[known]
    found = np.full(len(asks), np.nan)
    for how in dict.fromkeys(of.how):
        mine = np.array([other == how for other in of.how])[row]
        _combine(how, value[mine], cell[mine], found)
    return found.reshape(-1, abreast.width)


def _combine(how: str, value: Float64s, cell: Int64s, out: Float64s) -> None:
    """Put down what `how` makes of the known members of each cell; the others stay as they are."""
    number = np.bincount(cell, minlength=len(out))
    if how in ("value", "sum", "count", "mean"):
        found = np.bincount(cell, weights=value, minlength=len(out)).astype(np.float64)
        if how == "mean":
            found = found / np.maximum(number, 1)
    else:
        least = how in ("min", "all")
        found = np.full(len(out), np.inf if least else -np.inf)
        (np.minimum if least else np.maximum).at(found, cell, value)
    np.copyto(out, found, where=number > 0)

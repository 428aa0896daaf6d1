"""Points of other equipment as they were at an instant: one related equipment, or a group of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plantroom.catalogue import Catalogue
from plantroom.model import Equipment, PointTable
from plantroom.readings import Bools, Float64s, Int64s
from plantroom.units import conversion
from rules.alignment import Placed
from rules.language.terms import Related
from rules.window import Latest, Window


@dataclass(frozen=True, slots=True)
class Members:
    """The places that a related point has for each equipment of a class.

    Shapes: `start` and `count` [E] say which of `place`, `scale`, `offset`, `stale_after` [m] are its own.
    """

    how: str
    start: Int64s
    count: Int64s
    place: Int64s
    scale: Float64s
    offset: Float64s
    stale_after: Int64s


class Past:
    """The readings of a batch by place and time, over the latest of before."""

    def __init__(self, latest: Latest, readings: Placed, order: Int64s) -> None:
        self._latest = latest
        self._times = np.unique(readings.ts)
        self._span = len(self._times) + 1
        self._place, self._ts = readings.place[order], readings.ts[order]
        self._value = readings.value[order]
        self._keys = self._place * self._span + np.searchsorted(self._times, self._ts) + 1

    def values(self, place: Int64s, at: Int64s, stale_after: Int64s) -> Float64s:
        """What stood at each place at each time, NaN where that was bad or stale."""
        wanted = place * self._span + np.searchsorted(self._times, at, side="right")
        index = np.searchsorted(self._keys, wanted, side="right") - 1
        inside = (index >= 0) & (self._place[index] == place) if len(self._keys) else np.zeros(len(at), bool)
        value = np.where(inside, self._value[index] if len(self._keys) else np.nan, self._latest.value[place])
        ts = np.where(inside, self._ts[index] if len(self._keys) else 0, self._latest.ts[place])
        value[(ts < at - stale_after) | (ts > at)] = np.nan
        found: Float64s = value
        return found


def members(
    term: Related, window: Window, windows: Mapping[str, Window], table: PointTable, catalogue: Catalogue
) -> Members:
    """The places of a related point for the equipment of a class."""
    places = {
        item.path: (other, column)
        for other in windows.values()
        for column, item in enumerate(other.equipment)
    }
    rows: list[list[tuple[int, float, float, int]]] = []
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
    count = np.array([len(mine) for mine in rows], dtype=np.int64)
    flat = [entry for mine in rows for entry in mine]
    place, scale, shift, stale_after = zip(*flat, strict=True) if flat else ((), (), (), ())
    return Members(
        term.how,
        np.cumsum(count) - count,
        count,
        np.array(place, dtype=np.int64),
        np.array(scale, dtype=np.float64),
        np.array(shift, dtype=np.float64),
        np.array(stale_after, dtype=np.int64),
    )


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


def at(of: Members, column: Int64s, when: Int64s, past: Past) -> Float64s:
    """The related value of each equipment at each time, NaN unknown: float64[G]."""
    count = of.count[column]
    total = int(count.sum())
    evaluation = np.arange(len(column)).repeat(count)
    begin = np.cumsum(count) - count
    member = of.start[column].repeat(count) + np.arange(total) - begin.repeat(count)
    value = past.values(of.place[member], when[evaluation], of.stale_after[member])
    value = value * of.scale[member] + of.offset[member]
    known = ~np.isnan(value)
    return _combined(of.how, value[known], evaluation[known], len(column))


def _combined(how: str, value: Float64s, evaluation: Int64s, size: int) -> Float64s:
    number = np.bincount(evaluation, minlength=size)
    none: Bools = number == 0
    if how in ("value", "sum", "count", "mean"):
        found = np.bincount(evaluation, weights=value, minlength=size).astype(np.float64)
        if how == "mean":
            found = found / np.maximum(number, 1)
    else:
        least = how in ("min", "all")
        found = np.full(size, np.inf if least else -np.inf)
        (np.minimum if least else np.maximum).at(found, evaluation, value)
    return np.where(none, np.nan, found)

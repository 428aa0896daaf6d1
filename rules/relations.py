"""Points of other equipment as they were at an instant: one related equipment, or a group of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from plantroom.catalogue import Catalogue
from plantroom.model import Equipment, PointTable
from plantroom.readings import Bools, Float64s, Int64s
from plantroom.units import conversion
from rules.alignment import Placed
from rules.evaluations import stretches
from rules.language.terms import Related
from rules.window import Latest, Window


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """The places that a related point has, for each equipment of the class that asks.

    Shapes: `start` and `count` [E] say which of `place`, `scale`, `offset` [m] are its own; `distinct` are
    the places, each once and sorted, `which` [m] where a member's stands among them.
    """

    how: str
    start: Int64s
    count: Int64s
    place: Int64s
    scale: Float64s
    offset: Float64s
    distinct: Int64s
    which: Int64s

    @classmethod
    def of(cls, how: str, rows: Rows) -> Members:
        """What `how` is made of for each equipment."""
        count = np.array([len(mine) for mine in rows], dtype=np.int64)
        table = np.array([entry for mine in rows for entry in mine]).reshape(-1, 3)
        place = table[:, 0].astype(np.int64)
        distinct, which = np.unique(place, return_inverse=True)
        return cls(how, np.cumsum(count) - count, count, place, table[:, 1], table[:, 2], distinct, which)


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

    def values(self, place: Int64s, at: Int64s) -> Float64s:
        """What stood at each place at each time, NaN where that was bad or stale."""
        index = np.full(len(at), -1, dtype=np.int64)
        if len(self._keys):
            wanted = place * self._span + np.searchsorted(self._times, at, side="right")
            index = np.searchsorted(self._keys, wanted, side="right") - 1
            index[self._place[index] != place] = -1
        return self._stood(index, place, at)

    def table(self, places: Int64s, times: Int64s) -> Float64s:
        """The same for all of sorted places at all of sorted times: float64[places, times]."""
        index = np.full((len(places), len(times)), -1, dtype=np.int64)
        row = np.searchsorted(places, self._place)
        column = np.searchsorted(times, self._ts)
        row[row == len(places)] = 0
        mine = np.flatnonzero((places[row] == self._place) & (column < len(times)))
        # of two readings before a time, the later one stays: of repeated indexes numpy keeps the last
        index[row[mine], column[mine]] = mine
        np.maximum.accumulate(index, axis=1, out=index)
        return self._stood(index, places[:, np.newaxis], times)

    def _stood(self, index: Int64s, place: Int64s, at: Int64s) -> Float64s:
        """The readings at an index, the latest of before where that is negative; NaN unless fresh."""
        value, ts = self._latest.value[place], self._latest.ts[place]
        if len(self._keys):
            value = np.where(index >= 0, self._value[index], value)
            ts = np.where(index >= 0, self._ts[index], ts)
        stale = ts < at - self._latest.stale_after[place]
        return np.where(stale | (ts > at), np.nan, value)


Rows: TypeAlias = "list[list[tuple[int, float, float]]]"
"""Of each equipment its members: place, factor and offset to the unit that is asked for."""


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
        mine: list[tuple[int, float, float]] = []
        for path in related(item, term.relation, table, catalogue):
            if path not in places:
                continue
            other, column = places[path]
            for row, spec in enumerate(other.cls.points):
                if spec.key == term.key and other.present[row, column]:
                    factor, offset = (1.0, 0.0) if term.how in _FLAGS else conversion(spec.unit, term.unit)
                    mine.append((int(other.places[row, column]), factor, offset))
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


def at(of: Members, column: Int64s, when: Int64s, past: Past) -> Float64s:
    """The related value of each equipment at each time, NaN unknown: float64[G]."""
    count = of.count[column]
    member = stretches(of.start[column], count)
    evaluation = np.arange(len(column)).repeat(count)
    times, time = np.unique(when, return_inverse=True)
    if len(of.distinct) * len(times) < 2 * len(member):
        # all ask the same large group: a table of its members at all times, filled in by running along, takes
        # less than looking up each member for each that asks (measured: a fifth, 550,000 of them)
        table = past.table(of.distinct, times)
        value = table.reshape(-1)[of.which[member] * len(times) + time[evaluation]]
    else:
        value = past.values(of.place[member], when[evaluation])
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

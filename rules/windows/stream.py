"""Readings by lane -> figures by lane and minute: how many, their sum, least, greatest, changes and so on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from plantroom.readings import Bools, Float64s, Int64s
from plantroom.times import MINUTE
from rules.runs import opens

QUANTUM = 2.0**-20
"""What sums are whole multiples of: a millionth of a unit. Below 2^53 of them, sums are exact."""

NEUTRAL: Mapping[str, float] = {
    "count": 0.0,
    "sum": 0.0,
    "squares": 0.0,
    "remainders": 0.0,
    "min": np.inf,
    "max": -np.inf,
    "first": np.nan,
    "last": np.nan,
    "edges": 0.0,
    "changes": 0.0,
    "growth": 0.0,
    "true": 0.0,
}
"""Every figure of a bar, and what it is where no reading came."""
ADDED = frozenset({"count", "sum", "squares", "remainders", "edges", "changes", "growth", "true"})


class Stream(NamedTuple):
    """Known values by lane, then time; one row a value. Truth values are 1 and 0."""

    lane: Int64s
    ts: Int64s
    value: Float64s


NO_VALUES = Stream(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))


class Figures(NamedTuple):
    """One figure of lanes in minutes (counted from 1970), by lane, then minute."""

    lane: Int64s
    minute: Int64s
    value: Float64s


class Before:
    """The last value of every lane and its time, for what a value is compared with."""

    def __init__(self, size: int) -> None:
        self.value: Float64s = np.full(size, np.nan)
        self.ts: Int64s = np.zeros(size, dtype=np.int64)


def quantised(value: Float64s) -> Float64s:
    """The values as whole multiples of QUANTUM, so that their sums are exact."""
    found: Float64s = np.rint(value / QUANTUM) * QUANTUM
    return found


def figures(
    stream: Stream, before: Before, gap: Int64s, wanted: Mapping[str, Bools]
) -> Iterator[tuple[str, Figures]]:
    """The figures that a stream adds, by name, and `before` moved on.

    `gap` [lanes] bounds how long a value stands; `wanted` says of each figure which lanes have it: most
    figures are of few lanes, and none is of all.
    """
    lane, ts, value = stream
    first = opens(lane)
    earlier, since = np.empty_like(value), np.empty_like(ts)
    earlier[1:], since[1:] = value[:-1], ts[:-1]
    opening = lane[first]
    earlier[first], since[first] = before.value[opening], before.ts[opening]
    last = np.append(np.flatnonzero(first)[1:], len(lane)) - 1
    before.value[opening], before.ts[opening] = value[last], ts[last]
    minute = ts // MINUTE
    new = opens(lane, minute)
    single = bool(new.all())
    for name, lanes in wanted.items():
        mine = np.flatnonzero(lanes[lane])
        if not len(mine):
            continue
        # usually each lane has one value, so that nothing is to be added up
        start = mine if single else np.flatnonzero(new[mine])
        own = _Values(stream, earlier, since, gap, mine)
        opened = mine if single else mine[start]
        yield name, Figures(lane[opened], minute[opened], _figure(name, own, start, single=single))


class _Values:
    """Some of the values of a stream, and of those before them, gathered as they are asked for."""

    def __init__(self, of: Stream, earlier: Float64s, since: Int64s, gap: Int64s, mine: Int64s) -> None:
        self._of, self._earlier, self._since, self._gap, self._mine = of, earlier, since, gap, mine

    def __len__(self) -> int:
        return len(self._mine)

    @property
    def value(self) -> Float64s:
        """The values."""
        found: Float64s = self._of.value[self._mine]
        return found

    @property
    def earlier(self) -> Float64s:
        """The value before each, of the same lane."""
        found: Float64s = self._earlier[self._mine]
        return found

    @property
    def stood(self) -> Float64s:
        """For how many s a true value stood before each."""
        mine = self._mine
        lasted = self._of.ts[mine] - self._since[mine]
        stood = (self.earlier > 0.5) & (lasted <= self._gap[self._of.lane[mine]])
        return np.where(stood, lasted / 1e9, 0.0)


def _figure(name: str, of: _Values, start: Int64s, *, single: bool) -> Float64s:
    """One figure of every stretch of values; they begin at `start`, or are of one value each."""
    if name in ("first", "last", "count"):
        if single:
            return np.ones(len(of)) if name == "count" else of.value
        end = np.append(start[1:], len(of))
        if name == "count":
            return (end - start).astype(np.float64)
        return of.value[start if name == "first" else end - 1]
    reduce, each = _REDUCED[name]
    found: Float64s = each(of)
    return found if single else np.asarray(reduce.reduceat(found, start))


def _grown(of: _Values) -> Float64s:
    # a counter that fell was reset and has grown by what it shows
    value, earlier = of.value, of.earlier
    return quantised(np.where(value >= earlier, value - earlier, np.where(value < earlier, value, 0.0)))


def _squares(of: _Values) -> Float64s:
    # whole numbers, and what is left over apart: together they would not add up exactly
    exact = quantised(of.value)
    found: Float64s = np.rint(exact * exact)
    return found


def _remainders(of: _Values) -> Float64s:
    exact = quantised(of.value)
    square = exact * exact
    found: Float64s = square - np.rint(square)
    return found


def _changes(of: _Values) -> Float64s:
    value, earlier = of.value, of.earlier
    return ((value < earlier) | (value > earlier)).astype(np.float64)


def _edges(of: _Values) -> Float64s:
    return ((of.value > 0.5) & (of.earlier <= 0.5)).astype(np.float64)


_REDUCED: Mapping[str, tuple[np.ufunc, Callable[[_Values], Float64s]]] = {
    "sum": (np.add, lambda of: quantised(of.value)),
    "squares": (np.add, _squares),
    "remainders": (np.add, _remainders),
    "min": (np.minimum, lambda of: of.value),
    "max": (np.maximum, lambda of: of.value),
    "edges": (np.add, _edges),
    "changes": (np.add, _changes),
    "growth": (np.add, _grown),
    "true": (np.add, lambda of: quantised(of.stood)),
}


def merge(name: str, bars: Float64s, index: Int64s, figures: Float64s) -> None:
    """Add figures to bars at an index that holds no place twice; later ones than the bars have."""
    held = bars[index]
    if name in ADDED:
        held = held + figures
    elif name == "min":
        held = np.minimum(held, figures)
    elif name == "max":
        held = np.maximum(held, figures)
    elif name == "first":
        held = np.where(np.isnan(held), figures, held)
    else:
        held = np.where(np.isnan(figures), held, figures)
    bars[index] = held

"""Readings by lane -> figures by lane and minute: how many, their sum, least, greatest, changes and so on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from plantroom.readings import Float64s, Int64s
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


class Segments(NamedTuple):
    """Figures of one lane in one minute, by lane, then minute (counted from 1970)."""

    lane: Int64s
    minute: Int64s
    figures: dict[str, Float64s]


class Before:
    """The last value of every lane and its time, for what a value is compared with."""

    def __init__(self, size: int) -> None:
        self.value: Float64s = np.full(size, np.nan)
        self.ts: Int64s = np.zeros(size, dtype=np.int64)


def quantised(value: Float64s) -> Float64s:
    """The values as whole multiples of QUANTUM, so that their sums are exact."""
    found: Float64s = np.rint(value / QUANTUM) * QUANTUM
    return found


def segments(stream: Stream, before: Before, gap: Int64s, wanted: frozenset[str]) -> Segments:
    """The figures that a stream adds, and `before` moved on. `gap` [lanes] bounds how long a value stands."""
    lane, ts, value = stream
    first = opens(lane)
    earlier, since = np.empty_like(value), np.empty_like(ts)
    earlier[1:], since[1:] = value[:-1], ts[:-1]
    opening = lane[first]
    earlier[first], since[first] = before.value[opening], before.ts[opening]
    last = np.append(np.flatnonzero(first)[1:], len(lane)) - 1
    before.value[opening], before.ts[opening] = value[last], ts[last]
    minute = ts // MINUTE
    start = np.flatnonzero(opens(lane, minute))
    stood = np.where((earlier > 0.5) & (ts - since <= gap[lane]), (ts - since) / 1e9, 0.0)
    figures = {name: _figure(name, value, earlier, stood, start) for name in wanted}
    return Segments(lane[start], minute[start], figures)


def _figure(name: str, value: Float64s, earlier: Float64s, stood: Float64s, start: Int64s) -> Float64s:
    """One figure of every segment, which begin at `start`; `stood` is for how many s a true value stood."""
    if name in ("first", "last", "count"):
        end = np.append(start[1:], len(value))
        return (
            (end - start).astype(np.float64)
            if name == "count"
            else value[start if name == "first" else end - 1]
        )
    return _REDUCED[name][0].reduceat(_REDUCED[name][1](value, earlier, stood), start)


def _grown(value: Float64s, earlier: Float64s, _: Float64s) -> Float64s:
    # a counter that fell was reset and has grown by what it shows
    return quantised(np.where(value >= earlier, value - earlier, np.where(value < earlier, value, 0.0)))


def _squares(value: Float64s, _: Float64s, __: Float64s) -> Float64s:
    # whole numbers, and what is left over apart: together they would not add up exactly
    exact = quantised(value)
    found: Float64s = np.rint(exact * exact)
    return found


def _remainders(value: Float64s, _: Float64s, __: Float64s) -> Float64s:
    exact = quantised(value)
    square = exact * exact
    found: Float64s = square - np.rint(square)
    return found


_REDUCED: Mapping[str, tuple[np.ufunc, Callable[[Float64s, Float64s, Float64s], Float64s]]] = {
    "sum": (np.add, lambda value, _, __: quantised(value)),
    "squares": (np.add, _squares),
    "remainders": (np.add, _remainders),
    "min": (np.minimum, lambda value, _, __: value),
    "max": (np.maximum, lambda value, _, __: value),
    "edges": (np.add, lambda value, earlier, _: ((value > 0.5) & (earlier <= 0.5)).astype(np.float64)),
    "changes": (np.add, lambda value, earlier, _: ((value < earlier) | (value > earlier)).astype(np.float64)),
    "growth": (np.add, _grown),
    "true": (np.add, lambda _, __, stood: quantised(stood)),
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

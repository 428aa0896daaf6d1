"""Window functions over bars: what each needs, and its value for every window that ends in a block.

A view holds the bars of all windows, the oldest first: window j of m sees view[j : j + n].
Shapes: views float64[n + m - 1, k lanes]; results float64[m, k], NaN unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from plantroom.readings import Float64s
from rules.windows import trends


class Ask(NamedTuple):
    """What a function is asked about: how many bars a window has, their length, how many must hold a reading.

    Shapes: `limit` [k]. Units: `bar_s` s.
    """

    bars: int
    bar_s: float
    need: int
    limit: Float64s


Views: TypeAlias = "Mapping[str, Float64s]"
WindowFunction: TypeAlias = "Callable[[Views, Ask], Float64s]"


class Needs(NamedTuple):
    """The rings that a function looks at, and the function."""

    rings: tuple[str, ...]
    function: WindowFunction


def _totals(view: Float64s, bars: int) -> Float64s:
    """Sums over every window; exact, since bars are whole multiples of one quantum."""
    if len(view) == bars:
        return np.add.reduce(view, axis=0, keepdims=True)
    running = np.cumsum(view, axis=0)
    running[bars:] -= running[:-bars].copy()
    return running[bars - 1 :]


def _known(view: Float64s, ask: Ask) -> Float64s:
    """How many bars of every window hold a reading, NaN where too few."""
    count = _totals((~np.isnan(view)).astype(np.float64), ask.bars)
    count[count < ask.need] = np.nan
    return count


def _covered(count: Float64s, ask: Ask, value: Float64s) -> Float64s:
    held = _totals((count > 0).astype(np.float64), ask.bars)
    return np.where(held >= ask.need, value, np.nan)


def _mean(views: Views, ask: Ask) -> Float64s:
    view = views["mean"]
    total: Float64s = _totals(np.nan_to_num(view, nan=0.0), ask.bars) / _known(view, ask)
    return total


def _extreme(kind: str, reduce: np.ufunc) -> WindowFunction:
    def function(views: Views, ask: Ask) -> Float64s:
        return _covered(views["count"], ask, _sliding(views[kind], ask.bars, reduce))

    return function


def _sliding(view: Float64s, bars: int, reduce: np.ufunc) -> Float64s:
    if len(view) == bars:
        return np.asarray(reduce.reduce(view, axis=0, keepdims=True))
    return np.asarray(reduce.reduce(sliding_window_view(view, bars, axis=0), axis=-1))


def _range(views: Views, ask: Ask) -> Float64s:
    high = _sliding(views["max"], ask.bars, np.maximum)
    low = _sliding(views["min"], ask.bars, np.minimum)
    return _covered(views["count"], ask, high - low)


def _stddev(views: Views, ask: Ask) -> Float64s:
    def one(of: Views) -> Float64s:
        known = ~np.isnan(of["mean"])
        count = known.sum(axis=0)
        mean = np.where(known, of["mean"], 0.0).sum(axis=0) / count
        square = np.where(known, of["square"], 0.0).sum(axis=0) / count
        found: Float64s = np.sqrt(np.maximum(square - mean * mean, 0.0))
        return np.where(count >= ask.need, found, np.nan)

    return _each(views, ask, one)


def _each(views: Views, ask: Ask, one: Callable[[Views], Float64s]) -> Float64s:
    """A function of one window, for every window by itself."""
    windows = len(next(iter(views.values()))) - ask.bars + 1
    return np.array(
        [one({name: view[at : at + ask.bars] for name, view in views.items()}) for at in range(windows)]
    )


def _delta(views: Views, ask: Ask) -> Float64s:
    def one(of: Views) -> Float64s:
        known = ~np.isnan(of["last"])
        newest = len(known) - 1 - known[::-1].argmax(axis=0)
        lane = np.arange(known.shape[1])
        value: Float64s = of["last"][newest, lane] - of["first"][known.argmax(axis=0), lane]
        return np.where(known.sum(axis=0) >= ask.need, value, np.nan)

    return _each(views, ask, one)


def _rate(views: Views, ask: Ask) -> Float64s:
    found: Float64s = _delta(views, ask) / (ask.bars * ask.bar_s)
    return found


def _growth(views: Views, ask: Ask) -> Float64s:
    return _covered(views["count"], ask, _totals(views["growth"], ask.bars))


def _growth_rate(views: Views, ask: Ask) -> Float64s:
    found: Float64s = _growth(views, ask) / (ask.bars * ask.bar_s)
    return found


def _total(kind: str) -> WindowFunction:
    def function(views: Views, ask: Ask) -> Float64s:
        held = _totals(views["count"], ask.bars)
        return np.where(held > 0, _totals(views[kind], ask.bars), np.nan)

    return function


def _duration(views: Views, ask: Ask) -> Float64s:
    # the time between two readings is booked where it ends, and may have begun before the window
    return np.minimum(_total("true")(views, ask), ask.bars * ask.bar_s)


def _readings(views: Views, ask: Ask) -> Float64s:
    return _totals(views["count"], ask.bars)


def _ewma(views: Views, ask: Ask) -> Float64s:
    # three time constants of bars hold 95 % of the weight; the window's span is the time constant
    weights = np.exp(-np.arange(ask.bars - 1, -1, -1.0) * 3 / ask.bars)[:, np.newaxis]

    def one(of: Views) -> Float64s:
        known = ~np.isnan(of["mean"])
        total = (np.where(known, of["mean"], 0.0) * weights).sum(axis=0)
        found: Float64s = total / (known * weights).sum(axis=0)
        return np.where(known.sum(axis=0) >= ask.need, found, np.nan)

    return _each(views, ask, one)


def _percentile(views: Views, ask: Ask) -> Float64s:
    def one(of: Views) -> Float64s:
        ordered = np.sort(of["mean"], axis=0)  # NaN last
        count = (~np.isnan(ordered)).sum(axis=0)
        place = ask.limit * np.maximum(count - 1, 0)
        below = place.astype(np.int64)
        lane = np.arange(len(count))
        low, high = ordered[below, lane], ordered[np.minimum(below + 1, np.maximum(count - 1, 0)), lane]
        return np.where(count >= ask.need, low + (high - low) * (place - below), np.nan)

    return _each(views, ask, one)


def _median(values: Float64s) -> Float64s:
    """Of what is known in each column; NaN where nothing is."""
    ordered = np.sort(values, axis=0)  # NaN last
    count = (~np.isnan(ordered)).sum(axis=0)
    lane = np.arange(ordered.shape[1])
    below, above = np.maximum(count - 1, 0) // 2, count // 2
    middle: Float64s = (ordered[below, lane] + ordered[above, lane]) / 2
    return middle


def _spikes(views: Views, ask: Ask) -> Float64s:
    """Bars with over six times the usual range inside them, before and after which all is as it was."""

    def one(of: Views) -> Float64s:
        held = of["count"] > 0
        inside = np.where(held, of["max"] - of["min"], np.nan)
        # where it moves at all: beside the still bars of what is stuck or rests, all before would be spikes
        usual = _median(np.where(inside > 0, inside, np.nan))
        back = np.full_like(inside, np.nan)
        back[1:-1] = np.abs(of["last"][2:] - of["first"][:-2])
        count: Float64s = ((inside > 6 * usual) & (back < inside / 2)).sum(axis=0).astype(float)
        return np.where(held.sum(axis=0) >= ask.need, count, np.nan)

    return _each(views, ask, one)


FUNCTIONS: Mapping[str, Needs] = {
    "mean": Needs(("mean",), _mean),
    "min": Needs(("min", "count"), _extreme("min", np.minimum)),
    "max": Needs(("max", "count"), _extreme("max", np.maximum)),
    "range": Needs(("min", "max", "count"), _range),
    "stddev": Needs(("mean", "square"), _stddev),
    "delta": Needs(("first", "last"), _delta),
    "rate": Needs(("first", "last"), _rate),
    "delta of counter": Needs(("growth", "count"), _growth),
    "rate of counter": Needs(("growth", "count"), _growth_rate),
    "slope": Needs(("mean",), lambda views, ask: _each(views, ask, lambda of: trends.slope(of["mean"], ask))),
    "ewma": Needs(("mean",), _ewma),
    "percentile": Needs(("mean",), _percentile),
    "count": Needs(("edges", "count"), _total("edges")),
    "changes": Needs(("changes", "count"), _total("changes")),
    "duration": Needs(("true", "count"), _duration),
    "readings": Needs(("count",), _readings),
    "spikes": Needs(("min", "max", "first", "last", "count"), _spikes),
    "reversals": Needs(
        ("last",), lambda views, ask: _each(views, ask, lambda of: trends.reversals(of["last"], ask))
    ),
    "time_to": Needs(
        ("mean",), lambda views, ask: _each(views, ask, lambda of: trends.time_to(of["mean"], ask))
    ),
    "learned": Needs(("mean",), _mean),
}
"""What each window function needs; `learned` keeps its own account (see `history`)."""


def named(function: str, *, counter: bool) -> str:
    """The function's name here: growth for counters."""
    return f"{function} of counter" if counter and function in ("delta", "rate") else function

"""What bars say of direction: slope, robust forecast, turning points."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from plantroom.readings import Bools, Float64s

MOST_BARS = 60
"""Longer windows are thinned out for the robust slope: pairs grow with the square."""
CONFIDENCE_Z = 1.645
"""90 % two-sided, of the normal distribution."""


class Ask(Protocol):
    """How many bars a window has, their length in s, how many must be known, and the limit of each lane."""

    @property
    def bar_s(self) -> float: ...
    @property
    def need(self) -> int: ...
    @property
    def limit(self) -> Float64s: ...


def slope(bars: Float64s, ask: Ask) -> Float64s:
    """Least squares per second over the known bars; float64[k]."""
    known = ~np.isnan(bars)
    count = known.sum(axis=0)
    at = np.arange(len(bars), dtype=np.float64)[:, np.newaxis] * ask.bar_s
    value = np.where(known, bars, 0.0)
    centre = (at * known).sum(axis=0) / count
    away = (at - centre) * known
    found: Float64s = (away * value).sum(axis=0) / (away * away).sum(axis=0)
    return np.where(count >= max(ask.need, 2), found, np.nan)


def time_to(bars: Float64s, ask: Ask) -> Float64s:
    """Seconds until each lane reaches its limit if it goes on as in the window; float64[k].

    Infinite where it does not go there: it is level, goes away, or its direction is not certain (the 90 %
    interval of the slope holds zero). 0 where it is there. Unknown where too few bars are.
    Source: Theil and Sen's slope with Kendall's interval (Sen 1968).
    """
    found: Float64s = interval(bars, ask)[0]
    return found


def interval(bars: Float64s, ask: Ask) -> Float64s:
    """The same with its earliest and latest: float64[3, k], expected, earliest, latest."""
    thinned = bars[(len(bars) - 1) % -(-len(bars) // MOST_BARS) :: -(-len(bars) // MOST_BARS)]
    bar_s = ask.bar_s * -(-len(bars) // MOST_BARS)
    count = (~np.isnan(bars)).sum(axis=0)
    few = (~np.isnan(thinned)).sum(axis=0)
    first, second = np.triu_indices(len(thinned), 1)
    slopes = np.sort((thinned[second] - thinned[first]) / ((second - first) * bar_s)[:, np.newaxis], axis=0)
    pairs = few * (few - 1) / 2
    # Kendall's variance says how many pairs lie between the median slope and the end of its interval
    spread = CONFIDENCE_Z * np.sqrt(few * (few - 1) * (2 * few + 5) / 18) / 2
    middle = (pairs - 1) / 2
    median = _at(slopes, middle, pairs)
    slow, fast = _at(slopes, middle - spread, pairs), _at(slopes, middle + spread, pairs)
    ahead = ask.limit - _level(bars)
    certain = (slow > 0) | (fast < 0)
    steep, flat = np.where(median > 0, fast, slow), np.where(median > 0, slow, fast)
    found = np.array([_reach(ahead, certain, median, speed) for speed in (median, steep, flat)])
    return np.where((count >= max(ask.need, 4)) & ~np.isnan(ahead), found, np.nan)


def _at(ordered: Float64s, place: Float64s, pairs: Float64s) -> Float64s:
    index = np.clip(np.rint(place), 0, np.maximum(pairs - 1, 0)).astype(np.int64)
    found: Float64s = np.take_along_axis(ordered, index[np.newaxis], axis=0)[0]
    return found


def _level(bars: Float64s) -> Float64s:
    """Where each lane stands: the median of its last known bars."""
    tail = bars[-max(3, len(bars) // 8) :]
    known = (~np.isnan(tail)).any(axis=0)
    found = np.full(bars.shape[1], np.nan)
    if known.any():
        found[known] = np.nanmedian(tail[:, known], axis=0)
    return found


def _reach(ahead: Float64s, certain: Bools, median: Float64s, speed: Float64s) -> Float64s:
    towards = certain & (np.sign(ahead) == np.sign(median)) & (speed != 0)
    return np.where(ahead == 0, 0.0, np.where(towards, ahead / speed, np.inf))


def reversals(bars: Float64s, ask: Ask) -> Float64s:
    """How often each lane turned by at least its limit, rising to falling or back; float64[k]."""
    lanes = bars.shape[1]
    turns, heading = np.zeros(lanes), np.zeros(lanes)
    low, high = np.full(lanes, np.inf), np.full(lanes, -np.inf)
    for bar in bars:
        known = ~np.isnan(bar)
        low, high = np.where(known, np.minimum(low, bar), low), np.where(known, np.maximum(high, bar), high)
        rose = known & (bar - low >= ask.limit) & (heading <= 0)
        fell = known & (high - bar >= ask.limit) & (heading >= 0) & ~rose
        turns += (rose & (heading < 0)) | (fell & (heading > 0))
        heading = np.where(rose, 1.0, np.where(fell, -1.0, heading))
        low, high = np.where(rose | fell, bar, low), np.where(rose | fell, bar, high)
    count = (~np.isnan(bars)).sum(axis=0)
    return np.where(count >= ask.need, turns, np.nan)

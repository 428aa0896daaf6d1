"""Bars of one series in Python lists and deques, and every window function over them, one value at a time."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

COUNT, SUM, SQUARES, LOW, HIGH, FIRST, LAST, EDGES, CHANGES, GROWTH, TRUE = range(11)
Bar: TypeAlias = "list[float]"
MOST_BARS = 60
Z = 1.645


class Series:
    """What enters the bars of one source on one equipment: the open minute, and bars of every step."""

    __slots__ = ("kept", "open", "prev", "prev_ts")

    def __init__(self, lengths: Mapping[int, int]) -> None:
        """`lengths`: minutes of a bar -> how many are looked at at most."""
        self.open: Bar | None = None
        self.prev, self.prev_ts = math.nan, 0
        self.kept = {step: Kept(deque(maxlen=bars)) for step, bars in lengths.items()}

    def close(self, minute: int) -> None:
        """The open minute, of this number, is done."""
        bar, self.open = self.open, None
        for step, kept in self.kept.items():
            if step == 1:
                kept.bars.append(bar)
                continue
            if bar is not None:
                kept.open = list(bar) if kept.open is None else merged(kept.open, bar)
            if (minute + 1) % step == 0:
                kept.bars.append(kept.open)
                kept.open = None


class Kept:
    """Bars of one step, None where nothing came, and the one that stands open."""

    __slots__ = ("bars", "open")

    def __init__(self, bars: deque[Bar | None]) -> None:
        self.bars = bars
        self.open: Bar | None = None


def enter_level(series: Series, value: float, ts: int, gap: int) -> None:
    """A value of something that goes up and down."""
    prev, series.prev, series.prev_ts = series.prev, value, ts
    bar = series.open
    if bar is None:
        series.open = [
            1,
            value,
            value * value,
            value,
            value,
            value,
            value,
            0,
            value < prev or value > prev,
            0,
            0,
        ]
        return
    bar[COUNT] += 1
    bar[SUM] += value
    bar[SQUARES] += value * value
    if value < bar[LOW]:  # noqa: PLR1730  faster than min()
        bar[LOW] = value
    if value > bar[HIGH]:  # noqa: PLR1730  faster than max()
        bar[HIGH] = value
    bar[LAST] = value
    if value != prev:
        bar[CHANGES] += 1


def enter_counter(series: Series, value: float, ts: int, gap: int) -> None:
    """A value of something that grows; after a fall it counts from zero."""
    prev = series.prev
    grown = value - prev if value >= prev else value if value < prev else 0.0
    enter_level(series, value, ts, gap)
    series.open[GROWTH] += grown


def enter_truth(series: Series, value: float, ts: int, gap: int) -> None:
    """A truth value as 1 or 0."""
    prev, since, series.prev, series.prev_ts = series.prev, series.prev_ts, value, ts
    bar = series.open
    if bar is None:
        bar = series.open = [0, 0, 0, value, value, value, value, 0, 0, 0, 0]
    bar[COUNT] += 1
    bar[SUM] += value
    if value < bar[LOW]:  # noqa: PLR1730  faster than min()
        bar[LOW] = value
    if value > bar[HIGH]:  # noqa: PLR1730  faster than max()
        bar[HIGH] = value
    bar[LAST] = value
    if prev > 0.5:
        if ts - since <= gap:
            bar[TRUE] += (ts - since) / 1e9
        if value <= 0.5:
            bar[CHANGES] += 1
    elif prev <= 0.5 and value > 0.5:
        bar[EDGES] += 1
        bar[CHANGES] += 1


def merged(bar: Bar, later: Bar) -> Bar:
    bar[LOW], bar[HIGH] = min(bar[LOW], later[LOW]), max(bar[HIGH], later[HIGH])
    bar[LAST] = later[LAST]
    for figure in (COUNT, SUM, SQUARES, EDGES, CHANGES, GROWTH, TRUE):
        bar[figure] += later[figure]
    return bar


class Ask(NamedTuple):
    """`span` bars are looked at, `need` of them must be known; `limit` as the function means it.

    Units: `bar_s` s.
    """

    span: int
    bar_s: float
    need: int
    limit: float


Bars: TypeAlias = "list[Bar | None]"


def _of_known(function: Callable[[list[Bar], Ask], float]) -> Callable[[Bars, Ask], float]:
    def known(bars: Bars, ask: Ask) -> float:
        found = [bar for bar in bars if bar]
        return function(found, ask) if found and len(found) >= ask.need else math.nan

    return known


def _mean(bars: list[Bar], ask: Ask) -> float:
    return sum(bar[SUM] / bar[COUNT] for bar in bars) / len(bars)


def _stddev(bars: list[Bar], ask: Ask) -> float:
    square = sum(bar[SQUARES] / bar[COUNT] for bar in bars) / len(bars)
    return math.sqrt(max(square - _mean(bars, ask) ** 2, 0.0))


def _percentile(bars: list[Bar], ask: Ask) -> float:
    ordered = sorted(bar[SUM] / bar[COUNT] for bar in bars)
    place = ask.limit * (len(ordered) - 1)
    below = int(place)
    above = ordered[min(below + 1, len(ordered) - 1)]
    return ordered[below] + (above - ordered[below]) * (place - below)


def _total(figure: int) -> Callable[[Bars, Ask], float]:
    def total(bars: Bars, ask: Ask) -> float:
        found = [bar[figure] for bar in bars if bar]
        return sum(found) if found else math.nan

    return total


def _duration(bars: Bars, ask: Ask) -> float:
    found = [bar[TRUE] for bar in bars if bar]
    return min(sum(found), ask.span * ask.bar_s) if found else math.nan


def _means(bars: Bars) -> list[tuple[int, float]]:
    return [(at, bar[SUM] / bar[COUNT]) for at, bar in enumerate(bars) if bar]


def _ewma(bars: Bars, ask: Ask) -> float:
    found = [(mean, math.exp(-3 * (len(bars) - 1 - at) / ask.span)) for at, mean in _means(bars)]
    if len(found) < ask.need:
        return math.nan
    return sum(mean * weight for mean, weight in found) / sum(weight for _, weight in found)


def _slope(bars: Bars, ask: Ask) -> float:
    found = _means(bars)
    if len(found) < max(ask.need, 2):
        return math.nan
    centre = sum(at for at, _ in found) / len(found)
    below = sum((at - centre) ** 2 for at, _ in found) * ask.bar_s
    return sum((at - centre) * mean for at, mean in found) / below


def _spikes(bars: Bars, ask: Ask) -> float:
    known = sum(1 for bar in bars if bar)
    if known < ask.need:
        return math.nan
    sizes = [bar[HIGH] - bar[LOW] if bar else 0.0 for bar in bars]
    moving = sorted(size for size in sizes if size)
    if not moving:
        return 0
    usual = (moving[(len(moving) - 1) // 2] + moving[len(moving) // 2]) / 2
    found = 0
    for at in range(1, len(bars) - 1):
        if sizes[at] > 6 * usual and bars[at - 1] and bars[at + 1]:
            found += abs(bars[at + 1][LAST] - bars[at - 1][FIRST]) < sizes[at] / 2
    return found


def _reversals(bars: list[Bar], ask: Ask) -> float:
    turns, heading, low, high = 0, 0, math.inf, -math.inf
    for bar in bars:
        value = bar[LAST]
        low, high = min(low, value), max(high, value)
        new = 0
        if value - low >= ask.limit and heading <= 0:
            new = 1
        elif high - value >= ask.limit and heading >= 0:
            new = -1
        if new:
            turns += heading != 0
            heading, low, high = new, value, value
    return turns


def _time_to(bars: Bars, ask: Ask) -> float:
    means = _means(bars)
    last = len(bars) - 1
    tail = sorted(mean for at, mean in means if at > last - max(3, ask.span // 8))
    if len(means) < max(ask.need, 4) or not tail or ask.limit != ask.limit:
        return math.nan
    ahead = ask.limit - (tail[(len(tail) - 1) // 2] + tail[len(tail) // 2]) / 2
    if ahead == 0:
        return 0.0
    every = -(-ask.span // MOST_BARS)
    points = [(at, mean) for at, mean in means if (last - at) % every == 0]
    slopes = sorted(
        (after - before) / ((late - early) * ask.bar_s)
        for index, (early, before) in enumerate(points)
        for late, after in points[index + 1 :]
    )
    count = len(points)
    spread = Z * math.sqrt(count * (count - 1) * (2 * count + 5) / 18) / 2
    middle = (len(slopes) - 1) / 2
    slow, median, fast = (
        slopes[min(max(round(place), 0), len(slopes) - 1)]
        for place in (middle - spread, middle, middle + spread)
    )
    return math.inf if slow <= 0 <= fast or ahead * median <= 0 else ahead / median


FUNCTIONS: Mapping[str, Callable[[Bars, Ask], float]] = {
    "mean": _of_known(_mean),
    "min": _of_known(lambda bars, ask: min(bar[LOW] for bar in bars)),
    "max": _of_known(lambda bars, ask: max(bar[HIGH] for bar in bars)),
    "range": _of_known(lambda bars, ask: max(bar[HIGH] for bar in bars) - min(bar[LOW] for bar in bars)),
    "stddev": _of_known(_stddev),
    "percentile": _of_known(_percentile),
    "delta": _of_known(lambda bars, ask: bars[-1][LAST] - bars[0][FIRST]),
    "rate": _of_known(lambda bars, ask: (bars[-1][LAST] - bars[0][FIRST]) / (ask.span * ask.bar_s)),
    "delta of counter": _of_known(lambda bars, ask: sum(bar[GROWTH] for bar in bars)),
    "rate of counter": _of_known(lambda bars, ask: sum(bar[GROWTH] for bar in bars) / (ask.span * ask.bar_s)),
    "slope": _slope,
    "ewma": _ewma,
    "count": _total(EDGES),
    "changes": _total(CHANGES),
    "duration": _duration,
    "readings": lambda bars, ask: sum(bar[COUNT] for bar in bars if bar),
    "spikes": _spikes,
    "reversals": _of_known(_reversals),
    "time_to": _time_to,
}
"""All but `learned`, which keeps its own account."""

"""Window functions again, from the specification: slow, one value at a time, over plain lists.

`Window` says what is asked; `say` answers at an instant from all the values that ever entered, oldest first.
"""

# ruff: noqa: PLR0911  one return for each function

import math
from dataclasses import dataclass
from itertools import pairwise

MINUTE = 60_000_000_000
Z = 1.645


@dataclass(frozen=True)
class Window:
    """Units: `span`, `step` and `gap` ns; `limit` is a limit, a share of one or a least move."""

    function: str
    span: int
    step: int
    where: bool = False
    limit: float = math.nan
    gap: int = 2**62


Values = list[tuple[int, float]]


def needed(window: Window, bars: int) -> float:
    """How many of a window's bars must hold a value."""
    if window.function in ("count", "changes", "duration"):
        return 1
    if not window.where:
        return (bars + 1) / 2
    return math.ceil(bars / 3) if window.function in ("slope", "time_to") else 1


def say(window: Window, values: Values, now: int, born: int) -> float | None:
    """The window's answer at `now`, None unknown; the equipment has been watched since `born`."""
    end = now // window.step * window.step
    values = [(at, value) for at, value in values if at < end]
    bars = [
        [(at, value) for at, value in values if start <= at < start + window.step]
        for start in range(end - window.span, end, window.step)
    ]
    if window.function == "absent":
        return None if end - born < window.span else float(not any(bars))
    if window.function == "learned":
        return learned(window, values)
    need = needed(window, len(bars))
    if sum(1 for bar in bars if bar) < math.floor(need):
        return None
    inside = [value for bar in bars for _, value in bar]
    match window.function:
        case "min":
            return min(inside)
        case "max":
            return max(inside)
        case "flatline":
            return float(all(value == inside[0] for value in inside))
        case "delta":
            return inside[-1] - inside[0]
        case "rate":
            return (inside[-1] - inside[0]) / (window.span / 1e9)
        case "reversals":
            return float(reversals([bar[-1][1] for bar in bars if bar], window.limit))
        case "spikes":
            return float(spikes(bars))
        case "count" | "changes" | "duration" | "growth" | "growth rate":
            return between(window, values, end)
    means = [sum(value for _, value in bar) / len(bar) if bar else None for bar in bars]
    return of_means(window, bars, means)


def of_means(window, bars, means):
    known = [item for item in means if item is not None]
    match window.function:
        case "mean":
            return sum(known) / len(known)
        case "stddev":
            squares = [sum(value * value for _, value in bar) / len(bar) for bar in bars if bar]
            mean = sum(known) / len(known)
            return math.sqrt(max(sum(squares) / len(squares) - mean * mean, 0))
        case "percentile":
            ordered = sorted(known)
            place = window.limit * (len(ordered) - 1)
            below = math.floor(place)
            above = min(below + 1, len(ordered) - 1)
            return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
        case "ewma":
            weights = [math.exp(-3 * age / len(means)) for age in reversed(range(len(means)))]
            pairs = [(item, weight) for item, weight in zip(means, weights, strict=True) if item is not None]
            return sum(item * weight for item, weight in pairs) / sum(weight for _, weight in pairs)
        case "slope":
            return line(window, means)
        case "time_to":
            return time_to(window, means)
    raise AssertionError(window.function)


def line(window, means):
    points = [(at * window.step / 1e9, item) for at, item in enumerate(means) if item is not None]
    if len(points) < 2:
        return None
    x0 = sum(x for x, _ in points) / len(points)
    return sum((x - x0) * y for x, y in points) / sum((x - x0) ** 2 for x, _ in points)


def time_to(window, means):
    known = [item for item in means if item is not None]
    tail = sorted(item for item in means[-max(3, len(means) // 8) :] if item is not None)
    if len(known) < 4 or not tail:
        return None
    level = (tail[(len(tail) - 1) // 2] + tail[len(tail) // 2]) / 2
    if level == window.limit:
        return 0.0
    every = math.ceil(len(means) / 60)
    last = len(means) - 1
    points = [(at, item) for at, item in enumerate(means) if item is not None and (last - at) % every == 0]
    slopes = sorted(
        (b - a) / ((j - i) * window.step / 1e9)
        for index, (i, a) in enumerate(points)
        for j, b in points[index + 1 :]
    )
    n = len(points)
    spread = Z * math.sqrt(n * (n - 1) * (2 * n + 5) / 18) / 2
    middle = (len(slopes) - 1) / 2

    def at(place):
        return slopes[min(max(round(place), 0), len(slopes) - 1)]

    if at(middle - spread) <= 0 <= at(middle + spread) or (window.limit - level) * at(middle) <= 0:
        return math.inf
    return (window.limit - level) / at(middle)


def reversals(values, least):
    """Turning points, each confirmed once the value has moved back by the least move from its extreme."""
    turns, heading, low, high = 0, 0, math.inf, -math.inf
    for value in values:
        low, high = min(low, value), max(high, value)
        new = (
            1
            if value - low >= least and heading <= 0
            else -1
            if high - value >= least and heading >= 0
            else 0
        )
        if new:
            turns += heading != 0
            heading, low, high = new, value, value
    return turns


def spikes(bars):
    ranges = [
        max(value for _, value in bar) - min(value for _, value in bar) if bar else None for bar in bars
    ]
    moving = sorted(item for item in ranges if item)
    if not moving:
        return 0
    usual = (moving[(len(moving) - 1) // 2] + moving[len(moving) // 2]) / 2
    found = 0
    for before, bar, after, size in zip(bars, bars[1:], bars[2:], ranges[1:], strict=False):
        if before and bar and after and size > 6 * usual:
            found += abs(after[-1][1] - before[0][1]) < size / 2
    return found


def between(window, values, end):
    total = 0.0
    for (since, old), (at, new) in pairwise(values):
        if at < end - window.span:
            continue
        match window.function:
            case "count":
                total += old == 0 and new == 1
            case "changes":
                total += old != new
            case "duration":
                total += (at - since) / 1e9 if old == 1 and at - since <= window.gap else 0
            case _:
                total += new - old if new >= old else new
    if window.function == "duration":
        return min(total, window.span / 1e9)
    return total / (window.span / 1e9) if window.function == "growth rate" else total


def learned(window, values):
    bars: dict[int, list[float]] = {}
    for at, value in values:
        bars.setdefault(at // window.step, []).append(value)
    takes = window.span // window.step
    means = [sum(bar) / len(bar) for _, bar in sorted(bars.items())][:takes]
    return sum(means) / takes if len(means) == takes else None

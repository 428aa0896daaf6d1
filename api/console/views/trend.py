"""The readings behind a trend, thinned to what a screen can show without hiding peaks or gaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from api.console.i18n import N_
from plantroom.model import Point, PointKind
from plantroom.readings import Float64s, Int64s, ReadingBatch
from plantroom.stores.base import Aggregates, ReadingStore
from plantroom.times import DAY, HOUR, MILLISECOND, MINUTE, SECOND, Nanos, to_datetime

MAX_POINTS = 4
MAX_READINGS = 200_000
"""Of one point, read for one trend."""
MAX_DRAWN = 1200
"""Readings of one point that are drawn as they are; more are drawn by interval."""
DISCRETE = frozenset({PointKind.BINARY, PointKind.ENUM})


@dataclass(frozen=True, slots=True)
class Span:
    """How far back a trend looks, the interval it is thinned to, and how often it is brought up to date."""

    name: str
    length: Nanos
    interval: Nanos
    every: Nanos


SPANS: Mapping[str, Span] = {
    "15m": Span(N_("15 min"), 15 * MINUTE, 2 * SECOND, 5 * SECOND),
    "1h": Span(N_("1 h"), HOUR, 10 * SECOND, 10 * SECOND),
    "6h": Span(N_("6 h"), 6 * HOUR, MINUTE, 30 * SECOND),
    "24h": Span(N_("24 h"), DAY, 5 * MINUTE, MINUTE),
    "7d": Span(N_("7 d"), 7 * DAY, 30 * MINUTE, 5 * MINUTE),
}
DEFAULT_SPAN = "1h"


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One line of a trend.

    Shapes: columns of one length; NaN in `value` breaks the line. `low` and `high` only where thinned.
    """

    point: Point
    ts: Int64s
    value: Float64s
    low: Float64s | None = None
    high: Float64s | None = None
    bad: int = 0
    """Readings of bad quality, which are not drawn."""
    cut: bool = False
    """Whether there was more than could be read."""


def load_trend(store: ReadingStore, points: Sequence[Point], span: Span, now: Nanos) -> list[Series]:
    """A line for each point over the span that ends at `now`.

    Raises: StoreError.
    """
    return [_load(store, point, span, now - span.length, now) for point in points[:MAX_POINTS]]


def _load(store: ReadingStore, point: Point, span: Span, start: Nanos, end: Nanos) -> Series:
    ids = np.array([point.id], dtype=np.int32)
    discrete = point.kind in DISCRETE
    # what a state did between two intervals matters, so states are never averaged
    if discrete or span.length // max(point.sample, 1) <= MAX_DRAWN:
        batch = store.range(ids, start, end, MAX_READINGS)
        if discrete or len(batch) <= MAX_DRAWN:
            return of_readings(point, batch)
    return of_aggregates(point, store.aggregate(ids, start, end, span.interval), span.interval)


def of_readings(point: Point, batch: ReadingBatch) -> Series:
    """The readings as they are; bad ones and silences break the line, a state's repetitions are left out."""
    good = ~batch.is_bad() & np.isfinite(batch.value)
    kept = batch.take(good)
    # silences first: between two changes of a state lies no silence, only its repetitions left out
    ts, value = with_gaps(kept.ts, kept.value, point.stale_after)
    if point.kind in DISCRETE:
        ts, value = changes(ts, value)
    return Series(point, ts, value, bad=int((~good).sum()), cut=len(batch) >= MAX_READINGS)


def of_aggregates(point: Point, found: Aggregates, interval: Nanos) -> Series:
    """Means with the lowest and highest of each interval, drawn at the interval's middle."""
    limit = max(2 * interval, point.stale_after + interval)
    ts = found.ts + interval // 2
    drawn, mean = with_gaps(ts, found.mean, limit)
    _, low = with_gaps(ts, found.low, limit)
    _, high = with_gaps(ts, found.high, limit)
    return Series(point, drawn, mean, low, high)


def changes(ts: Int64s, value: Float64s) -> tuple[Int64s, Float64s]:
    """The readings at which a state changes, with those on either side of a gap (NaN) and the last one."""
    if len(ts) < 3:
        return ts, value
    keep = np.ones(len(ts), dtype=np.bool_)
    # NaN differs from everything, so a gap and what follows it are changes by themselves
    keep[1:-1] = (value[1:-1] != value[:-2]) | np.isnan(value[2:])
    return ts[keep], value[keep]


def with_gaps(ts: Int64s, value: Float64s, limit: Nanos) -> tuple[Int64s, Float64s]:
    """The line with a NaN put into every silence longer than `limit`."""
    if len(ts) < 2:
        return ts, value
    places = np.flatnonzero(np.diff(ts) > limit) + 1
    return np.insert(ts, places, ts[places - 1] + 1), np.insert(value, places, np.nan)


def wall_milliseconds(ts: Int64s, zone: ZoneInfo) -> Int64s:
    """The local wall time as if it were UTC, for a chart that knows no zones.

    Units: ms. Changes of daylight saving inside the range are placed by the offset at each reading.
    """
    if not len(ts):
        return np.empty(0, dtype=np.int64)
    ends = {_offset(int(ts[0]), zone), _offset(int(ts[-1]), zone)}
    if len(ends) == 1:
        offset: Int64s = np.full(len(ts), ends.pop(), dtype=np.int64)
    else:
        offset = np.array([_offset(int(at), zone) for at in ts], dtype=np.int64)
    wall: Int64s = (ts + offset) // MILLISECOND
    return wall


def _offset(ts: Nanos, zone: ZoneInfo) -> Nanos:
    delta = to_datetime(ts, zone).utcoffset()
    return 0 if delta is None else int(delta.total_seconds()) * SECOND


def choose_points(points: Sequence[Point], wanted: str, fault: Iterable[str] = ()) -> list[Point]:
    """The points that the address names, or else the `fault`'s, or else the first analog ones."""
    by_key = {point.key: point for point in points}
    for keys in (wanted.split(","), fault):
        found = [by_key[key] for key in dict.fromkeys(keys) if key in by_key]
        if found:
            return found[:MAX_POINTS]
    analog = [point for point in points if point.kind is PointKind.ANALOG]
    return (analog or list(points))[:2]

"""The Flux texts. Every name and number in them is a parameter; only how many there are shapes a text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from plantroom.stores.influx_lines import BAD, MEASUREMENT, QUALITY, VALUE
from plantroom.stores.influx_server import Params
from plantroom.times import Nanos

FIRST, LAST = -(2**63) + 2, 2**63 - 2
"""The times that InfluxDB can hold, both included."""
POINTS_A_QUERY = 200
"""A text names no more points: each is one more comparison that the server parses and plans."""
FIELDS = (VALUE, BAD, QUALITY)

_FIELD = f"""
from(bucket: bucket)
  |> range(start: time(v: start), stop: time(v: stop))
  |> filter(fn: (r) => r._measurement == "{MEASUREMENT}")
  |> filter(fn: (r) => r._field == "%(field)s")
  %(points)s
  %(then)s
  |> keep(columns: ["_time", "_value", "id"])
  |> yield(name: "%(name)s")
"""
_FIGURES = {"sum": "sum", "count": "count", "low": "min", "high": "max"}
_OF_RAW = '|> aggregateWindow(every: duration(v: every), fn: {fn}, createEmpty: false, timeSrc: "_start")'


def readings_query(points: int, *, limit: bool = False) -> str:
    """The text for readings with start <= ts < stop, of so many points (0: of all).

    With `limit` the parameter `most` says how many of each point and field.
    """
    # one table for all series: InfluxDB takes a third of a millisecond for each table that it answers with
    return _of_fields(points, "|> limit(n: most)" if limit else "|> group()")


def newest_query() -> str:
    """The text for the newest of each field and point."""
    return _of_fields(0, "|> last()")


def count_query() -> str:
    """The text for how many readings each point has; the time that it gives says nothing."""
    # a count has no time of its own
    then = "|> count() |> map(fn: (r) => ({_time: time(v: 0), _value: r._value, id: r.id}))"
    return "".join(_text(field, field, 0, then) for field in (VALUE, BAD))


def raw_figures_query(points: int) -> str:
    """The text for sum, count, lowest and highest of the usable readings by point and interval."""
    return "".join(_text(VALUE, name, points, _OF_RAW.format(fn=fn)) for name, fn in _FIGURES.items())


def tier_figures_query(points: int) -> str:
    """The text for the same out of a bucket that has them for each step."""
    return "".join(_text(name, name, points, "") for name in _FIGURES)


def given(bucket: str, start: Nanos, stop: Nanos, point_ids: Iterable[int] = (), **more: int) -> Params:
    """The parameters of a text: start <= ts < stop, the points by their ids."""
    points = {f"p{index}": str(int(number)) for index, number in enumerate(point_ids)}
    return {"bucket": bucket, "start": clamped(start), "stop": clamped(stop), **points, **more}


def clamped(ts: Nanos) -> Nanos:
    """The nearest time that InfluxDB can hold."""
    return max(FIRST, min(LAST, ts))


def rfc3339(ts: Nanos) -> str:
    """The time as the delete API takes it."""
    return f"{np.datetime64(clamped(ts), 'ns')}Z"


def _of_fields(points: int, then: str) -> str:
    return "".join(_text(field, field, points, then) for field in FIELDS)


def _text(field: str, name: str, points: int, then: str) -> str:
    of_points = f"|> filter(fn: (r) => {_any_of(0, points)})" if points else ""
    return _FIELD % {"field": field, "name": name, "points": of_points, "then": then}


def chunks(point_ids: Sequence[int]) -> Iterable[Sequence[int]]:
    """The points in as many parts as there will be queries."""
    return (point_ids[at : at + POINTS_A_QUERY] for at in range(0, len(point_ids), POINTS_A_QUERY))


def _any_of(first: int, stop: int) -> str:
    """A test for the points' parameters, halved again and again: a long chain is nested too deep for Flux."""
    if stop - first == 1:
        return f"r.id == p{first}"
    middle = (first + stop) // 2
    return f"({_any_of(first, middle)} or {_any_of(middle, stop)})"

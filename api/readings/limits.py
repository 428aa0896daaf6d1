"""What one request for readings may ask for, and the interval that keeps a trend readable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain

from api import problems
from plantroom.model import Point
from plantroom.times import DAY, HOUR, MILLISECOND, MINUTE, SECOND, Nanos, format_duration

MAX_POINTS = 100
MAX_ROWS = 100_000
MAX_BUCKETS = 2_000
MAX_READ = 500_000_000
"""Readings that an aggregate may go through: seconds of the store's time, not minutes."""

_STEPS = (
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 7, 14)),
)
_MONTH = 30 * DAY
_FASTEST = 100 * MILLISECOND


def interval_for(span: Nanos, buckets: int) -> Nanos:
    """The least round interval that cuts `span` into at most `buckets` pieces, one more at the edge."""
    wanted = math.ceil(span / buckets)
    months = range(_MONTH, wanted + _MONTH, _MONTH)
    return next(step for step in chain(_STEPS, months) if step >= wanted)


def check_span(start: Nanos, end: Nanos) -> None:
    """Nothing, where there is time between them.

    Raises: Refusal with 422.
    """
    if start >= end:
        raise problems.wrong("query.start", "must be before end")


def check_rows(points: int, span: Nanos, interval: Nanos) -> None:
    """Nothing, where the figures fit into one answer.

    Raises: Refusal with 422 that names the limit and the shortest interval that fits.
    """
    rows = points * (span // interval + 2)
    if rows > MAX_ROWS:
        shortest = format_duration(interval_for(span, max(1, MAX_ROWS // points - 2)))
        raise problems.wrong(
            "query.interval",
            f"would give {rows} rows and one answer has at most {MAX_ROWS}; "
            f"take {shortest} or longer, or leave it out",
        )


def check_reading(points: Sequence[Point], span: Nanos) -> None:
    """Nothing, where the store can be expected to answer in seconds.

    Raises: Refusal with 422 that names the limit.
    """
    expected = sum(span // max(point.sample, _FASTEST) for point in points)
    if expected > MAX_READ:
        raise problems.wrong(
            "query.start",
            f"would go through about {expected} readings and a request may go through {MAX_READ}; "
            "ask for fewer points or a shorter time",
        )

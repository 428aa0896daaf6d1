"""Time as integers: nanoseconds since 1970 in UTC inside, local only at the edge.

Logic never asks for the time, it is given `now`; `system_clock` is read at the edges alone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TypeAlias
from zoneinfo import ZoneInfo

Nanos: TypeAlias = int
Clock: TypeAlias = Callable[[], Nanos]

MICROSECOND: Nanos = 1_000
MILLISECOND: Nanos = 1_000_000
SECOND: Nanos = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
YEAR = 365 * DAY

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DURATION = re.compile(r"\s*([0-9]{1,18}(?:\.[0-9]{1,18})?)\s*(ms|s|min|h|d|w|y)\s*")
_UNIT_NANOS = {
    "ms": MILLISECOND,
    "s": SECOND,
    "min": MINUTE,
    "h": HOUR,
    "d": DAY,
    "w": 7 * DAY,
    "y": YEAR,
}


def system_clock() -> Nanos:
    """The machine's time in nanoseconds since 1970, UTC."""
    return time.time_ns()


def parse_duration(text: str) -> Nanos:
    """Nanoseconds of a duration such as `30s`, `1.5 h` or `1h 30min`.

    Units: ms, s, min, h, d, w, y (365 d).
    Raises: ValueError for anything else.
    """
    total, position = 0, 0
    while position < len(text):
        match = _DURATION.match(text, position)
        if match is None:
            break
        # a float holds no more than 104 days to the nanosecond
        total += round(Fraction(match[1]) * _UNIT_NANOS[match[2]])
        position = match.end()
    if position != len(text) or not text.strip():
        raise ValueError(f"{text[:40]!r} is not a duration; write for example 30s, 5 min, 2 h or 7 d")
    return total


def format_duration(nanos: Nanos) -> str:
    """A duration in its largest whole units, such as `1h 30min`; `0s` for none."""
    if nanos <= 0:
        return "0s"
    parts: list[str] = []
    for unit in ("d", "h", "min", "s", "ms"):
        count, nanos = divmod(nanos, _UNIT_NANOS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"


def to_datetime(ts: Nanos, zone: ZoneInfo | None = None) -> datetime:
    """The instant as an aware datetime in `zone` (UTC if none), cut to microseconds."""
    instant = _EPOCH + timedelta(microseconds=ts // MICROSECOND)
    return instant.astimezone(zone) if zone else instant


def from_datetime(instant: datetime) -> Nanos:
    """Nanoseconds of a datetime; one without a zone is taken as UTC."""
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    delta = instant - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * MICROSECOND


def to_iso(ts: Nanos) -> str:
    """The instant as ISO 8601 in UTC with milliseconds, ending in Z."""
    return to_datetime(ts).isoformat(timespec="milliseconds").replace("+00:00", "Z")

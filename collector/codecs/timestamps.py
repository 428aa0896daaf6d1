"""The time rule of version 1: what a number or a text in `ts` means.

A number counts from 1970 UTC in seconds, milliseconds, microseconds or nanoseconds, told by its size;
fractions are kept to the microsecond. A text is ISO 8601; without a zone it is UTC.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from collector.text import shown
from plantroom.errors import PayloadError
from plantroom.readings import Bools, Int64s
from plantroom.times import MICROSECOND, MILLISECOND, SECOND, Nanos, from_datetime

BELOW_IS_SECONDS = 10**11
BELOW_IS_MILLISECONDS = 10**14
BELOW_IS_MICROSECONDS = 10**17
END = 2**63 - 1
"""The last nanosecond that a reading's time can hold, in the year 2262."""


def instant(value: object) -> Nanos | None:
    """The time that `value` means; None for None, which is no time given.

    Raises: PayloadError(`time`) for what the rule does not cover.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise PayloadError("time", f"a time is a number or ISO 8601 text, not {type(value).__name__}")
    if isinstance(value, str):
        ts = _of_text(value)
    elif isinstance(value, int):
        ts = _of_integer(value)
    else:
        ts = _of_float(value)
    if not 0 <= ts <= END:
        text = shown(value, 40) if isinstance(value, str) else f"{value!r:.40}"
        raise PayloadError("time", f"{text} is not a time between 1970 and 2262")
    return ts


def _of_integer(value: int) -> Nanos:
    if value < BELOW_IS_SECONDS:
        return value * SECOND
    if value < BELOW_IS_MILLISECONDS:
        return value * MILLISECOND
    return value * MICROSECOND if value < BELOW_IS_MICROSECONDS else value


def _of_float(value: float) -> Nanos:
    if not math.isfinite(value):
        return -1
    if value < BELOW_IS_SECONDS:
        return round(value * 1e6) * MICROSECOND
    if value < BELOW_IS_MILLISECONDS:
        return round(value * 1e3) * MICROSECOND
    return round(value) * MICROSECOND if value < BELOW_IS_MICROSECONDS else int(value)


def _of_text(value: str) -> Nanos:
    try:
        return from_datetime(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        raise PayloadError("time", f"{shown(value, 40)} is not ISO 8601") from None


def instants(values: Sequence[object] | Int64s) -> tuple[Int64s, Bools | None, tuple[PayloadError, ...]]:
    """(times, rows that have one or None for all, problems) of a list of times.

    Shapes: `times` has the rows kept, the mask one entry for each value given.
    """
    is_array = isinstance(values, np.ndarray)
    if len(values) and (is_array or set(map(type, values)) == {int}):
        times = _of_integers(values)
        if times is not None:
            return times, None, ()
    if isinstance(values, np.ndarray):
        values = values.tolist()
    found: list[Nanos] = []
    keep = np.ones(len(values), dtype=np.bool_)
    first = ""
    for row, value in enumerate(values):
        try:
            ts = instant(value)
            reason = "a batch needs a time for every row"
        except PayloadError as problem:
            ts, reason = None, str(problem)
        if ts is None:
            keep[row] = False
            first = first or f"row {row}: {reason}"
        else:
            found.append(ts)
    times = np.array(found, dtype=np.int64)
    if not first:
        return times, None, ()
    lost = len(values) - len(found)
    return times, keep, (PayloadError("time", f"{first} ({lost} of {len(values)} rows)"),)


def _of_integers(values: Sequence[object] | Int64s) -> Int64s | None:
    """The times of whole numbers, or None where one is outside the rule."""
    try:
        given = np.array(values, dtype=np.int64)
    except OverflowError:
        return None
    if given.min() < 0:
        return None
    scale = np.select(
        [given < BELOW_IS_SECONDS, given < BELOW_IS_MILLISECONDS, given < BELOW_IS_MICROSECONDS],
        [SECOND, MILLISECOND, MICROSECOND],
        1,
    )
    # a product of up to 1e20 would wrap round, so the bound is tested before multiplying
    if np.any(given > END // scale):
        return None
    times: Int64s = given * scale
    return times

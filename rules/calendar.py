"""The local hour, weekday and month of instants, in each site's own zone, with its changes of clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from plantroom.readings import Float64s, Int64s
from plantroom.times import DAY, HOUR, SECOND

_FIRST, _LAST = 2000, 2060
_WEEK = 7 * 86_400
_DAYS_TO_MONDAY = 3  # 1970 began on a Thursday


@cache
def offsets(zone: str) -> tuple[Int64s, Int64s]:
    """The instants from which on a zone has another offset from UTC, and the offsets; both in ns.

    The first offset holds before the first instant too, the last one after the last.
    """
    info = ZoneInfo(zone)
    at, until = (round(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (_FIRST, _LAST))
    since, found = [0], [_offset(info, at)]
    while at < until:
        later = at + _WEEK
        if _offset(info, later) != found[-1]:
            low, high = at, later
            while high - low > 1:  # whole seconds: that is where clocks change
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(info, middle) == found[-1] else (low, middle)
            since.append(high * SECOND)
            found.append(_offset(info, later))
        at = later
    return np.array(since, dtype=np.int64), np.array(found, dtype=np.int64)


def _offset(info: ZoneInfo, at: int) -> int:
    offset = datetime.fromtimestamp(at, UTC).astimezone(info).utcoffset() or timedelta()
    return round(offset.total_seconds()) * SECOND


def local(at: Int64s, zones: list[str], of: Int64s) -> Int64s:
    """Instants as ns since 1970 of the local clock; `of` says which of the zones each is in."""
    found = at.copy()
    for index, zone in enumerate(zones):
        mine = of == index
        since, offset = offsets(zone)
        found[mine] += offset[np.maximum(np.searchsorted(since, at[mine], side="right") - 1, 0)]
    return found


def named(name: str, clock: Int64s) -> Float64s:
    """`hour` (0 to 24), `weekday` (1 Monday to 7) or `month` (1 to 12) of local clocks in ns since 1970."""
    if name == "hour":
        return (clock % DAY) / HOUR
    if name == "weekday":
        return ((clock // DAY + _DAYS_TO_MONDAY) % 7 + 1).astype(np.float64)
    months = (clock // DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return (months % 12 + 1).astype(np.float64)

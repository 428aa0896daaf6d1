"""Working hours in the simplest way that is right: hour by hour, in local time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from plantroom.times import HOUR, Nanos, to_datetime


@dataclass(frozen=True)
class PlainHours:
    """From `opens` to `closes` o'clock on the days of the week, but for holidays.

    The zone's offset is of whole hours.
    """

    zone: ZoneInfo
    opens: int = 8
    closes: int = 18
    days: frozenset[int] = frozenset(range(5))
    holidays: frozenset[date] = frozenset()

    def _counts(self, at: Nanos) -> bool:
        local = to_datetime(at, self.zone)
        return (
            local.weekday() in self.days
            and local.date() not in self.holidays
            and self.opens <= local.hour < self.closes
        )

    def working_time(self, start: Nanos, end: Nanos) -> Nanos:
        total = 0
        while start < end:
            until = min(end, start - start % HOUR + HOUR)
            total += until - start if self._counts(start) else 0
            start = until
        return total

    def add_working(self, start: Nanos, duration: Nanos) -> Nanos:
        while duration > 0:
            until = start - start % HOUR + HOUR
            if self._counts(start):
                step = min(duration, until - start)
                duration -= step
                start += step
            else:
                start = until
        return start

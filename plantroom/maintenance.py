"""Maintenance plans and when they are due."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from plantroom.times import Nanos, from_datetime, to_datetime

_EVERY = re.compile(r"([0-9]{1,6})\s*(day|week|month|year)s?")
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_LONGEST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Interval:
    """A calendar distance; months keep the day of the month, cut to the month's length."""

    months: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> Interval:
        """The interval of `1 month`, `6 months`, `2 weeks`, `1 day` or `1 year`.

        Raises: ValueError for anything else.
        """
        match = _EVERY.fullmatch(text.strip())
        if match is None or int(match[1]) == 0:
            raise ValueError(f"{text[:40]!r} is not an interval; write for example 1 month or 2 weeks")
        count, word = int(match[1]), match[2]
        days = count * _DAYS[word]
        if days > _LONGEST_DAYS:
            raise ValueError(f"{text[:40]!r} is longer than 100 years")
        if word in ("day", "week"):
            return cls(days=days)
        return cls(months=count * (12 if word == "year" else 1))

    def after(self, start: datetime, times: int = 1) -> datetime:
        """`start` moved on by `times` intervals, in wall time."""
        month = start.month - 1 + self.months * times
        year, month = start.year + month // 12, month % 12 + 1
        day = min(start.day, calendar.monthrange(year, month)[1])
        return start.replace(year=year, month=month, day=day) + timedelta(days=self.days * times)


@dataclass(frozen=True, slots=True)
class MaintenancePlan:
    """What the plan's clock needs: how often, and whether it counts from the calendar or from completion."""

    key: str
    every: Interval
    floating: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """A plan's due date and how many earlier ones were passed over without an order."""

    due_at: Nanos
    missed: int = 0


def next_due(plan: MaintenancePlan, anchor: Nanos, zone: ZoneInfo) -> Nanos:
    """The first due time after `anchor`, at the same local time of day in `zone`."""
    return from_datetime(plan.every.after(to_datetime(anchor, zone)))


def due(
    plan: MaintenancePlan,
    *,
    commissioned_at: Nanos,
    last_due: Nanos | None,
    last_done: Nanos | None,
    now: Nanos,
    zone: ZoneInfo,
) -> Due | None:
    """The latest due time that has come and has no order yet, or None.

    A fixed plan counts from `commissioned_at`, a floating one from its last completion. The answer depends
    on nothing but the arguments, so asking twice, or late, names the same due time: its caller's key for
    exactly one order.
    Source: EN 13306 (scheduled maintenance); fixed and floating are practice.
    """
    if plan.floating:
        if last_due is not None and (last_done is None or last_done < last_due):
            return None  # the order opened at last_due is not done; it floats from its completion
        anchor = last_done if last_done is not None else commissioned_at
        first = next_due(plan, anchor, zone)
        return Due(first) if first <= now else None
    # counted from the beginning each time: from due time to due time a plan of the 31st would come to stay
    # on the 28th, and when it was asked would decide when it is due
    start = to_datetime(commissioned_at, zone)
    turn = _turns(plan.every, start, now)
    before = 0 if last_due is None else _turns(plan.every, start, last_due)
    if turn <= before:
        return None
    return Due(from_datetime(plan.every.after(start, turn)), missed=turn - before - 1)


def _turns(every: Interval, start: datetime, now: Nanos) -> int:
    """How many intervals from `start` have ended at `now`."""
    end = to_datetime(now).astimezone(start.tzinfo)
    if every.months:
        turns = ((end.year - start.year) * 12 + end.month - start.month) // every.months
    else:
        turns = (end.date() - start.date()).days // every.days
    # the calendar alone counts one too many before the day or the hour has come
    while turns > 0 and from_datetime(every.after(start, turns)) > now:
        turns -= 1
    return max(0, turns)

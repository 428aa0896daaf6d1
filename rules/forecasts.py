"""What the alarms of forecasts tell besides: when the limit is reached at the earliest and at the latest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from plantroom.alarms import AlarmEvent
from plantroom.forecasts import as_readings
from plantroom.times import MINUTE
from rules.class_rules import ClassRules
from rules.judge import AlarmChange
from rules.windows.history import History

Find = Callable[[int], tuple[ClassRules, int]]
"""Equipment id -> the rules of its class, and its column there."""


def told(history: History, find: Find, opened: int, changes: Iterable[AlarmChange]) -> Iterator[AlarmChange]:
    """The changes, those raised by a forecast with its interval among their readings.

    They are of the minutes from `opened` on that the history has moved over last.
    """
    for change in changes:
        more = _intervals(history, find, opened, change) if change.event is AlarmEvent.RAISE else {}
        yield replace(change, readings={**change.readings, **more}) if more else change


def _intervals(history: History, find: Find, opened: int, change: AlarmChange) -> dict[str, float]:
    rules, column = find(change.equipment_id)
    lanes, minute = rules.lanes, min(max(change.ts // MINUTE, opened), history.minute)
    # a forecast that was infinite did not raise the alarm, and is no reading of it
    told_of = [
        (index, window)
        for index, window in enumerate(lanes.windows)
        if window.function == "time_to" and window.text in change.readings
    ]
    series = [window.series for _, window in told_of]
    found: dict[str, float] = {}
    for index, window in told_of:
        *seconds, limit = history.interval(lanes.out + index * lanes.width + column, minute).tolist()
        of = window.series if series.count(window.series) == 1 else window.text
        ratio = window.unit == "ratio"
        found |= as_readings(of, 100 * limit if ratio else limit, "%" if ratio else window.unit, seconds)
    return found

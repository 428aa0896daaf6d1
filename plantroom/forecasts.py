"""When something reaches its limit, as an alarm tells it: expected, and between which times."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from plantroom.times import DAY, SECOND, Nanos

FARTHEST: Nanos = 100 * 365 * DAY
"""What lies farther ahead than this is no time that anybody plans with."""
_MOMENTS = ("expected", "earliest", "latest")
_KEY = re.compile(
    r"forecast of (?P<of>.+): (?P<what>limit|expected|earliest|latest), (?P<unit>.*)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Forecast:
    """When `of`, as the rule writes it, reaches `limit` if it goes on as it did; 90 % lie between the ends.

    `latest` is None where no end is in sight.
    """

    of: str
    limit: float
    unit: str
    expected: Nanos
    earliest: Nanos
    latest: Nanos | None


def as_readings(of: str, limit: float, unit: str, seconds: Sequence[float]) -> dict[str, float]:
    """The forecast as readings of an alarm, which are numbers by name; `forecasts` finds them there.

    `seconds` from the alarm's time on: expected, earliest, latest; what is infinite is left out.
    """
    found = {f"forecast of {of}: limit, {unit}": limit}
    for what, ahead in zip(_MOMENTS, seconds, strict=True):
        if isfinite(ahead):
            found[f"forecast of {of}: {what}, s"] = ahead
    return found


def is_forecast(name: str) -> bool:
    """Whether a reading's name is a part of a forecast."""
    return _KEY.fullmatch(name) is not None


def forecasts(readings: Mapping[str, Any], ts: Nanos | None) -> list[Forecast]:
    """The forecasts among the readings of an alarm that was raised at `ts`."""
    parts: dict[str, dict[str, float]] = {}
    units: dict[str, str] = {}
    for name, value in readings.items():
        match = _KEY.fullmatch(name)
        if match is None or not isinstance(value, int | float) or not isfinite(value):
            continue
        of, what = match["of"], match["what"]
        parts.setdefault(of, {})[what] = float(value)
        if what == "limit":
            units[of] = match["unit"]
    found = [] if ts is None else [_forecast(of, units.get(of), part, ts) for of, part in parts.items()]
    return [item for item in found if item is not None]


def _forecast(of: str, unit: str | None, part: Mapping[str, float], ts: Nanos) -> Forecast | None:
    expected, earliest, latest = (_moment(part.get(what), ts) for what in _MOMENTS)
    if unit is None or expected is None or earliest is None:
        return None
    return Forecast(of, part["limit"], unit, expected, earliest, latest)


def _moment(ahead: float | None, ts: Nanos) -> Nanos | None:
    if ahead is None or not 0 <= ahead * SECOND <= FARTHEST:
        return None
    return ts + round(ahead) * SECOND

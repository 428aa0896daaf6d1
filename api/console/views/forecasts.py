"""Forecasts as people read them: what reaches which limit, when, and between which times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from api.console.formats import plain_number, with_unit
from api.console.i18n import Translator
from plantroom.forecasts import Forecast
from plantroom.model import Text
from plantroom.times import Nanos, to_datetime

Names = Mapping[str, Text]
"""Point key -> name."""


def forecast_text(t: Translator, found: Iterable[tuple[str, Forecast]], zone: ZoneInfo) -> str:
    """The forecasts, each with the name of what it is of, a sentence each, in local time."""
    return " · ".join(_sentence(t, name, item, zone) for name, item in found)


def named(t: Translator, names: Names, found: Iterable[Forecast]) -> tuple[tuple[str, Forecast], ...]:
    """Each forecast with the name of what it is of: a point's, or what the rule writes."""
    return tuple((t.text(names[item.of]) if item.of in names else item.of, item) for item in found)


def _sentence(t: Translator, name: str, item: Forecast, zone: ZoneInfo) -> str:
    limit = with_unit(plain_number(item.limit), item.unit)
    expected, earliest = _minute(item.expected, zone), _minute(item.earliest, zone)
    if item.latest is None:
        return t(
            "{name} reaches {limit} on {expected}, not before {earliest}",
            name=name,
            limit=limit,
            expected=expected,
            earliest=earliest,
        )
    return t(
        "{name} reaches {limit} on {expected}, between {earliest} and {latest}",
        name=name,
        limit=limit,
        expected=expected,
        earliest=earliest,
        latest=_minute(item.latest, zone),
    )


def _minute(ts: Nanos, zone: ZoneInfo) -> str:
    return f"{to_datetime(ts, zone):%Y-%m-%d %H:%M}"

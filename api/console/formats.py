"""Numbers, units, times and durations as people read them. Pure: language, zone and `now` are arguments."""

from __future__ import annotations

import math
from datetime import datetime
from zoneinfo import ZoneInfo

from api.console.i18n import Translator
from plantroom.model import Point, PointKind
from plantroom.times import DAY, HOUR, MINUTE, SECOND, Nanos, to_datetime

NO_VALUE = "—"
_NBSP = "\u00a0"
_UNITS = {
    "m3/h": "m³/h",
    "m3": "m³",
    "degC": "°C",
    "degF": "°F",
    "C": "°C",
    "m/s2": "m/s²",
    "ohm": "Ω",
    "Mohm": "MΩ",
    "mH2O": "mH₂O",
    "%RH": "% RH",
    "1": "",
}
MAX_DECIMALS = 2


def unit_text(unit: str) -> str:
    """The unit as it is written for people: m³/h for m3/h."""
    return _UNITS.get(unit, unit)


def with_unit(number: str, unit: str) -> str:
    """The number and its unit, kept on one line."""
    shown = unit_text(unit)
    return f"{number}{_NBSP}{shown}" if shown and number != NO_VALUE else number


def decimals_for(span: tuple[float, float] | None) -> int:
    """How many decimals show about a thousandth of the span, 2 at most; 2 where there is no finite span."""
    if span is None or not all(map(math.isfinite, span)) or span[1] <= span[0]:
        return 2
    step = (span[1] - span[0]) / 1000
    return min(MAX_DECIMALS, max(0, math.ceil(-math.log10(step))))


def number_text(value: float | None, decimals: int) -> str:
    """The number with thousands separated; a dash for none, NaN or infinite."""
    if value is None or not math.isfinite(value):
        return NO_VALUE
    text = f"{value:,.{decimals}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.,") else text


def plain_number(value: float) -> str:
    """The number in as few digits as tell it: 4, 0.5, 12.25."""
    return number_text(value, 0) if float(value).is_integer() else f"{value:,.4g}"


def point_decimals(point: Point) -> int:
    """How many decimals the point's values are shown with."""
    if point.kind is PointKind.ANALOG:
        return decimals_for(point.normal or point.valid)
    return 1 if point.kind is PointKind.COUNTER and point.unit else 0


def range_text(span: tuple[float, float] | None, unit: str) -> str:
    """A range such as `20 … 75 °C`; empty for none."""
    if span is None:
        return ""
    low, high = span
    if not math.isfinite(low) and not math.isfinite(high):
        return ""
    if not math.isfinite(high):
        return "≥ " + with_unit(plain_number(low), unit)
    if not math.isfinite(low):
        return "≤ " + with_unit(plain_number(high), unit)
    return with_unit(f"{plain_number(low)} … {plain_number(high)}", unit)


def span_text(t: Translator, nanos: Nanos) -> str:
    """A duration in its largest unit, cut: `42 s`, `5 min`, `3 h`, `12 d`."""
    nanos = abs(nanos)
    if nanos < MINUTE:
        return t("{n} s", n=nanos // SECOND)
    if nanos < HOUR:
        return t("{n} min", n=nanos // MINUTE)
    if nanos < 2 * DAY:
        return t("{n} h", n=nanos // HOUR)
    return t("{n} d", n=nanos // DAY)


def ago_text(t: Translator, ts: Nanos | None, now: Nanos) -> str:
    """How long ago `ts` was, or how far ahead it is."""
    if ts is None:
        return t("never")
    if abs(now - ts) < SECOND:
        return t("now")
    span = span_text(t, now - ts)
    return t("{span} ago", span=span) if ts < now else t("in {span}", span=span)


def due_text(t: Translator, due_at: Nanos, now: Nanos) -> str:
    """How long until `due_at`, or how long it is overdue."""
    span = span_text(t, due_at - now)
    return t("{span} overdue", span=span) if due_at < now else t("in {span}", span=span)


def time_text(ts: Nanos | None, zone: ZoneInfo, now: Nanos) -> str:
    """The local time, without the date on the same day and without seconds on another."""
    if ts is None:
        return NO_VALUE
    local, today = to_datetime(ts, zone), to_datetime(now, zone)
    if local.date() == today.date():
        return f"{local:%H:%M:%S}"
    return f"{local:%m-%d %H:%M}" if local.year == today.year else f"{local:%Y-%m-%d %H:%M}"


def date_text(ts: Nanos | None, zone: ZoneInfo) -> str:
    """The local date."""
    return NO_VALUE if ts is None else f"{to_datetime(ts, zone):%Y-%m-%d}"


def date_time_text(ts: Nanos | None, zone: ZoneInfo) -> str:
    """The local date and time to the second."""
    return NO_VALUE if ts is None else f"{to_datetime(ts, zone):%Y-%m-%d %H:%M:%S}"


def full_time(ts: Nanos | None, zone: ZoneInfo) -> str:
    """The local time to the second with the zone named, for the hover text."""
    if ts is None:
        return ""
    local = to_datetime(ts, zone)
    return f"{local:%Y-%m-%d %H:%M:%S} {zone_text(local, zone)}"


def zone_text(local: datetime, zone: ZoneInfo) -> str:
    """The zone's name and its offset at that time: `Asia/Shanghai (UTC+08:00)`."""
    offset = f"{local:%z}"
    return f"{zone.key} (UTC{offset[:3]}:{offset[3:5]})"


def size_text(size: int) -> str:
    """A number of bytes in B, kB or MB."""
    if size < 1000:
        return f"{size}{_NBSP}B"
    return f"{size / 1000:.1f}{_NBSP}kB" if size < 1_000_000 else f"{size / 1_000_000:.1f}{_NBSP}MB"


def inert_text(data: bytes) -> str:
    """Bytes from outside as text that can neither break a line, hide nor reorder what is around it.

    Tabs and line ends stay; other control, format and undecodable characters show as escapes.
    """
    text = data.decode("utf-8", errors="backslashreplace")
    return "".join(_visible(char) for char in text)


def _visible(char: str) -> str:
    if char in "\n\t" or char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

"""Live values as people read them: value, normal range, age, and whether the value can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from api.console.formats import ago_text, number_text, point_decimals, range_text, span_text, with_unit
from api.console.i18n import N_, Translator
from api.console.words import enum_value, quality_words
from plantroom.forecasts import is_forecast
from plantroom.live import LiveValues
from plantroom.model import Point, PointKind, PointTable
from plantroom.readings import Bools, Quality
from plantroom.times import SECOND, Nanos


class Condition(StrEnum):
    """How much a point's newest reading says; only OK and OUTSIDE speak for the present."""

    OK = "ok"
    OUTSIDE = "outside"
    BAD = "bad"
    STALE = "stale"
    NEVER = "never"


UNKNOWN = frozenset({Condition.BAD, Condition.STALE, Condition.NEVER})
CONDITION: Mapping[Condition, str] = {
    Condition.OK: N_("Good"),
    Condition.OUTSIDE: N_("Outside normal range"),
    Condition.BAD: N_("Bad reading"),
    Condition.STALE: N_("Stale"),
    Condition.NEVER: N_("No reading yet"),
}


@dataclass(frozen=True, slots=True)
class PointView:
    """One row of an equipment's live values."""

    key: str
    name: str
    value: str
    normal: str
    age: str
    condition: Condition
    note: str
    """What is not good about it, in words; empty for a good reading."""
    ts: Nanos | None


def value_text(t: Translator, point: Point, value: float, *, unit: bool = True) -> str:
    """A reading as people read it: number with unit, yes or no, or the enumeration's word."""
    if not np.isfinite(value):
        return number_text(value, 0)
    if point.kind is PointKind.BINARY:
        return t("Yes") if value else t("No")
    if point.kind is PointKind.ENUM:
        names = {code: name for name, code in point.values.items()}
        return enum_value(t, names[int(value)]) if value in names else number_text(value, 0)
    number = number_text(value, point_decimals(point))
    return with_unit(number, point.unit) if unit else number


def condition_of(point: Point, reading: tuple[Nanos, float, Quality] | None, now: Nanos) -> Condition:
    """How much the point's newest reading says at `now`."""
    if reading is None:
        return Condition.NEVER
    ts, value, quality = reading
    if now - ts > point.stale_after:
        return Condition.STALE
    if quality & Quality.BAD or not np.isfinite(value):
        return Condition.BAD
    if point.normal is not None and not point.normal[0] <= value <= point.normal[1]:
        return Condition.OUTSIDE
    return Condition.OK


def point_view(
    t: Translator, point: Point, reading: tuple[Nanos, float, Quality] | None, now: Nanos
) -> PointView:
    """The point's row at `now`."""
    condition = condition_of(point, reading, now)
    ts, value, quality = reading if reading is not None else (None, float("nan"), Quality.GOOD)
    return PointView(
        key=point.key,
        name=t.text(point.name),
        value=value_text(t, point, value),
        normal=range_text(point.normal, point.unit) if point.kind is PointKind.ANALOG else "",
        age=ago_text(t, ts, now),
        condition=condition,
        note=_note(t, point, condition, quality),
        ts=ts,
    )


def _note(t: Translator, point: Point, condition: Condition, quality: Quality) -> str:
    if condition is Condition.BAD:
        return t("Bad: {why}", why=quality_words(t, quality & Quality.BAD) or t("not a number"))
    if condition is Condition.STALE:
        note = t("expected every {every}", every=span_text(t, point.sample))
        bad = quality_words(t, quality & Quality.BAD)
        return f"{note}; {bad}" if bad else note
    if condition in (Condition.OUTSIDE, Condition.NEVER):
        return t(CONDITION[condition])
    return quality_words(t, quality)


def points_of(table: PointTable, site: str, key: str) -> list[Point]:
    """The equipment's points in the catalogue's order."""
    return [table.points[id_] for id_ in (table.of_equipment(site, key) or {}).values()]


def readings_text(t: Translator, points: Mapping[str, Point], readings: Mapping[str, float]) -> str:
    """Readings kept with an alarm or an order, in one line: `Flow 23.1 m³/h · Running yes`."""
    return " · ".join(f"{name} {value}" for name, value in readings_list(t, points, readings))


def readings_list(
    t: Translator, points: Mapping[str, Point], readings: Mapping[str, float]
) -> list[tuple[str, str]]:
    """Name and value of each reading; a point that is gone keeps its key.

    A point's share in a deviation, `deviation: flow`, reads `Deviation: Flow 62 %`.
    """
    found: list[tuple[str, str]] = []
    for key, value in readings.items():
        if is_forecast(key):  # told as times
            continue
        point = points.get(key)
        number = float(value) if isinstance(value, int | float) else float("nan")
        whole, _, part = key.partition(": ")
        if point is None and whole in points and part in points:
            name = f"{t.text(points[whole].name)}: {t.text(points[part].name)}"
            found.append((name, f"{number_text(100 * number, 0)} %"))
        elif point is None:
            ahead = key.startswith(("reaches(", "time_to(")) and np.isfinite(number)
            text = span_text(t, round(number * SECOND)) if ahead else number_text(number, 2)
            found.append((key, text))
        else:
            found.append((t.text(point.name), value_text(t, point, number)))
    return found


def unknown_mask(table: PointTable, live: LiveValues, now: Nanos) -> Bools:
    """Which points say nothing of the present: never seen, stale or bad.

    Shapes: one per point id of the table; ids without a point are False.
    """
    ts, value, quality, seen = live.snapshot()
    size = table.size
    known = np.zeros(size, dtype=np.bool_)
    count = min(size, len(ts))
    if count:
        # a reading's time never seen is the lowest int64: compared, not subtracted, so nothing overflows
        fresh = ts[:count] >= now - table.stale_after[:count]
        bad = (quality[:count] & np.uint8(Quality.BAD)) != 0
        known[:count] = seen[:count] & fresh & ~bad & np.isfinite(value[:count])
    mask: Bools = (table.kind >= 0) & ~known
    return mask


def unknown_by_equipment(table: PointTable, mask: Bools) -> Mapping[int, int]:
    """Equipment id -> how many of its points are unknown; those with none are left out."""
    owners = table.equipment_id[mask]
    ids, counts = np.unique(owners, return_counts=True)
    return dict(zip(ids.tolist(), counts.tolist(), strict=True))


def newest(live: LiveValues) -> Nanos | None:
    """The time of the newest reading of all."""
    ts, _, _, seen = live.snapshot()
    return int(ts[seen].max()) if seen.any() else None

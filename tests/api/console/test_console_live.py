"""What the console says of a point's newest reading."""

from __future__ import annotations

import pytest

from api.console.i18n import translator
from api.console.views import live as views
from api.console.views.live import Condition
from plantroom.live import LiveValues
from plantroom.model import Criticality, Equipment, Point, PointKind, PointTable, Text
from plantroom.readings import Quality, ReadingBatch
from plantroom.times import MINUTE, SECOND

EN, ZH = translator("en"), translator("zh")
NOW = 1_000 * MINUTE


def point(id_: int, key: str = "flow", kind: PointKind = PointKind.ANALOG, **given: object) -> Point:
    values: dict[str, object] = {
        "id": id_,
        "site": "north",
        "equipment": "mill-1",
        "key": key,
        "name": Text(key.capitalize(), "流量"),
        "kind": kind,
        "unit": "m3/h",
        "valid": (0.0, 100.0),
        "normal": (10.0, 60.0),
        "sample": 10 * SECOND,
        "stale_after": MINUTE,
    }
    return Point(**(values | given))  # type: ignore[arg-type]


FLOW = point(0)
GOOD = Quality.GOOD


@pytest.mark.parametrize(
    ("reading", "condition"),
    [
        (None, Condition.NEVER),
        ((NOW, 31.2, GOOD), Condition.OK),
        ((NOW - MINUTE, 31.2, GOOD), Condition.OK),
        ((NOW - MINUTE - 1, 31.2, GOOD), Condition.STALE),
        ((NOW, 61.0, GOOD), Condition.OUTSIDE),
        ((NOW, 60.0, GOOD), Condition.OK),
        ((NOW, 31.2, Quality.OUT_OF_RANGE), Condition.BAD),
        ((NOW, float("nan"), Quality.NOT_A_NUMBER), Condition.BAD),
        ((NOW, float("nan"), GOOD), Condition.BAD),
        ((NOW, 31.2, Quality.RECEIVE_TIME), Condition.OK),
        ((NOW - 2 * MINUTE, 31.2, Quality.OUT_OF_RANGE), Condition.STALE),
    ],
)
def test_how_much_a_reading_says(reading: tuple[int, float, Quality] | None, condition: Condition) -> None:
    assert views.condition_of(FLOW, reading, NOW) is condition


def test_a_good_row() -> None:
    view = views.point_view(EN, FLOW, (NOW - 5 * SECOND, 31.234, GOOD), NOW)
    assert (view.value, view.normal, view.age, view.note) == (
        "31.23\u00a0m³/h",
        "10 … 60\u00a0m³/h",
        "5 s ago",
        "",
    )


def test_a_stale_row_keeps_its_value_and_says_since_when() -> None:
    view = views.point_view(EN, FLOW, (NOW - 5 * MINUTE, 31.2, GOOD), NOW)
    assert view.value.startswith("31.2")
    assert view.age == "5 min ago"
    assert view.note == "expected every 10 s"


def test_a_bad_row_says_why_in_either_language() -> None:
    reading = (NOW, 412.0, Quality.OUT_OF_RANGE | Quality.RECEIVE_TIME)
    assert views.point_view(EN, FLOW, reading, NOW).note == "Bad: outside the valid range"
    assert views.point_view(ZH, FLOW, reading, NOW).note == "不良：超出有效范围"


def test_a_point_without_any_reading_shows_no_value() -> None:
    view = views.point_view(EN, FLOW, None, NOW)
    assert (view.value, view.age, view.note, view.ts) == ("—", "never", "No reading yet", None)


def test_states_are_words() -> None:
    running = point(1, "running", PointKind.BINARY, unit="", normal=None)
    mode = point(2, "mode", PointKind.ENUM, unit="", normal=None, values={"normal": 0, "my_mode": 2})
    hours = point(3, "hours", PointKind.COUNTER, unit="h", normal=None)
    assert views.value_text(EN, running, 1.0) == "Yes"
    assert views.value_text(ZH, running, 0.0) == "否"
    assert views.value_text(ZH, mode, 0.0) == "正常"
    assert views.value_text(EN, mode, 2.0) == "my mode"
    assert views.value_text(EN, mode, 7.0) == "7"
    assert views.value_text(EN, hours, 1234.56) == "1,234.6\u00a0h"


def test_readings_kept_with_an_alarm() -> None:
    points = {"flow": FLOW}
    assert views.readings_text(EN, points, {"flow": 12.5, "gone": 3.0}) == "Flow 12.50\u00a0m³/h · gone 3.00"
    assert views.readings_list(EN, points, {"flow": "x"}) == [("Flow", "—")]  # type: ignore[dict-item]


def table() -> PointTable:
    items = [
        Equipment(10, "north", "mill-1", "mill", Text("a", "a"), Criticality.A),
        Equipment(11, "north", "mill-2", "mill", Text("b", "b")),
    ]
    return PointTable(items, [point(1), point(2, "speed"), point(5, equipment="mill-2")])


def test_unknown_points_are_never_seen_stale_or_bad() -> None:
    live = LiveValues(2)  # smaller than the table, as after an import
    found = table()
    assert views.unknown_by_equipment(found, views.unknown_mask(found, live, NOW)) == {10: 2, 11: 1}
    live.update(
        ReadingBatch.of([1, 2, 5], [NOW, NOW - 2 * MINUTE, NOW], [1, 2, 3], [0, 0, int(Quality.UNIT)])
    )
    mask = views.unknown_mask(found, live, NOW)
    assert mask.tolist() == [False, False, True, False, False, True]
    assert views.unknown_by_equipment(found, mask) == {10: 1, 11: 1}


def test_an_empty_property_has_no_unknown_points() -> None:
    empty = PointTable([], [])
    assert views.unknown_mask(empty, LiveValues(0), NOW).tolist() == []
    assert views.newest(LiveValues(0)) is None


def test_the_newest_reading_of_all() -> None:
    live = LiveValues(3)
    live.update(ReadingBatch.of([0, 2], [NOW, NOW - 5], [1, 1]))
    assert views.newest(live) == NOW

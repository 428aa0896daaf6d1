"""The readings behind a trend and the chart made of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.console.i18n import translator
from api.console.views import chart, trend
from api.console.views.trend import SPANS, Series
from plantroom.model import Point, PointKind, Text
from plantroom.readings import Quality, ReadingBatch
from plantroom.stores.base import Aggregates
from plantroom.times import HOUR, MILLISECOND, MINUTE, SECOND, from_datetime
from tests.api.kit import World

EN = translator("en")
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
NOW = from_datetime(datetime(2026, 3, 1, 8, tzinfo=UTC))


def point(
    key: str = "flow", kind: PointKind = PointKind.ANALOG, unit: str = "m3/h", **given: object
) -> Point:
    values: dict[str, object] = {
        "id": 1,
        "site": "north",
        "equipment": "mill-1",
        "key": key,
        "name": Text(key, key),
        "kind": kind,
        "unit": unit,
        "valid": (0.0, 100.0),
        "normal": (10.0, 60.0) if kind is PointKind.ANALOG else None,
        "sample": 10 * SECOND,
        "stale_after": MINUTE,
    }
    return Point(**(values | given))  # type: ignore[arg-type]


FLOW, RUNNING = point(), point("running", PointKind.BINARY, "")
MODE = point("mode", PointKind.ENUM, "", values={"normal": 0, "<b>": 2})


def batch(seconds: list[int], values: list[float], quality: list[int] | None = None) -> ReadingBatch:
    return ReadingBatch.of([1] * len(seconds), [NOW + s * SECOND for s in seconds], values, quality)


def test_a_silence_breaks_the_line() -> None:
    line = trend.of_readings(FLOW, batch([0, 10, 200], [1, 2, 3]))
    assert np.isnan(line.value).tolist() == [False, False, True, False]
    assert line.ts.tolist() == [NOW, NOW + 10 * SECOND, NOW + 10 * SECOND + 1, NOW + 200 * SECOND]


def test_bad_readings_are_counted_and_not_drawn() -> None:
    quality = [0, int(Quality.OUT_OF_RANGE), int(Quality.RECEIVE_TIME)]
    line = trend.of_readings(FLOW, batch([0, 10, 20], [1, 999, 3], quality))
    assert (line.value.tolist(), line.bad) == ([1, 3], 1)


def test_a_state_is_drawn_by_its_changes() -> None:
    seconds = list(range(0, 600, 10))  # longer in each state than the time after which it would be stale
    line = trend.of_readings(RUNNING, batch(seconds, [float(s >= 300) for s in seconds]))
    assert list(zip((line.ts - NOW).tolist(), line.value.tolist(), strict=True)) == [
        (0, 0.0),
        (300 * SECOND, 1.0),
        (590 * SECOND, 1.0),
    ]


def test_a_state_keeps_both_sides_of_a_silence() -> None:
    line = trend.of_readings(RUNNING, batch([0, 10, 20, 300, 310, 320], [1] * 6))
    drawn = line.ts[np.isfinite(line.value)] - NOW
    assert (drawn // SECOND).tolist() == [0, 20, 300, 320]


def test_intervals_are_drawn_at_their_middle_with_their_extremes() -> None:
    ts = np.array([0, 60, 600], dtype=np.int64) * SECOND + NOW
    mean, low, high = (np.array(values, dtype=np.float64) for values in ([2, 5, 4], [1, 3, 2], [3, 9, 8]))
    ones = np.ones(3, dtype=np.int32)
    found = Aggregates(point_id=ones, ts=ts, mean=mean, low=low, high=high, count=ones.astype(np.int64))
    line = trend.of_aggregates(FLOW, found, MINUTE)
    assert line.low is not None
    assert line.high is not None
    assert line.ts[0] == NOW + 30 * SECOND
    assert np.isnan(line.value).tolist() == [False, False, True, False]
    assert np.isnan(line.low).tolist() == np.isnan(line.high).tolist() == np.isnan(line.value).tolist()


@given(st.lists(st.integers(0, 500), unique=True, max_size=60))
def test_gaps_take_nothing_away(seconds: list[int]) -> None:
    ts = np.array(sorted(seconds), dtype=np.int64) * SECOND
    value = np.arange(len(ts), dtype=np.float64)
    drawn, line = trend.with_gaps(ts, value, 5 * SECOND)
    finite = np.isfinite(line)
    assert drawn[finite].tolist() == ts.tolist()
    assert line[finite].tolist() == value.tolist()
    assert (~finite).sum() == (np.diff(ts) > 5 * SECOND).sum()
    assert (np.diff(drawn) > 0).all()


def test_wall_time_follows_daylight_saving() -> None:
    # Germany went from UTC+1 to UTC+2 at 01:00 UTC on 29 March 2026
    change = from_datetime(datetime(2026, 3, 29, 1, tzinfo=UTC))
    ts = np.array([change - HOUR, change, change + HOUR], dtype=np.int64)
    hours = (trend.wall_milliseconds(ts, BERLIN) - ts // MILLISECOND) // 3_600_000
    assert hours.tolist() == [1, 2, 2]
    assert (trend.wall_milliseconds(ts, SHANGHAI) - ts // MILLISECOND).tolist() == [8 * 3_600_000] * 3
    assert trend.wall_milliseconds(ts[:0], BERLIN).tolist() == []


def test_the_points_of_an_address() -> None:
    points = [RUNNING, FLOW, MODE, point("speed"), point("x"), point("y")]
    assert [p.key for p in trend.choose_points(points, "mode,nope,flow,mode")] == ["mode", "flow"]
    assert [p.key for p in trend.choose_points(points, "")] == ["flow", "speed"]
    assert [p.key for p in trend.choose_points([RUNNING], "nope")] == ["running"]
    assert [p.key for p in trend.choose_points(points, "", ["gone", "mode"])] == ["mode"]
    assert [p.key for p in trend.choose_points(points, "x", ["mode"])] == ["x"]
    assert [p.key for p in trend.choose_points(points, "", ["gone"])] == ["flow", "speed"]
    assert len(trend.choose_points(points, "mode,flow,speed,x,y")) == trend.MAX_POINTS


def test_short_spans_show_readings_and_long_ones_intervals(world: World) -> None:
    flow = world.table.points[world.point_id("north/mill-1/flow")]
    ts = np.arange(world.clock.now - 2 * HOUR, world.clock.now, 10 * SECOND, dtype=np.int64)
    world.store.append(ReadingBatch.of(np.full(len(ts), flow.id), ts, np.full(len(ts), 30.0)))
    short = trend.load_trend(world.store, [flow], SPANS["15m"], world.clock.now)[0]
    assert (len(short.ts), short.low) == (90, None)
    long = trend.load_trend(world.store, [flow], SPANS["6h"], world.clock.now)[0]
    assert long.low is not None
    assert len(long.ts) in (120, 121)
    assert set(long.value.tolist()) == {30.0}


def test_one_strip_for_each_unit_and_each_state() -> None:
    lines = [Series(p, np.empty(0, np.int64), np.empty(0)) for p in (FLOW, RUNNING, point("b"), MODE)]
    groups = chart.strips(lines)
    assert [[line.point.key for line in group] for group in groups] == [["flow", "b"], ["running"], ["mode"]]
    options = chart.chart_options(EN, lines, SHANGHAI, NOW - HOUR, NOW)
    assert (len(options["grid"]), len(options["xAxis"]), len(options["yAxis"])) == (3, 3, 3)
    bottom = options["grid"][-1]
    assert bottom["top"] + bottom["height"] < chart.chart_height(lines)


def test_the_chart_shows_gaps_bands_and_local_time() -> None:
    line = trend.of_readings(FLOW, batch([0, 200], [1.23456, 2]))
    options = chart.chart_options(EN, [line], SHANGHAI, NOW - HOUR, NOW)
    made = options["series"][0]
    start = NOW // MILLISECOND + 8 * 3_600_000
    assert made["data"] == [[start, 1.235], [start, None], [start + 200_000, 2.0]]
    assert made["showSymbol"] is True  # each stands alone: without a dot nothing would be seen
    assert made["markArea"]["data"] == [[{"yAxis": 10.0}, {"yAxis": 60.0}]]
    assert options["useUTC"] is True
    assert options["xAxis"][0]["max"] == start
    json.dumps(options)


def test_the_only_code_in_a_chart_is_ours() -> None:
    hostile = point("mode", PointKind.ENUM, "", name=Text("</script><b>", "x"), values={'"];alert(1)//': 1})
    options = chart.chart_options(
        EN, [Series(hostile, np.empty(0, np.int64), np.empty(0))], SHANGHAI, NOW - HOUR, NOW
    )
    code = options["yAxis"][0]["axisLabel"][":formatter"]
    assert json.loads(code[len("(v) => (") : code.index(")[v]")]) == {"1": '"];alert(1)//'}
    assert options["tooltip"]["renderMode"] == "richText"


@pytest.mark.parametrize(
    ("value", "lone"), [([1.0], True), ([1, 2], False), ([1, np.nan, 2, 3], True), ([], False)]
)
def test_lone_readings_need_a_dot(value: list[float], lone: bool) -> None:
    assert chart.has_lone_readings(np.array(value, dtype=np.float64)) is lone

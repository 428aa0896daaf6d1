"""Readings over HTTP."""

from __future__ import annotations

import numpy as np
import pytest
from fastapi.testclient import TestClient

from api.readings.limits import MAX_POINTS, MAX_ROWS, interval_for
from plantroom.readings import Quality, ReadingBatch
from plantroom.times import DAY, HOUR, MINUTE, SECOND, YEAR
from tests.api.kit import World, ok, problem

READINGS = "/api/v1/readings"
FLOW, RUNNING = "north/mill-1/flow", "north/mill-1/running"


def fill(world: World, rows: int, path: str = FLOW, every: int = 10 * SECOND) -> None:
    """Readings 0, 1, 2, ... up to and including now."""
    ts = world.clock.now - every * np.arange(rows - 1, -1, -1, dtype=np.int64)
    ids = np.full(rows, world.point_id(path))
    world.store.append(ReadingBatch.of(ids, ts, np.arange(rows, dtype=float)))


def test_latest_of_points_and_of_an_equipment(world: World, viewer: TestClient) -> None:
    world.read(FLOW, 31.5, ago=2 * MINUTE)
    world.read(RUNNING, 1, quality=Quality.RECEIVE_TIME)
    found = ok(
        viewer.get(f"{READINGS}/latest?point={RUNNING}&point={FLOW}&point={FLOW}&point=south/mill-1/flow")
    )
    assert [point["path"] for point in found["points"]] == [RUNNING, FLOW, "south/mill-1/flow"]
    assert found["points"][1]["unit"] == "m3/h"
    assert found["columns"] == {
        "point": [0, 1],
        "at": ["2026-03-01T08:00:00.000Z", "2026-03-01T07:58:00.000Z"],
        "value": [1.0, 31.5],
        "quality": [["receive_time"], []],
        "stale": [False, True],
    }
    of_equipment = ok(viewer.get(f"{READINGS}/latest?equipment=north/mill-1&point={FLOW}"))
    assert [point["path"].rsplit("/")[-1] for point in of_equipment["points"]] == [
        "flow",
        "running",
        "mode",
        "hours",
    ]
    assert of_equipment["points"][2]["values"] == {"normal": 0, "fire": 2}
    assert len(of_equipment["columns"]["at"]) == 2


def test_a_value_that_is_no_number_is_null(world: World, viewer: TestClient) -> None:
    world.read(FLOW, np.nan, quality=Quality.NOT_A_NUMBER)
    for path in ("latest", "range"):
        columns = ok(viewer.get(f"{READINGS}/{path}?point={FLOW}"))["columns"]
        assert (columns["value"], columns["quality"]) == ([None], [["not_a_number"]])
    assert ok(viewer.get(f"{READINGS}/aggregate?point={FLOW}"))["columns"]["count"] == []


def test_a_range_has_what_was_read_in_it(world: World, viewer: TestClient) -> None:
    fill(world, 5)
    found = ok(
        viewer.get(
            f"{READINGS}/range",
            params={"point": FLOW, "start": "2026-03-01T15:59:30+08:00", "end": "2026-03-01T08:00:00Z"},
        )
    )
    assert found["columns"]["value"] == [1, 2, 3]
    assert found["columns"]["at"][0] == "2026-03-01T07:59:30.000Z"
    assert (found["start"], found["end"]) == ("2026-03-01T07:59:30.000Z", "2026-03-01T08:00:00.000Z")
    assert ok(viewer.get(f"{READINGS}/range?point={FLOW}"))["columns"]["value"] == [0, 1, 2, 3, 4]


def test_a_range_in_pages_parts_no_moment(world: World, viewer: TestClient) -> None:
    fill(world, 150)
    fill(world, 150, RUNNING)
    query = f"{READINGS}/range?point={RUNNING}&point={FLOW}&limit=101"
    rows: list[tuple[str, int, float]] = []
    cursor, pages = "", 0
    while True:
        page = ok(viewer.get(query + cursor))
        columns = page["columns"]
        rows += zip(columns["at"], columns["point"], columns["value"], strict=True)
        pages += 1
        if page["next_cursor"] is None:
            break
        assert len(columns["at"]) == 100
        cursor = f"&cursor={page['next_cursor']}"
    assert pages == 3
    assert len(rows) == len(set(rows)) == 300
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    # columns name the points in the order asked for, whatever their ids
    assert {place for _, place, _ in rows} == {0, 1}


@pytest.mark.parametrize("cursor", ["x", "-1", "0", "9" * 19, "9" * 20, "1e5", "1772352000000000001"])
def test_a_forged_cursor(viewer: TestClient, cursor: str) -> None:
    answer = viewer.get(f"{READINGS}/range?point={FLOW}&end=2026-03-01T08:00:00Z&cursor={cursor}")
    problem(answer, 422, "validation")


def test_an_aggregate_per_interval(world: World, viewer: TestClient) -> None:
    fill(world, 7)
    found = ok(viewer.get(f"{READINGS}/aggregate?point={FLOW}&start=2026-03-01T07:00:00Z&interval=30s"))
    assert found["interval_s"] == 30.0
    assert found["columns"] == {
        "point": [0, 0, 0],
        "at": ["2026-03-01T07:59:00.000Z", "2026-03-01T07:59:30.000Z", "2026-03-01T08:00:00.000Z"],
        "mean": [1.0, 4.0, 6.0],
        "low": [0.0, 3.0, 6.0],
        "high": [2.0, 5.0, 6.0],
        "count": [3, 3, 1],
    }


def test_without_an_interval_a_trend_is_thinned(world: World, viewer: TestClient) -> None:
    fill(world, 3000)
    found = ok(viewer.get(f"{READINGS}/aggregate?point={FLOW}&buckets=100"))
    assert found["interval_s"] == 900
    assert sum(found["columns"]["count"]) == 3000
    assert len(found["columns"]["at"]) <= 101


def test_ten_years_at_a_second_are_thinned_or_refused_with_the_limit(viewer: TestClient) -> None:
    years = f"point={FLOW}&start=2016-03-01T00:00:00Z&end=2026-03-01T00:00:00Z"
    assert ok(viewer.get(f"{READINGS}/aggregate?{years}"))["interval_s"] >= 7 * DAY / SECOND
    body = problem(viewer.get(f"{READINGS}/aggregate?{years}&interval=1s"), 422, "validation")
    assert body["errors"][0]["where"] == "query.interval"
    assert str(MAX_ROWS) in body["errors"][0]["what"]
    assert "take 1h or longer" in body["errors"][0]["what"]
    ok(viewer.get(f"{READINGS}/aggregate?{years}&interval=1h"))
    assert ok(viewer.get(f"{READINGS}/range?{years}"))["columns"]["at"] == []


def test_too_many_points(viewer: TestClient) -> None:
    many = "&".join([f"point=north/mill-1/p{number}" for number in range(MAX_POINTS + 1)])
    for path in ("latest", "range", "aggregate"):
        body = problem(viewer.get(f"{READINGS}/{path}?{many}"), 422, "validation")
        assert str(MAX_POINTS) in body["detail"]


BAD: list[tuple[str, str]] = [
    ("range?", "query.point"),
    ("latest?", "query.point"),
    ("range?point=flow", "query.point.0"),
    ("range?point=a/b/c/d", "query.point.0"),
    (f"range?point={FLOW}&limit=1000000000", "query.limit"),
    (f"range?point={FLOW}&limit=1", "query.limit"),
    (f"range?point={FLOW}&start=2026-03-02T00:00:00Z&end=2026-03-01T00:00:00Z", "query.start"),
    (f"range?point={FLOW}&start=2026-03-01T00:00:00Z&end=2026-03-01T00:00:00Z", "query.start"),
    (f"range?point={FLOW}&start=0001-01-01T00:00:00Z", "query.start"),
    (f"range?point={FLOW}&start=1969-12-31T23:59:59Z", "query.start"),
    (f"range?point={FLOW}&end=9999-12-31T23:59:59Z", "query.end"),
    (f"range?point={FLOW}&end=2262-01-01T00:00:00Z", "query.end"),
    (f"range?point={FLOW}&end=2026-03-29T02:30:00%5BEurope/Berlin%5D", "query.end"),
    (f"range?point={FLOW}&end=2026-02-30", "query.end"),
    (f"range?point={FLOW}&end=1772352000", "query.end"),
    (f"aggregate?point={FLOW}&interval=0s", "query.interval"),
    (f"aggregate?point={FLOW}&interval=367d", "query.interval"),
    (f"aggregate?point={FLOW}&interval=1 month", "query.interval"),
    (f"aggregate?point={FLOW}&buckets=0", "query.buckets"),
    (f"aggregate?point={FLOW}&buckets=1000000000", "query.buckets"),
]


@pytest.mark.parametrize(("query", "where"), BAD)
def test_bad_queries(viewer: TestClient, query: str, where: str) -> None:
    body = problem(viewer.get(f"{READINGS}/{query}"), 422, "validation")
    assert body["errors"][0]["where"] == where


def test_unknown_points_are_named(viewer: TestClient) -> None:
    for path in ("latest", "range", "aggregate"):
        body = problem(
            viewer.get(f"{READINGS}/{path}?point={FLOW}&point=south/mill-2/flow"), 404, "not_found"
        )
        assert "south/mill-2/flow" in body["detail"]
    problem(viewer.get(f"{READINGS}/latest?equipment=north/nothing"), 404)


def test_times_without_an_offset_are_utc_and_a_lost_plus_is_found(world: World, viewer: TestClient) -> None:
    fill(world, 2)
    for start in (
        "2026-03-01T08:00:00",
        "2026-03-01T16:00:00 08:00",
        "20260301T080000Z",
        "2026-03-01T08:00Z",
    ):
        found = ok(viewer.get(f"{READINGS}/range?point={FLOW}&start={start}"))
        assert found["start"] == "2026-03-01T08:00:00.000Z"
        assert found["columns"]["value"] == [1]


@pytest.mark.parametrize("span", [1, SECOND, 7 * MINUTE, HOUR, 26 * HOUR, 31 * DAY, YEAR, 291 * YEAR])
@pytest.mark.parametrize("buckets", [1, 7, 500, 2000])
def test_the_interval_is_round_and_cuts_no_finer_than_asked(span: int, buckets: int) -> None:
    interval = interval_for(span, buckets)
    assert interval % SECOND == 0
    assert span <= interval * buckets

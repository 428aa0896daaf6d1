"""The alarm system's figures over the API."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from plantroom.alarms import AlarmEvent
from plantroom.stores.records import alarms
from plantroom.times import DAY, HOUR, MINUTE, SECOND, to_iso
from tests.api.kit import World, ok, problem

PATH = "/api/v1/alarm-figures"


@pytest.fixture
def busy(world: World) -> World:
    """Two days: one alarm is answered after 90 s and stands, one chatters, one is at the other site."""
    begin = world.clock.now
    standing = world.follow("north/mill-2", "burst", AlarmEvent.RAISE, ts=begin + MINUTE)
    for n in range(4):
        at = begin + HOUR + n * 15 * SECOND
        world.follow("north/mill-1", "low_flow", AlarmEvent.RAISE, ts=at)
        world.follow("north/mill-1", "low_flow", AlarmEvent.CLEAR, ts=at + 5 * SECOND)
    world.follow("south/mill-1", "low_flow", AlarmEvent.RAISE, ts=begin + 2 * HOUR)
    with world.database.transaction() as session:
        alarms.act(session, standing, AlarmEvent.ACKNOWLEDGE, by="chen", now=begin + MINUTE + 90 * SECOND)
    world.later(2 * DAY)
    return world


def figures(client: TestClient, **query: Any) -> dict[str, Any]:
    body: dict[str, Any] = ok(client.get(PATH, params=query))
    body["by_key"] = {figure["key"]: figure for figure in body["figures"]}
    return body


def test_figures_of_everything_that_was_watched(busy: World, viewer: TestClient) -> None:
    found = figures(viewer)
    assert found["start"] == to_iso(busy.clock.now - 2 * DAY)  # nothing was watched before
    assert found["end"] == to_iso(busy.clock.now)
    assert (found["announced"], found["waiting"], found["operators"]) == (6, 2, 1)
    assert (found["zone"], found["representative"]) == ("UTC", False)
    per_day = found["by_key"]["per_day"]
    assert per_day == {
        "key": "per_day",
        "value": 3.0,
        "target": 150,
        "manageable": 300,
        "below": False,
        "rating": "met",
    }
    assert found["by_key"]["top_ten"]["rating"] == "not_enough_data"
    assert found["by_key"]["acknowledge_median"]["value"] == 90
    assert found["by_key"]["acknowledge_median"]["rating"] == "no_target"
    assert found["by_key"]["stale"]["value"] == 3
    assert sum(item["periods"] for item in found["distribution"]) == 288
    assert found["distribution"][-1]["most"] is None


def test_figures_name_their_alarms(busy: World, viewer: TestClient) -> None:
    found = figures(viewer)
    first = found["top"][0]
    assert (first["equipment"], first["rule"], first["count"]) == ("mill-1", "low_flow", 4)
    assert first["share"] == pytest.approx(4 / 6)
    assert first["name"] == {"en": "Low flow", "zh": "流量低"}
    (chattering,) = found["chattering"]
    assert (chattering["site"], chattering["equipment"], chattering["times"]) == ("north", "mill-1", 1)
    assert found["by_key"]["chattering"]["rating"] == "not_met"
    assert [item["equipment"] for item in found["stale"]] == ["mill-2", "mill-1", "mill-1"]
    assert found["stale"][0]["since"] == to_iso(busy.clock.now - 2 * DAY + MINUTE)


def test_a_site_has_its_own_figures_in_its_own_days(busy: World, viewer: TestClient) -> None:
    found = figures(viewer, site="north")
    assert (found["announced"], found["zone"]) == (5, "Asia/Shanghai")
    assert [day["announced"] for day in found["days"]] == [5, 0, 0]
    assert figures(viewer, site="south")["announced"] == 1


def test_priorities_of_raised_and_configured(busy: World, viewer: TestClient) -> None:
    low, medium, high = figures(viewer)["priorities"]
    assert (low["priority"], low["target"], low["raised"], low["configured"]) == ("low", 0.8, 1, 3)
    assert (medium["raised"], medium["configured"]) == (4, 1)
    assert (high["raised"], high["configured"], high["configured_rating"]) == (1, 3, "not_met")
    assert high["raised_rating"] == "not_enough_data"


def test_a_period_and_operators(busy: World, viewer: TestClient) -> None:
    begin = busy.clock.now - 2 * DAY
    period = {"from": to_iso(begin + 30 * MINUTE), "to": to_iso(begin + 90 * MINUTE)}
    found = figures(viewer, **period, operators=2)
    assert (found["announced"], found["operators"]) == (4, 2)
    assert found["by_key"]["most_in_ten_minutes"]["value"] == 2
    assert found["by_key"]["per_day"]["value"] is None
    assert found["by_key"]["per_day"]["rating"] == "not_enough_data"


def test_the_setting_says_how_many_operators(busy: World, viewer: TestClient) -> None:
    busy.context.settings.operators = 3
    assert figures(viewer)["operators"] == 3
    assert figures(viewer, operators=1)["operators"] == 1


def test_a_flood(world: World, viewer: TestClient) -> None:
    begin = world.clock.now
    for n in range(12):
        world.follow("north/mill-1", "low_flow", AlarmEvent.RAISE, ts=begin + n * 10 * SECOND)
        world.follow("north/mill-1", "low_flow", AlarmEvent.CLEAR, ts=begin + n * 10 * SECOND + SECOND)
    world.later(DAY)
    found = figures(viewer)
    assert found["floods"] == [
        {
            "start": to_iso(begin),
            "end": to_iso(begin + 10 * MINUTE + 70 * SECOND),
            "count": 12,
            "peak": 12,
        }
    ]
    assert found["by_key"]["flood_time"]["rating"] == "met"
    assert found["by_key"]["busy_ten_minutes"]["value"] == pytest.approx(1 / 144)


def test_before_anything_happened(world: World, viewer: TestClient) -> None:
    assert figures(viewer)["announced"] == 0
    world.later()
    found = figures(viewer)
    assert (found["announced"], found["floods"], found["top"]) == (0, [], [])
    assert {figure["rating"] for figure in found["figures"]} == {"not_enough_data", "no_target"}


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"from": "2026-03-05T00:00:00Z", "to": "2026-03-04T00:00:00Z"}, "query"),
        ({"from": "2020-01-01T00:00:00Z"}, "query.from"),
        ({"from": "2100-01-01T00:00:00Z"}, "query.from"),
        ({"from": "yesterday"}, "query.from"),
        ({"site": "nowhere"}, "query.site"),
        ({"operators": 0}, "query.operators"),
        ({"operators": 101}, "query.operators"),
        ({"start": "2026-03-01T00:00:00Z"}, "query.start"),
    ],
)
def test_what_cannot_be_asked(world: World, viewer: TestClient, query: dict[str, Any], where: str) -> None:
    body = problem(viewer.get(PATH, params=query), 422, "validation")
    assert body["errors"][0]["where"] == where

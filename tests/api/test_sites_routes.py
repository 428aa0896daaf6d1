"""Sites, spaces and systems over HTTP."""

from __future__ import annotations

from fastapi.testclient import TestClient

from plantroom.readings import Quality
from plantroom.times import MINUTE, SECOND
from tests.api.kit import World, ok, problem

SITES = "/api/v1/sites"


def test_sites_with_their_worst_state(world: World, viewer: TestClient) -> None:
    found = ok(viewer.get(SITES))
    assert [(item["key"], item["state"], item["unknown"]) for item in found["items"]] == [
        ("north", "unknown", 3),
        ("south", "unknown", 1),
    ]
    world.read("south/mill-1/flow", 20)
    world.read("north/mill-1/flow", 20)
    world.raise_alarm("north/mill-2", "burst")
    world.raise_alarm("north/mill-2", "low_flow")
    world.open_order()
    north, south = ok(viewer.get(SITES))["items"]
    assert (south["state"], south["unknown"], south["equipment"]) == ("normal", 0, 1)
    assert (north["state"], north["unknown"], north["equipment"]) == ("emergency", 1, 3)
    assert north["alarms"] == {"emergency": 1, "critical": 0, "major": 1, "minor": 0, "advisory": 0}
    assert north["open_orders"] == 1
    assert (north["name"]["zh"], north["zone"]) == ("北塔", "Asia/Shanghai")


def test_unknown_outranks_normal_and_any_alarm_outranks_unknown(world: World, viewer: TestClient) -> None:
    world.read("north/mill-1/flow", 20)
    assert ok(viewer.get(f"{SITES}/north"))["state"] == "unknown"
    world.raise_alarm("north/beacon-1", "dark")
    assert ok(viewer.get(f"{SITES}/north"))["state"] == "minor"


def test_a_reading_speaks_for_the_present_until_it_is_stale(world: World, viewer: TestClient) -> None:
    world.read("south/mill-1/flow", 20)
    world.later(MINUTE)
    assert ok(viewer.get(f"{SITES}/south"))["state"] == "normal"
    world.later(SECOND)
    assert ok(viewer.get(f"{SITES}/south"))["state"] == "unknown"
    world.read("south/mill-1/flow", 200, quality=Quality.OUT_OF_RANGE)
    assert ok(viewer.get(f"{SITES}/south"))["state"] == "unknown"
    world.read("south/mill-1/running", 1, quality=Quality.RECEIVE_TIME)
    assert ok(viewer.get(f"{SITES}/south"))["state"] == "normal"


def test_one_site_with_its_systems(world: World, viewer: TestClient) -> None:
    world.raise_alarm("north/beacon-1", "dark")
    found = ok(viewer.get(f"{SITES}/north"))
    assert [(item["system"], item["state"], item["equipment"]) for item in found["systems"]] == [
        ("water", "unknown", 2),
        ("lighting", "minor", 1),
    ]
    assert ok(viewer.get(f"{SITES}/north/systems")) == found["systems"]


def test_spaces_make_a_tree(viewer: TestClient) -> None:
    found = ok(viewer.get(f"{SITES}/north/spaces?limit=2"))
    assert [(item["key"], item["parent"]) for item in found["items"]] == [
        ("basement", None),
        ("plant", "basement"),
    ]
    rest = ok(viewer.get(f"{SITES}/north/spaces?limit=2&cursor={found['next_cursor']}"))
    assert [item["key"] for item in rest["items"]] == ["roof"]
    assert rest["next_cursor"] is None
    assert ok(viewer.get(f"{SITES}/south/spaces"))["items"] == []


def test_sites_in_pages(viewer: TestClient) -> None:
    first = ok(viewer.get(f"{SITES}?limit=1"))
    second = ok(viewer.get(f"{SITES}?limit=1&cursor={first['next_cursor']}"))
    assert [item["key"] for item in first["items"] + second["items"]] == ["north", "south"]
    assert second["next_cursor"] is None


def test_no_such_site(viewer: TestClient) -> None:
    for path in ("nowhere", "nowhere/spaces", "nowhere/systems", "North"):
        problem(viewer.get(f"{SITES}/{path}"), 404, "not_found")

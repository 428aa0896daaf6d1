"""Equipment over HTTP."""

from __future__ import annotations

import numpy as np
import pytest
from fastapi.testclient import TestClient

from plantroom.catalogue.loader import Catalogue
from plantroom.readings import Quality
from plantroom.stores.records.property import load_table
from plantroom.stores.records.tables import EquipmentRow
from plantroom.times import DAY, MINUTE, SECOND
from plantroom.work_orders import Role
from tests.api.kit import World, ok, problem

EQUIPMENT = "/api/v1/equipment"

FILTERS: list[tuple[str, list[str]]] = [
    ("", ["north/beacon-1", "north/mill-1", "south/mill-1", "north/mill-2"]),
    ("sort=-key", ["north/mill-2", "south/mill-1", "north/mill-1", "north/beacon-1"]),
    ("sort=name", ["north/mill-2", "north/beacon-1", "north/mill-1", "south/mill-1"]),
    ("sort=criticality", ["north/mill-1", "north/mill-2", "south/mill-1", "north/beacon-1"]),
    ("site=south", ["south/mill-1"]),
    ("system=lighting", ["north/beacon-1"]),
    ("class=mill&site=north", ["north/mill-1", "north/mill-2"]),
    ("class=nothing", []),
    ("site=north&space=basement", ["north/mill-1", "north/mill-2"]),
    ("site=north&space=plant", ["north/mill-1"]),
    ("site=north&space=nothing", []),
    ("equipment=south/mill-1", ["south/mill-1"]),
    ("text=sn-77", ["north/mill-1"]),
    ("text=二号", ["north/mill-2"]),
    ("text=%25", ["north/mill-2"]),
    ("text=' OR 1=1 --", []),
    ("retired=true", []),
]


@pytest.mark.parametrize(("query", "expected"), FILTERS)
def test_filters_and_sorting(viewer: TestClient, query: str, expected: list[str]) -> None:
    found = ok(viewer.get(f"{EQUIPMENT}?{query}"))
    assert [item["path"] for item in found["items"]] == expected
    assert found["total"] == len(expected)


def test_pages_have_everything_once(viewer: TestClient) -> None:
    paths: list[str] = []
    cursor = ""
    while True:
        page = ok(viewer.get(f"{EQUIPMENT}?limit=1{cursor}"))
        paths += [item["path"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert paths == FILTERS[0][1]


@pytest.mark.parametrize(
    "query", ["space=plant", "limit=1000000000", "sort=price", "system=lifts", "retired=maybe"]
)
def test_bad_queries(viewer: TestClient, query: str) -> None:
    body = problem(viewer.get(f"{EQUIPMENT}?{query}"), 422, "validation")
    assert body["errors"][0]["where"] == f"query.{query.split('=', maxsplit=1)[0]}"


def test_states_in_the_list(world: World, viewer: TestClient) -> None:
    world.read("north/mill-1/flow", 20)
    world.read("north/mill-1/running", 1, ago=2 * MINUTE)
    world.raise_alarm("north/mill-2", "low_flow")
    found = {item["path"]: item for item in ok(viewer.get(EQUIPMENT))["items"]}
    assert {path: item["state"] for path, item in found.items()} == {
        "north/mill-1": "normal",
        "north/mill-2": "major",
        "north/beacon-1": "unknown",
        "south/mill-1": "unknown",
    }
    assert (found["north/mill-1"]["points"], found["north/mill-1"]["fresh_points"]) == (4, 1)
    assert found["north/mill-2"]["alarms"]["major"] == 1
    assert found["north/mill-2"]["name"]["en"] == "50%_mill <b>"  # as it is: JSON needs no escaping
    assert (found["north/mill-1"]["class"], found["north/mill-1"]["system"]) == ("mill", "water")


def test_detail_has_live_values_with_units_and_quality(world: World, viewer: TestClient) -> None:
    world.read("north/mill-1/flow", 20, ago=5 * SECOND)
    world.read("north/mill-1/running", 1, ago=2 * MINUTE)
    world.read("north/mill-1/mode", np.nan, quality=Quality.NOT_A_NUMBER | Quality.RECEIVE_TIME)
    live = {point["key"]: point for point in ok(viewer.get(f"{EQUIPMENT}/north/mill-1"))["live"]}
    assert list(live) == ["flow", "running", "mode", "hours"]
    assert {key: point["state"] for key, point in live.items()} == {
        "flow": "good",
        "running": "stale",
        "mode": "bad",
        "hours": "never_seen",
    }
    assert live["flow"]["unit"] == "m3/h"
    assert live["flow"]["reading"] == {
        "at": "2026-03-01T07:59:55.000Z",
        "value": 20.0,
        "word": None,
        "quality": [],
        "age_s": 5.0,
    }
    assert live["running"]["reading"]["word"] == "on"
    assert live["mode"]["reading"]["value"] is None
    assert live["mode"]["reading"]["quality"] == ["not_a_number", "receive_time"]
    assert live["hours"]["reading"] is None
    assert live["hours"]["valid"] == [0.0, None]
    assert (live["flow"]["sample_s"], live["flow"]["stale_after_s"]) == (10.0, 60.0)
    world.read("north/mill-1/mode", 2)
    live = {point["key"]: point for point in ok(viewer.get(f"{EQUIPMENT}/north/mill-1"))["live"]}
    assert live["mode"]["reading"]["word"] == "fire"
    assert live["mode"]["values"] == {"normal": 0, "fire": 2}


def test_detail_has_rules_plans_alarms_and_orders(world: World, viewer: TestClient) -> None:
    world.rules[world.equipment_id("north/mill-1")] = {"low_flow": "pending"}
    alarm_id, order_id = world.raise_alarm(), world.open_order()
    found = ok(viewer.get(f"{EQUIPMENT}/north/mill-1"))
    assert [(rule["key"], rule["state"], rule["enabled"]) for rule in found["rules"]] == [
        ("low_flow", "pending", True),
        ("burst", "unknown", True),
    ]
    assert [item["id"] for item in found["standing_alarms"]] == [alarm_id]
    assert [item["id"] for item in found["orders"]] == [order_id]
    assert found["open_orders"] == 1
    plan = found["plans"][0]
    assert (plan["key"], plan["last_done"], plan["overdue"]) == ("monthly", None, False)
    assert plan["next_due"] == "2026-04-01T08:00:00.000Z"  # at the same time of day in the site's zone
    world.later(32 * DAY)
    assert ok(viewer.get(f"{EQUIPMENT}/north/mill-1"))["plans"][0]["overdue"] is True


def test_detail_has_the_plate(viewer: TestClient) -> None:
    found = ok(viewer.get(f"{EQUIPMENT}/north/mill-2"))
    assert found["parameters"] == [
        {"key": "rated_flow", "name": {"en": "Rated flow", "zh": "额定流量"}, "value": 60.0, "unit": "m3/h"}
    ]
    assert (found["served_by"], found["serves"]) == ("north/mill-1", [])
    assert (found["parent"], found["children"]) == (None, [])
    assert found["design_life_years"] == 15
    whole = ok(viewer.get(f"{EQUIPMENT}/north/mill-1"))
    assert (whole["serves"], whole["children"]) == (["north/mill-2"], ["north/beacon-1"])
    assert ok(viewer.get(f"{EQUIPMENT}/north/beacon-1"))["parent"] == "north/mill-1"


def test_of_another_site_and_of_none(viewer: TestClient) -> None:
    for path in ("south/mill-2", "north/nothing", "nowhere/mill-1"):
        problem(viewer.get(f"{EQUIPMENT}/{path}"), 404, "not_found")


def test_retired_equipment_is_there_when_asked_for(world: World, viewer: TestClient) -> None:
    world.raise_alarm("north/mill-2", "low_flow")
    with world.database.transaction() as session:
        row = session.get_one(EquipmentRow, world.equipment_id("north/mill-2"))
        row.retired_at = world.clock.now
    with world.database.session() as session:
        world.table = load_table(session, world.catalogue)
    assert "north/mill-2" not in [item["path"] for item in ok(viewer.get(EQUIPMENT))["items"]]
    found = ok(viewer.get(f"{EQUIPMENT}?retired=true"))["items"]
    assert [(item["path"], item["state"]) for item in found] == [("north/mill-2", "retired")]
    assert ok(viewer.get(f"{EQUIPMENT}/north/mill-2"))["retired_at"] == "2026-03-01T08:00:00.000Z"
    assert ok(viewer.get("/api/v1/sites/north"))["equipment"] == 2
    order = {"site": "north", "equipment": "mill-2", "title": "t"}
    body = problem(world.as_role(Role.ENGINEER).post("/api/v1/work-orders", json=order), 422)
    assert body["errors"][0]["where"] == "body.equipment"


def test_a_class_that_left_the_catalogue_leaves_its_equipment_listed(
    world: World, viewer: TestClient
) -> None:
    world.raise_alarm("north/mill-1", "low_flow")
    beacon_only = Catalogue({"beacon": world.catalogue["beacon"]})
    with world.database.session() as session:
        world.table = load_table(session, beacon_only)
    object.__setattr__(world.context, "catalogue", beacon_only)
    found = {item["path"]: item for item in ok(viewer.get(EQUIPMENT))["items"]}
    assert found["north/mill-1"]["class_name"] is None
    assert ok(viewer.get(f"{EQUIPMENT}/north/mill-1"))["live"] == []
    assert ok(viewer.get("/api/v1/alarms"))["items"][0]["name"]["en"] == "low_flow"


def test_more_live_points_than_the_table_has_and_fewer(world: World, viewer: TestClient) -> None:
    # the property was imported anew: live values and table differ for a moment
    world.live.update(type(world.store.latest()).of([10_000], [world.clock.now], [1.0]))
    ok(viewer.get(EQUIPMENT))
    object.__setattr__(world.context, "live", type(world.live)(1))
    assert ok(viewer.get(f"{EQUIPMENT}/north/mill-1"))["state"] == "unknown"

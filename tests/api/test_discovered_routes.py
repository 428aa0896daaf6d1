"""Discovered devices over HTTP."""

from __future__ import annotations

from fastapi.testclient import TestClient

from plantroom.discovery import Found, FoundField
from plantroom.stores.records import discovered
from plantroom.stores.records.discovered import DiscoveryStore
from tests.api.kit import START, World, ok, problem

BASE = "/api/v1/discovered"
NAME = '<img src=x onerror=alert(1)>=HYPERLINK("x")'


def keep(world: World) -> None:
    fields = (FoundField("flow", "L/min"), FoundField("running", words={"ON": True, "OFF": False}))
    DiscoveryStore(world.database).keep(
        [
            Found("zigbee2mqtt", "north", "hall/mill", name=NAME, maker="ACME", fields=fields),
            Found("plantroom", "north", "mill-9", fields=(FoundField("flow"),)),
            Found("home_assistant", "south", "p7", fields=(FoundField("a"), FoundField("b", topic="x/y"))),
        ],
        START,
    )


def test_list_and_filters(world: World, engineer: TestClient) -> None:
    keep(world)
    found = ok(engineer.get(BASE))
    assert [item["device"] for item in found["items"]] == ["p7", "mill-9", "hall/mill"]
    assert found["items"][2]["name"] == NAME
    assert [field["readable"] for field in found["items"][0]["fields"]] == [False, True]
    assert ok(engineer.get(BASE, params={"site": "north", "text": "acme"}))["total"] == 1
    assert ok(engineer.get(BASE, params={"text": "%"}))["total"] == 0
    assert ok(engineer.get(BASE, params={"state": "adopted"}))["total"] == 0
    problem(engineer.get(BASE, params={"state": "lost"}), 422)


def test_a_proposal_names_a_class_its_points_and_the_sites_equipment(
    world: World, engineer: TestClient
) -> None:
    keep(world)
    assert ok(engineer.get(f"{BASE}/1/proposal")) == {
        "equipment_class": "mill",
        "points": {"flow": "flow", "running": "running"},
        "equipment": ["mill-1", "mill-2"],
    }
    other = ok(engineer.get(f"{BASE}/1/proposal", params={"equipment_class": "beacon"}))
    assert other["points"] == {}
    problem(engineer.get(f"{BASE}/1/proposal", params={"equipment_class": "nope"}), 422)
    problem(engineer.get(f"{BASE}/99/proposal"), 404)


def test_adopt_ignore_release(world: World, engineer: TestClient) -> None:
    keep(world)
    body = {
        "points": {
            "flow": {"equipment": "mill-1", "point": "flow"},
            "running": {"equipment": "mill-2", "point": "running"},
        }
    }
    adopted = ok(engineer.post(f"{BASE}/1/adopt", json=body))
    assert (adopted["state"], adopted["decided_by"]) == ("adopted", "engineer")
    assert adopted["points"]["flow"]["unit"] == "L/min"
    assert adopted["points"]["running"]["words"] == {"ON": True, "OFF": False}
    with world.database.session() as session:
        (binding,) = discovered.bindings(session)
    assert binding.targets["flow"].equipment == "mill-1"
    assert ok(engineer.post(f"{BASE}/1/ignore"))["points"] == {}
    assert ok(engineer.post(f"{BASE}/1/release"))["state"] == "new"
    assert ok(engineer.get(f"{BASE}/1"))["state"] == "new"


def test_what_cannot_be_adopted(world: World, engineer: TestClient) -> None:
    keep(world)
    point = {"equipment": "mill-1", "point": "flow"}
    problem(engineer.post(f"{BASE}/1/adopt", json={"points": {}}), 422)
    problem(engineer.post(f"{BASE}/1/adopt", json={"points": {"flow": point | {"scale": "1e999"}}}), 422)
    problem(engineer.post(f"{BASE}/1/adopt", json={"points": {"flow": point | {"topic": "a/b"}}}), 422)
    problem(engineer.post(f"{BASE}/1/adopt", json={"points": {"nope": point}}), 409)
    problem(engineer.post(f"{BASE}/1/adopt", json={"points": {"flow": point | {"unit": "bar"}}}), 409)
    problem(engineer.post(f"{BASE}/2/adopt", json={"points": {"flow": point}}), 409)
    problem(engineer.post(f"{BASE}/99/adopt", json={"points": {"flow": point}}), 404)
    with world.database.session() as session:
        assert discovered.bindings(session) == []


def test_a_field_that_only_a_template_would_find_cannot_be_adopted(
    world: World, engineer: TestClient
) -> None:
    keep(world)
    point = {"equipment": "mill-1", "point": "running"}
    found = problem(engineer.post(f"{BASE}/3/adopt", json={"points": {"a": point}}), 409)
    assert "template" in found["detail"]
    assert ok(engineer.post(f"{BASE}/3/adopt", json={"points": {"b": point}}))["state"] == "adopted"

"""Routes about people: written whole, versioned, audited; and who is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from plantroom.stores.records import people
from plantroom.stores.records.tables import AuditRow
from plantroom.times import HOUR, MINUTE
from plantroom.work_orders import Role
from tests.api.kit import World, ok, problem

BASE = "/api/v1"
TECHNICIAN = {"team": "elevator", "skills": ["elevator"], "hired_on": "2026-01-01"}
NAMES = {"name": {"en": "Pool team", "zh": "泳池組"}}
CARD = {
    "technician": "technician",
    "skill": "elevator",
    "name": "T",
    "issued_on": "2025-01-01",
    "expires_on": "2026-04-01",
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    with found.database.transaction() as session:
        people.seed(session)
    yield found
    found.close()


@pytest.fixture
def engineer(world: World) -> TestClient:
    found = world.as_role(Role.ENGINEER)
    ok(found.put(f"{BASE}/technicians/technician", json=TECHNICIAN), 201)
    return found


def test_a_team_is_made_written_over_and_removed(world: World, engineer: TestClient) -> None:
    made = engineer.put(f"{BASE}/teams/pool", json=NAMES)
    assert ok(made, 201) == {
        "key": "pool",
        **NAMES,
        "skills": [],
        "zone": None,
        "lead": None,
        "version": 1,
    }
    assert made.headers["etag"] == '"1"'
    change = NAMES | {"zone": "Europe/Berlin", "lead": "technician", "skills": ["water"]}
    stale = {"If-Match": '"7"'}
    problem(engineer.put(f"{BASE}/teams/pool", json=change, headers=stale), 412, "version")
    changed = engineer.put(f"{BASE}/teams/pool", json=change, headers={"If-Match": '"1"'})
    assert (ok(changed)["lead"], changed.headers["etag"]) == ("technician", '"2"')
    problem(engineer.delete(f"{BASE}/teams/pool", headers={"If-Match": '"1"'}), 412, "version")
    assert engineer.delete(f"{BASE}/teams/pool", headers={"If-Match": '"2"'}).status_code == 204
    problem(engineer.put(f"{BASE}/teams/pool", json=NAMES, headers={"If-Match": '"2"'}), 412, "version")
    with world.database.session() as session:
        lines = list(session.scalars(select(AuditRow).where(AuditRow.subject == "team pool")))
    assert [line.action for line in lines] == ["team.add", "team.change", "team.remove"]
    assert lines[1].detail["before"]["lead"] is None
    assert lines[1].detail["after"]["lead"] == "technician"


NUMBERED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("certificates", CARD, {"number": "42"}),
    (
        "shifts",
        {
            "technician": "technician",
            "days": [4, 0, 0],
            "start": "22:00",
            "end": "06:00",
            "first": "2026-01-01",
        },
        {"last": "2026-12-31"},
    ),
    ("shift-exceptions", {"technician": "technician", "day": "2026-10-01"}, {"reason": "leave"}),
    (
        "on-call",
        {
            "technician": "technician",
            "team": "elevator",
            "starts_at": "2026-03-01T00:00:00.000Z",
            "ends_at": "2026-03-02T00:00:00.000Z",
        },
        {"rank": 2},
    ),
    (
        "training",
        {
            "technician": "technician",
            "kind": "drill",
            "title": "Fire",
            "held_on": "2026-02-01",
            "passed": True,
        },
        {"note": "well done"},
    ),
]


@pytest.mark.parametrize(("name", "body", "change"), NUMBERED, ids=[case[0] for case in NUMBERED])
def test_what_belongs_to_somebody(
    engineer: TestClient, world: World, name: str, body: dict[str, Any], change: dict[str, Any]
) -> None:
    made = ok(engineer.post(f"{BASE}/{name}", json=body), 201)
    expected = body | ({"days": [0, 4]} if "days" in body else {})
    assert {key: made[key] for key in body} == expected
    address = f"{BASE}/{name}/{made['id']}"
    changed = engineer.put(address, json=body | change, headers={"If-Match": '"1"'})
    assert ok(changed)["version"] == 2
    problem(engineer.put(address, json=body, headers={"If-Match": '"1"'}), 412, "version")
    technician = world.as_role(Role.TECHNICIAN)
    (found,) = ok(technician.get(f"{BASE}/{name}?technician=technician"))["items"]
    assert found == ok(changed)
    assert ok(technician.get(f"{BASE}/{name}?technician=nobody"))["total"] == 0
    problem(engineer.post(f"{BASE}/{name}", json=body | {"technician": "viewer"}), 409)
    assert engineer.delete(address).status_code == 204
    problem(engineer.delete(address), 404)


WRONG = [
    ("certificates", CARD | {"expires_on": "2024-12-31"}, "body"),
    ("shifts", NUMBERED[1][1] | {"days": [7]}, "body.days.0"),
    ("shifts", NUMBERED[1][1] | {"start": "24:00"}, "body.start"),
    ("shift-exceptions", NUMBERED[2][1] | {"start": "08:00"}, "body"),
    ("on-call", NUMBERED[3][1] | {"ends_at": "2026-03-01T00:00:00Z"}, "body"),
    ("training", NUMBERED[4][1] | {"kind": "yoga"}, "body.kind"),
]


@pytest.mark.parametrize(("name", "body", "where"), WRONG)
def test_what_is_wrong_is_named(engineer: TestClient, name: str, body: dict[str, Any], where: str) -> None:
    errors = problem(engineer.post(f"{BASE}/{name}", json=body), 422, "validation")["errors"]
    assert [item["where"] for item in errors] == [where]


def test_a_zone_that_is_none_is_refused(engineer: TestClient) -> None:
    answer = engineer.put(f"{BASE}/teams/pool", json=NAMES | {"zone": "Moon/Base"})
    assert problem(answer, 422)["errors"][0]["where"] == "body.zone"


def test_a_viewer_sees_who_is_there_but_no_papers(world: World, engineer: TestClient) -> None:
    shift = NUMBERED[1][1] | {"days": list(range(7)), "start": "00:00", "end": "23:59"}
    ok(engineer.post(f"{BASE}/shifts", json=shift), 201)
    ok(engineer.post(f"{BASE}/on-call", json=NUMBERED[3][1]), 201)
    viewer = world.as_role(Role.VIEWER)
    teams = {item["team"]: item for item in ok(viewer.get(f"{BASE}/roster"))["teams"]}
    assert teams["elevator"]["on_shift"] == ["technician"]
    assert teams["elevator"]["on_call"] == ["technician"]
    assert teams["hvac"]["on_shift"] == []
    later = ok(viewer.get(f"{BASE}/roster?at=2026-03-02T00:00:00Z"))["teams"]
    assert all(item["on_call"] == [] for item in later)
    problem(viewer.get(f"{BASE}/certificates"), 403)


def test_certificates_that_end_soon(world: World, engineer: TestClient) -> None:
    ok(engineer.post(f"{BASE}/certificates", json=CARD), 201)
    assert ok(engineer.get(f"{BASE}/certificates?ends_within_days=31"))["total"] == 1
    assert ok(engineer.get(f"{BASE}/certificates?ends_within_days=30"))["total"] == 0
    assert ok(engineer.get(f"{BASE}/certificates?skill=hvac"))["total"] == 0


def test_orders_show_their_clocks(world: World, engineer: TestClient) -> None:
    order = world.open_order(skill="elevator", priority=3)
    world.later(20 * MINUTE)
    address = f"{BASE}/work-orders/{order}"
    (item,) = ok(engineer.get(f"{BASE}/work-orders"))["items"]
    assert item["clocks"] == ok(engineer.get(address))["clocks"]
    response, resolution = item["clocks"]
    assert (response["kind"], response["state"], response["left_s"]) == ("response", "running", 600)
    assert (resolution["within_s"], resolution["due_at"]) == (3 * 3600, item["due_at"])
    ok(engineer.post(f"{address}/assign", json={"assignee": "technician"}))
    problem(engineer.post(f"{address}/hold", json={"note": "x", "reason": "lunch"}), 422)
    problem(engineer.post(f"{address}/start", json={"reason": "parts"}), 422)
    held = ok(engineer.post(f"{address}/hold", json={"note": "bearing", "reason": "parts"}))
    assert [clock["state"] for clock in held["clocks"]] == ["met", "paused"]
    assert (held["history"][0]["reason"], held["clocks"][1]["reason"]) == ("parts", "parts")
    world.later(10 * HOUR)
    resumed = ok(engineer.post(f"{address}/resume"))
    assert resumed["due_at"] == resumed["clocks"][1]["due_at"] == "2026-03-01T21:00:00.000Z"


def test_an_engineer_says_what_an_order_is(world: World, engineer: TestClient) -> None:
    order = world.open_order(priority=3)
    address = f"{BASE}/work-orders/{order}"
    found = ok(engineer.patch(address, json={"major": True, "note": "new pump"}, headers={"If-Match": '"1"'}))
    assert (found["major"], found["clocks"][1]["within_s"]) == (True, 7 * 86_400)
    problem(engineer.patch(address, json={"priority": 1, "note": "x"}, headers={"If-Match": '"1"'}), 412)
    problem(engineer.patch(address, json={"priority": 1}), 422)
    problem(engineer.patch(address, json={"major": True, "note": "again"}), 409)


def test_somebody_is_proposed_with_reasons(world: World, engineer: TestClient) -> None:
    order = world.open_order(skill="elevator")
    address = f"{BASE}/work-orders/{order}/proposal"
    (found,) = ok(engineer.get(address))
    assert (found["username"], found["fit"]) == ("technician", False)
    assert found["reasons"][0]["en"] == "no certificate for Elevator repair"
    ok(engineer.post(f"{BASE}/certificates", json=CARD), 201)
    (found,) = ok(engineer.get(address))
    assert (found["fit"], found["rank"]) == (True, 1)
    assert {"en": "certificate valid until 2026-04-01", "zh": "证书有效期至 2026-04-01"} in found["reasons"]


def test_what_was_agreed_can_be_read(world: World) -> None:
    found = ok(world.as_role(Role.VIEWER).get(f"{BASE}/service-levels"))
    assert found["warn_at"] == 0.75
    assert found["clocks"][0] == {
        "clock": "response",
        "within_s": 1800,
        "count": "round_the_clock",
        "stops": ["assign", "start"],
        "kinds": ["corrective"],
        "origins": [],
        "priorities": [],
        "major": None,
    }
    assert {"key": "parts", "name": {"en": "Waiting for parts", "zh": "等待配件"}, "pauses": True} in found[
        "hold_reasons"
    ]
    assert found["escalation"][0]["to"] == ["assignee", "on_call"]

"""Maintenance modes over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from plantroom.times import HOUR
from tests.api.kit import World, ok, problem

MODES = "/api/v1/maintenance-modes"
ALARMS = "/api/v1/alarms"


def test_begin_and_end_with_who_when_and_why(world: World, engineer: TestClient) -> None:
    alarm_id = world.raise_alarm()
    body = {"site": "north", "equipment": "mill-1", "for": "4 h", "reason": " seal "}
    mode = ok(engineer.post(MODES, json=body), 201)
    assert mode == {
        "id": 1,
        "site": "north",
        "equipment": "mill-1",
        "space": None,
        "reason": "seal",
        "by": "engineer",
        "started_at": "2026-03-01T08:00:00.000Z",
        "until": "2026-03-01T12:00:00.000Z",
        "ended_at": None,
        "ended_by": None,
    }
    detail = ok(engineer.get(f"{ALARMS}/{alarm_id}"))
    assert (detail["state"], detail["allowed"], detail["history"][0]["note"]) == (
        "out_of_service", [], "seal",
    )  # fmt: skip
    problem(engineer.post(f"{ALARMS}/{alarm_id}/acknowledge"), 409, "transition")
    problem(engineer.post(MODES, json=body), 409, "conflict")
    world.later(HOUR)
    ended = ok(engineer.delete(f"{MODES}/1"))
    assert (ended["ended_at"], ended["ended_by"]) == ("2026-03-01T09:00:00.000Z", "engineer")
    assert ok(engineer.get(f"{ALARMS}/{alarm_id}"))["state"] == "unacknowledged"
    problem(engineer.delete(f"{MODES}/1"), 409, "conflict")
    problem(engineer.delete(f"{MODES}/99"), 404, "not_found")


def test_the_list(world: World, engineer: TestClient, viewer: TestClient) -> None:
    for site, place in (("north", {"space": "plant"}), ("south", {"equipment": "mill-1"})):
        body = {"site": site, "until": "2026-03-02T16:00:00+08:00", "reason": "r", **place}
        ok(engineer.post(MODES, json=body), 201)
    assert [item["id"] for item in ok(viewer.get(MODES))["items"]] == [2, 1]
    assert ok(viewer.get(f"{MODES}?site=north"))["items"][0]["space"] == "plant"
    ok(engineer.delete(f"{MODES}/2"))
    assert [item["id"] for item in ok(viewer.get(f"{MODES}?running=true"))["items"]] == [1]
    assert [item["id"] for item in ok(viewer.get(f"{MODES}?running=false"))["items"]] == [2]
    first = ok(viewer.get(f"{MODES}?limit=1"))
    assert [item["id"] for item in ok(viewer.get(f"{MODES}?cursor={first['next_cursor']}"))["items"]] == [1]


GOOD: dict[str, Any] = {"site": "north", "equipment": "mill-1", "for": "1 h", "reason": "r"}
BAD: list[tuple[dict[str, Any], int]] = [
    ({"reason": None}, 422),
    ({"reason": "  "}, 422),
    ({"for": None}, 422),
    ({"until": "2026-03-01T09:00:00Z"}, 422),
    ({"for": None, "until": "2026-03-01T08:00:00Z"}, 422),
    ({"for": None, "until": "2026-04-01T08:00:00Z"}, 422),
    ({"for": "31 d"}, 422),
    ({"for": "1s"}, 422),
    ({"space": "plant"}, 422),
    ({"equipment": None}, 422),
    ({"site": "nowhere"}, 404),
    ({"equipment": "mill-9"}, 404),
    ({"equipment": None, "space": "attic"}, 404),
]


@pytest.mark.parametrize(("changes", "status"), BAD)
def test_bad_modes(engineer: TestClient, changes: dict[str, Any], status: int) -> None:
    body = {key: value for key, value in (GOOD | changes).items() if value is not None}
    problem(engineer.post(MODES, json=body), status)
    assert ok(engineer.get(MODES))["total"] == 0


def test_the_longest_is_thirty_days(engineer: TestClient) -> None:
    mode = ok(engineer.post(MODES, json=GOOD | {"for": "30 d"}), 201)
    assert mode["until"] == "2026-03-31T08:00:00.000Z"

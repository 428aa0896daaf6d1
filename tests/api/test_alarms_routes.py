"""Alarms over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text, update

from plantroom.alarms import AlarmEvent
from plantroom.stores.records.tables import AlarmRow
from plantroom.times import MINUTE, SECOND
from plantroom.work_orders import Role
from tests.api.kit import World, ok, problem
from tests.servers.databases import POSTGRESQL

ALARMS = "/api/v1/alarms"


def some_alarms(world: World) -> dict[str, int]:
    """Four alarms: major on mill-1, emergency on mill-2, minor on the beacon, major in the south."""
    ids = {
        "flow": world.raise_alarm("north/mill-1", "low_flow", 40 * SECOND),
        "burst": world.raise_alarm("north/mill-2", "burst", 30 * SECOND),
        "dark": world.raise_alarm("north/beacon-1", "dark", 20 * SECOND),
        "south": world.raise_alarm("south/mill-1", "low_flow", 10 * SECOND),
    }
    world.follow("north/beacon-1", "dark", AlarmEvent.CLEAR)
    with world.database.transaction() as session:
        session.execute(update(AlarmRow).where(AlarmRow.id == ids["dark"]).values(state="normal"))
    return ids


FILTERS: list[tuple[str, list[str]]] = [
    ("", ["south", "dark", "burst", "flow"]),
    ("sort=raised_at", ["flow", "burst", "dark", "south"]),
    ("sort=-severity", ["burst", "south", "flow", "dark"]),
    ("sort=id", ["flow", "burst", "dark", "south"]),
    ("standing=true", ["south", "burst", "flow"]),
    ("standing=false", ["dark"]),
    ("state=normal&state=acknowledged", ["dark"]),
    ("severity=emergency&severity=minor", ["dark", "burst"]),
    ("site=north", ["dark", "burst", "flow"]),
    ("site=nowhere", []),
    ("system=lighting", ["dark"]),
    ("system=fire", []),
    ("equipment=mill-1", ["south", "flow"]),
    ("equipment=south/mill-1", ["south"]),
    ("rule=low_flow", ["south", "flow"]),
    ("text=BEACON", ["dark"]),
    ("text=一号", ["flow"]),
    ("text=50%25_m", ["burst"]),
    ("text=5%25m", []),
    ("text=_", ["south", "burst", "flow"]),
]


@pytest.mark.parametrize(("query", "expected"), FILTERS)
def test_filters_and_sorting(world: World, viewer: TestClient, query: str, expected: list[str]) -> None:
    ids = some_alarms(world)
    names = {number: name for name, number in ids.items()}
    found = ok(viewer.get(f"{ALARMS}?{query}"))
    assert [names[item["id"]] for item in found["items"]] == expected
    assert found["total"] == len(expected)
    assert found["next_cursor"] is None


@pytest.mark.parametrize("sort", ["raised_at", "-raised_at", "severity", "-severity", "id", "-changed_at"])
def test_pages_have_every_alarm_once(world: World, viewer: TestClient, sort: str) -> None:
    some_alarms(world)
    whole = [item["id"] for item in ok(viewer.get(f"{ALARMS}?sort={sort}"))["items"]]
    paged: list[int] = []
    cursor = ""
    while True:
        page = ok(viewer.get(f"{ALARMS}?sort={sort}&limit=1{cursor}"))
        paged += [item["id"] for item in page["items"]]
        assert page["total"] == 4
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert paged == whole


BAD = [
    "limit=0",
    "limit=501",
    "limit=1000000000",
    "state=on",
    "severity=9",
    "sort=site",
    "standing=maybe",
    "text=",
]


@pytest.mark.parametrize("query", BAD)
def test_bad_queries(viewer: TestClient, query: str) -> None:
    body = problem(viewer.get(f"{ALARMS}?{query}"), 422, "validation")
    assert body["errors"][0]["where"].startswith(f"query.{query.split('=', maxsplit=1)[0]}")


def test_a_cursor_of_another_sort_is_refused(world: World, viewer: TestClient) -> None:
    some_alarms(world)
    cursor = ok(viewer.get(f"{ALARMS}?limit=1"))["next_cursor"]
    problem(viewer.get(f"{ALARMS}?limit=1&sort=severity&cursor={cursor}"), 422, "cursor")
    problem(viewer.get(f"{ALARMS}?cursor=forged"), 422, "cursor")


def test_one_alarm_with_its_rule_and_history(world: World, viewer: TestClient) -> None:
    alarm_id = world.raise_alarm()
    order_id = world.open_order()
    found = ok(viewer.get(f"{ALARMS}/{alarm_id}"))
    assert found["name"] == {"en": "Low flow", "zh": "流量低"}
    assert found["cause"] == {"en": "A valve is closed.", "zh": "阀门关闭。"}
    assert found["when"] == "running and flow < 0.5 * rated_flow"
    assert found["severity"] == "major"
    assert found["raised_at"] == "2026-03-01T08:00:00.000Z"
    assert found["readings"] == [{"point": "flow", "value": 12.5, "unit": "m3/h"}]
    assert found["work_order"] == order_id
    assert found["allowed"] == ["acknowledge", "shelve"]
    assert [(item["event"], item["by"]) for item in found["history"]] == [("raise", "process")]
    problem(viewer.get(f"{ALARMS}/99"), 404, "not_found")


def test_acknowledge_says_who_when_and_why(world: World, technician: TestClient) -> None:
    alarm_id = world.raise_alarm()
    world.later(5 * MINUTE)
    found = ok(technician.post(f"{ALARMS}/{alarm_id}/acknowledge", json={"note": " on my way "}))
    assert found["state"] == "acknowledged"
    assert found["acknowledged_by"] == "technician"
    assert found["acknowledged_at"] == "2026-03-01T08:05:00.000Z"
    newest = found["history"][0]
    assert newest == {
        "id": newest["id"],
        "at": "2026-03-01T08:05:00.000Z",
        "event": "acknowledge",
        "from_state": "unacknowledged",
        "to_state": "acknowledged",
        "by": "technician",
        "note": "on my way",
        "readings": [],
        "forecasts": [],
    }
    body = problem(technician.post(f"{ALARMS}/{alarm_id}/acknowledge"), 409, "transition")
    assert body["allowed"] == ["shelve"]
    problem(technician.post(f"{ALARMS}/99/acknowledge"), 404)


def test_a_latched_alarm_stays_until_it_is_reset(
    world: World, technician: TestClient, engineer: TestClient
) -> None:
    alarm_id = world.raise_alarm("north/mill-2", "burst", 10 * SECOND)
    world.follow("north/mill-2", "burst", AlarmEvent.CLEAR)
    problem(engineer.post(f"{ALARMS}/{alarm_id}/reset"), 409, "transition")
    assert ok(technician.post(f"{ALARMS}/{alarm_id}/acknowledge"))["state"] == "latched_acknowledged"
    problem(technician.post(f"{ALARMS}/{alarm_id}/reset"), 403)
    found = ok(engineer.post(f"{ALARMS}/{alarm_id}/reset", json={"note": "pipe mended"}))
    assert found["state"] == "normal"


def test_shelve_for_a_time_with_a_reason_and_bring_it_back(world: World, engineer: TestClient) -> None:
    alarm_id = world.raise_alarm()
    shelve = f"{ALARMS}/{alarm_id}/shelve"
    found = ok(engineer.post(shelve, json={"for": "2 h", "reason": "seal is being replaced"}))
    assert (found["state"], found["shelved_until"]) == ("shelved", "2026-03-01T10:00:00.000Z")
    assert found["allowed"] == ["unshelve"]
    assert found["history"][0]["note"] == "seal is being replaced"
    problem(engineer.post(shelve, json={"for": "2 h", "reason": "again"}), 409, "transition")
    assert ok(engineer.post(f"{ALARMS}/{alarm_id}/unshelve"))["state"] == "unacknowledged"
    until = {"until": "2026-03-01T17:30:00+08:00", "reason": "r"}
    assert ok(engineer.post(shelve, json=until))["shelved_until"] == "2026-03-01T09:30:00.000Z"


BAD_SHELVES: list[tuple[dict[str, Any], str]] = [
    ({"for": "2 h"}, "body.reason"),
    ({"for": "2 h", "reason": "   "}, "body.reason"),
    ({"reason": "r"}, "body"),
    ({"for": "2 h", "until": "2026-03-01T09:00:00Z", "reason": "r"}, "body"),
    ({"for": "0s", "reason": "r"}, "body"),
    ({"for": "31 d", "reason": "r"}, "body"),
    ({"for": "9" * 60 + "y", "reason": "r"}, "body.for"),
    ({"for": "soon", "reason": "r"}, "body.for"),
    ({"for": 3, "reason": "r"}, "body.for"),
    ({"until": "2026-03-01T08:00:00Z", "reason": "r"}, "body.until"),
    ({"until": "2026-05-01T08:00:00Z", "reason": "r"}, "body.until"),
    ({"until": "9999-12-31T23:59:59Z", "reason": "r"}, "body.until"),
    ({"until": "0001-01-01T00:00:00+14:00", "reason": "r"}, "body.until"),
    ({"until": "2026-02-30T08:00:00Z", "reason": "r"}, "body.until"),
    ({"until": 1772352000, "reason": "r"}, "body.until"),
]


@pytest.mark.parametrize(("body", "where"), BAD_SHELVES)
def test_bad_shelves(world: World, engineer: TestClient, body: dict[str, Any], where: str) -> None:
    alarm_id = world.raise_alarm()
    found = problem(engineer.post(f"{ALARMS}/{alarm_id}/shelve", json=body), 422, "validation")
    assert found["errors"][0]["where"] == where
    assert ok(engineer.get(f"{ALARMS}/{alarm_id}"))["state"] == "unacknowledged"


def test_a_rule_may_forbid_shelving(world: World, engineer: TestClient) -> None:
    alarm_id = world.raise_alarm("north/mill-2", "burst")
    assert "shelve" not in ok(engineer.get(f"{ALARMS}/{alarm_id}"))["allowed"]
    body = {"for": "1 h", "reason": "r"}
    problem(engineer.post(f"{ALARMS}/{alarm_id}/shelve", json=body), 409, "conflict")


def test_acknowledge_several_each_for_itself(world: World, technician: TestClient) -> None:
    ids = some_alarms(world)
    asked = [ids["flow"], ids["dark"], 99, ids["flow"], ids["south"]]
    found = ok(technician.post(f"{ALARMS}/acknowledge", json={"ids": asked, "note": "seen"}))
    assert [(item["id"], item["done"], item["state"]) for item in found] == [
        (ids["flow"], True, "acknowledged"),
        (ids["dark"], False, None),
        (99, False, None),
        (ids["south"], True, "acknowledged"),
    ]
    assert "no alarm 99" in found[2]["detail"]
    assert ok(technician.get(f"{ALARMS}?state=acknowledged"))["total"] == 2


@pytest.mark.parametrize("ids", [[], [0], [2**63], list(range(1, 502)), ["x"], None])
def test_bad_lists_of_alarms(technician: TestClient, ids: object) -> None:
    problem(technician.post(f"{ALARMS}/acknowledge", json={"ids": ids}), 422, "validation")


def test_history_in_pages(world: World, engineer: TestClient) -> None:
    alarm_id = world.raise_alarm()
    for _ in range(30):
        ok(engineer.post(f"{ALARMS}/{alarm_id}/shelve", json={"for": "1 h", "reason": "r"}))
        ok(engineer.post(f"{ALARMS}/{alarm_id}/unshelve"))
    assert len(ok(engineer.get(f"{ALARMS}/{alarm_id}"))["history"]) == 50
    first = ok(engineer.get(f"{ALARMS}/{alarm_id}/history?limit=60"))
    rest = ok(engineer.get(f"{ALARMS}/{alarm_id}/history?limit=60&cursor={first['next_cursor']}"))
    events = [item["event"] for item in first["items"] + rest["items"]]
    assert first["total"] == len(events) == 61
    assert events[-1] == "raise"
    problem(engineer.get(f"{ALARMS}/99/history"), 404)


def test_a_rule_that_left_the_catalogue_keeps_its_alarm(world: World, viewer: TestClient) -> None:
    alarm_id = world.raise_alarm("north/mill-1", "gone_rule")
    found = ok(viewer.get(f"{ALARMS}/{alarm_id}"))
    assert found["name"] == {"en": "gone_rule", "zh": "gone_rule"}
    assert (found["cause"], found["when"]) == (None, None)


def test_odd_numbers_in_stored_readings_go_out_as_null(world: World, viewer: TestClient) -> None:
    alarm_id = world.raise_alarm()
    with world.database.transaction() as session:
        # nothing writes them any more, and PostgreSQL never took them
        odd = (
            '{"flow": null, "x": null, "y": null}'
            if POSTGRESQL
            else '{"flow": NaN, "x": Infinity, "y": null}'
        )
        session.execute(
            text("UPDATE alarms SET readings = :odd WHERE id = :id"), {"odd": odd, "id": alarm_id}
        )
    found = ok(viewer.get(f"{ALARMS}/{alarm_id}"))
    assert [item["value"] for item in found["readings"]] == [None, None, None]


def test_fifty_at_once_acknowledge_exactly_once(world: World) -> None:
    # more than there are threads for requests: none may hold the database's lock while it waits for one
    alarm_id = world.raise_alarm()
    client = world.as_role(Role.TECHNICIAN)

    def acknowledge(_: int) -> int:
        return client.post(f"{ALARMS}/{alarm_id}/acknowledge").status_code

    with client, ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(acknowledge, range(50)))
    assert sorted(statuses) == [200] + [409] * 49

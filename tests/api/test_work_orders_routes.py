"""Work orders over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from plantroom.times import DAY, HOUR, MINUTE
from plantroom.work_orders import OrderKind, Role
from tests.api.kit import World, ok, problem

ORDERS = "/api/v1/work-orders"
BY_HAND = {"site": "north", "equipment": "mill-2", "title": "Seal drips"}


def test_the_whole_way_with_a_history(world: World, technician: TestClient, engineer: TestClient) -> None:
    order = f"{ORDERS}/{world.open_order()}"
    steps: list[tuple[TestClient, str, dict[str, str], str]] = [
        (technician, "assign", {"assignee": "technician"}, "assigned"),
        (technician, "start", {}, "in_progress"),
        (technician, "hold", {"note": "waiting for a seal"}, "on_hold"),
        (technician, "resume", {}, "in_progress"),
        (technician, "complete", {"note": "seal changed"}, "completed"),
        (engineer, "reopen", {"note": "drips again"}, "in_progress"),
        (technician, "complete", {"note": "changed once more"}, "completed"),
        (engineer, "close", {}, "closed"),
    ]
    for client, action, body, state in steps:
        world.later(MINUTE)
        assert ok(client.post(f"{order}/{action}", json=body))["state"] == state
    found = ok(technician.get(order))
    assert [item["action"] for item in reversed(found["history"])] == ["open", *(step[1] for step in steps)]
    assert found["history"][0]["at"] == "2026-03-01T08:08:00.000Z"
    assert found["history"][2]["note"] == "drips again"
    assert found["history"][-2]["by"] == "technician"
    assert found["version"] == 9
    assert found["started_at"] == "2026-03-01T08:02:00.000Z"
    assert found["completed_at"] == "2026-03-01T08:07:00.000Z"
    assert found["closed_at"] == "2026-03-01T08:08:00.000Z"
    assert found["allowed"] == []


def test_a_step_that_is_not_allowed_says_which_are(world: World, engineer: TestClient) -> None:
    order = f"{ORDERS}/{world.open_order()}"
    body = problem(engineer.post(f"{order}/complete", json={"note": "done"}), 409, "transition")
    assert body["allowed"] == ["assign", "cancel"]
    problem(engineer.post(f"{order}/cancel"), 409, "transition")  # says why in the note
    problem(engineer.post(f"{order}/assign"), 409, "conflict")
    found = problem(engineer.post(f"{order}/paint"), 422, "validation")
    assert found["errors"][0]["where"] == "path.action"
    assert "'assign'" in found["errors"][0]["what"]
    problem(engineer.post(f"{ORDERS}/99/start"), 404)
    assert ok(engineer.get(order))["version"] == 1


def test_reopening_where_the_fault_has_another_order_says_which(
    world: World, technician: TestClient, engineer: TestClient
) -> None:
    order = f"{ORDERS}/{world.open_order('alarm:1:1')}"
    ok(technician.post(f"{order}/assign", json={"assignee": "technician"}))
    ok(technician.post(f"{order}/start"))
    ok(technician.post(f"{order}/complete", json={"note": "done"}))
    second = world.open_order("alarm:1:2")
    body = problem(engineer.post(f"{order}/reopen", json={"note": "again"}), 409, "conflict")
    assert f"work order {second}" in body["detail"]
    assert ok(engineer.get(order))["state"] == "completed"


@pytest.mark.parametrize("action", ["close", "reopen", "cancel"])
def test_ending_an_order_takes_an_engineer(world: World, technician: TestClient, action: str) -> None:
    order = f"{ORDERS}/{world.open_order()}"
    problem(technician.post(f"{order}/{action}", json={"note": "n"}), 403, "forbidden")


def test_what_i_may_do_next_depends_on_who_i_am(
    world: World, viewer: TestClient, technician: TestClient, engineer: TestClient
) -> None:
    order = f"{ORDERS}/{world.open_order()}"
    assert ok(viewer.get(order))["allowed"] == []
    assert ok(technician.get(order))["allowed"] == ["assign"]
    assert ok(engineer.get(order))["allowed"] == ["assign", "cancel"]


@pytest.mark.parametrize("assignee", ["nobody", "viewer", "Technician", "\u202e", "x" * 65])
def test_work_is_given_to_somebody_who_can_do_it(world: World, technician: TestClient, assignee: str) -> None:
    order = f"{ORDERS}/{world.open_order()}"
    body = problem(technician.post(f"{order}/assign", json={"assignee": assignee}), 422)
    assert body["errors"][0]["where"] == "body.assignee"


def test_detail_has_everything(world: World, viewer: TestClient) -> None:
    order_id = world.open_order("alarm:1:1")
    world.later(HOUR)
    assert world.open_order("alarm:1:2", priority=1) == order_id  # the fault came again
    found = ok(viewer.get(f"{ORDERS}/{order_id}"))
    assert found["problem"] == {"cause": {"en": "A valve is closed.", "zh": "阀门关闭。"}}
    assert found["readings"] == [{"point": "flow", "value": 12.5, "unit": "m3/h"}]
    assert [item["source"] for item in found["occurrences"]] == ["alarm:1:2", "alarm:1:1"]
    assert found["occurrence_count"] == 2
    assert [item["action"] for item in found["history"]] == ["recur", "open"]
    assert found["priority"] == 1
    assert found["title"] == {"en": "Low flow", "zh": "流量低"}
    assert found["equipment_name"]["en"] == "First mill"
    assert found["checklist"][1]["unit"] == "m3/h"
    assert ok(viewer.get(f"{ORDERS}/{order_id}/occurrences?limit=1"))["items"][0]["source"] == "alarm:1:2"


def test_occurrences_and_history_in_pages(world: World, viewer: TestClient) -> None:
    for number in range(7):
        order_id = world.open_order(f"alarm:1:{number}")
    for name in ("occurrences", "history"):
        found: list[Any] = []
        cursor = ""
        while True:
            page = ok(viewer.get(f"{ORDERS}/{order_id}/{name}?limit=3{cursor}"))
            found += page["items"]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert len(found) == len({str(item) for item in found}) == page["total"] == 7
        problem(viewer.get(f"{ORDERS}/99/{name}"), 404)


def test_a_stale_if_match_changes_nothing(world: World, technician: TestClient) -> None:
    order = f"{ORDERS}/{world.open_order()}"
    seen = technician.get(order).headers["etag"]
    assert seen == '"1"'
    moved = technician.post(f"{order}/assign", json={"assignee": "technician"}, headers={"If-Match": seen})
    assert ok(moved)["version"] == 2
    assert moved.headers["etag"] == '"2"'
    changes: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", f"{order}/start", {}),
        ("POST", f"{order}/comments", {"note": "n"}),
        ("PUT", f"{order}/checklist/0", {"done": True}),
    ]
    for method, path, body in changes:
        for tag in ('"1"', 'W/"2"', "2", '"x"', '"1", "3"', ""):
            answer = technician.request(method, path, json=body, headers={"If-Match": tag})
            assert problem(answer, 412, "version")["version"] == 2
            assert answer.headers["etag"] == '"2"'
    assert ok(technician.get(order))["version"] == 2
    for number, (method, path, body) in enumerate(changes):
        tag = ("*", '"3"', '"1", "4"')[number]
        ok(
            technician.request(method, path, json=body, headers={"If-Match": tag}),
            201 if "comments" in path else 200,
        )


def test_two_at_once_with_one_version_one_wins(world: World) -> None:
    order = f"{ORDERS}/{world.open_order()}"
    client = world.as_role(Role.TECHNICIAN)

    def comment(number: int) -> int:
        return client.post(
            f"{order}/comments", json={"note": f"{number}"}, headers={"If-Match": '"1"'}
        ).status_code

    with client, ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(comment, range(8)))
    assert sorted(statuses) == [201] + [412] * 7


def test_comments(world: World, technician: TestClient) -> None:
    order = f"{ORDERS}/{world.open_order()}"
    text = "<script>alert(1)</script> =1+1 漏水"
    found = ok(technician.post(f"{order}/comments", json={"note": f"  {text} "}), 201)
    assert found["history"][0]["note"] == text
    assert (found["history"][0]["action"], found["history"][0]["by"]) == ("comment", "technician")
    for bad in ({}, {"note": ""}, {"note": "  "}, {"note": "x" * 4001}, {"note": "a\0b"}, {"note": 1}):
        problem(technician.post(f"{order}/comments", json=bad), 422, "validation")
    problem(technician.post(f"{ORDERS}/99/comments", json={"note": "n"}), 404)


def test_the_checklist(world: World, technician: TestClient, engineer: TestClient) -> None:
    order = f"{ORDERS}/{world.open_order()}"
    lines = f"{order}/checklist"
    found = ok(technician.put(f"{lines}/0", json={"done": True}))["checklist"][0]
    assert (found["done"], found["by"], found["at"]) == (True, "technician", "2026-03-01T08:00:00.000Z")
    problem(technician.put(f"{lines}/1", json={"done": True}), 409, "conflict")  # wants a value
    assert (
        ok(technician.put(f"{lines}/1", json={"done": True, "value": 5}))["checklist"][1]["within_limits"]
        is False
    )
    assert (
        ok(technician.put(f"{lines}/1", json={"done": True, "value": 30}))["checklist"][1]["within_limits"]
        is True
    )
    problem(technician.put(f"{lines}/2", json={"done": True}), 409)
    for path, body in (
        (f"{lines}/-1", {"done": True}),
        (f"{lines}/{2**63}", {"done": True}),
        (f"{lines}/0", {}),
        (f"{lines}/0", {"done": True, "value": False}),
        (f"{lines}/0", {"done": True, "value": "5"}),
    ):
        problem(technician.put(path, json=body), 422)
    ok(engineer.post(f"{order}/cancel", json={"note": "twice"}))
    problem(technician.put(f"{lines}/0", json={"done": False}), 409)


def test_open_by_hand(world: World, engineer: TestClient) -> None:
    body = BY_HAND | {"description": "one drop a second", "priority": 2, "checklist": ["Look", "看"]}
    answer = engineer.post(ORDERS, json=body)
    found = ok(answer, 201)
    assert answer.headers["location"] == f"{ORDERS}/{found['id']}"
    assert found["kind"] == "corrective"
    assert found["equipment"] == "mill-2"
    assert found["opened_by"] == "engineer"
    assert found["problem"] == {"description": {"en": "one drop a second", "zh": "one drop a second"}}
    assert found["due_at"] == "2026-03-01T11:00:00.000Z"
    assert [task["text"]["zh"] for task in found["checklist"]] == ["Look", "看"]
    assert found["allowed"] == ["assign", "cancel"]
    site_wide = ok(engineer.post(ORDERS, json={"site": "south", "title": "Round", "kind": "inspection"}), 201)
    assert (site_wide["equipment"], site_wide["kind"]) == (None, "inspection")
    assert ok(engineer.get(f"{ORDERS}?site=south"))["total"] == 1
    assert ok(engineer.get("/api/v1/sites/south"))["open_orders"] == 1
    count = world.context.metrics.registry.get_sample_value(
        "plantroom_work_orders_total", {"kind": "corrective"}
    )
    assert count == 1


BAD_ORDERS: list[tuple[dict[str, Any], str]] = [
    ({"site": "nowhere"}, "body.site"),
    ({"equipment": "nothing"}, "body.equipment"),
    ({"site": "south"}, "body.equipment"),
    ({"title": ""}, "body.title"),
    ({"title": "x" * 301}, "body.title"),
    ({"title": "a\0"}, "body.title"),
    ({"priority": 0}, "body.priority"),
    ({"priority": 10**30}, "body.priority"),
    ({"skill": "Two words"}, "body.skill"),
    ({"kind": "preventive"}, "body.kind"),
    ({"due_at": "2026-03-01T08:00:00Z"}, "body.due_at"),
    ({"due_at": "9999-12-31T00:00:00Z"}, "body.due_at"),
    ({"checklist": [""]}, "body.checklist.0"),
    ({"checklist": ["x"] * 101}, "body.checklist"),
    ({"state": "closed"}, "body.state"),
]


@pytest.mark.parametrize(("change", "where"), BAD_ORDERS, ids=range(len(BAD_ORDERS)))
def test_bad_orders(engineer: TestClient, change: dict[str, Any], where: str) -> None:
    body = problem(engineer.post(ORDERS, json=BY_HAND | change), 422, "validation")
    assert body["errors"][0]["where"] == where
    assert ok(engineer.get(ORDERS))["total"] == 0


def test_an_idempotency_key_opens_one_order(world: World, engineer: TestClient) -> None:
    key = {"Idempotency-Key": "one-of-mine"}
    first = ok(engineer.post(ORDERS, json=BY_HAND, headers=key), 201)
    world.later(DAY)
    again = engineer.post(ORDERS, json=dict(reversed(BY_HAND.items())), headers=key)
    found = ok(again, 201)
    assert found == first | {"overdue": True, "clocks": found["clocks"]}
    assert again.headers["idempotent-replayed"] == "true"
    assert "request_sha256" not in again.text
    other = problem(engineer.post(ORDERS, json=BY_HAND | {"priority": 1}, headers=key), 422, "idempotency")
    assert other["errors"][0]["where"] == "header.Idempotency-Key"
    # another person's key is another key
    ok(world.as_role(Role.ADMIN).post(ORDERS, json=BY_HAND | {"priority": 1}, headers=key), 201)
    assert ok(engineer.get(ORDERS))["total"] == 2
    ok(engineer.post(ORDERS, json=BY_HAND), 201)
    ok(engineer.post(ORDERS, json=BY_HAND), 201)
    assert ok(engineer.get(ORDERS))["total"] == 4


@pytest.mark.parametrize("key", ["", " ", "x" * 101, "a b", "a/b", "'; DROP"])
def test_bad_idempotency_keys(engineer: TestClient, key: str) -> None:
    problem(engineer.post(ORDERS, json=BY_HAND, headers={"Idempotency-Key": key}), 422, "validation")


def test_one_key_at_once_opens_one_order(world: World) -> None:
    client = world.as_role(Role.ENGINEER)

    def create(_: int) -> tuple[int, int]:
        answer = client.post(ORDERS, json=BY_HAND, headers={"Idempotency-Key": "k"})
        return answer.status_code, answer.json()["id"]

    with client, ThreadPoolExecutor(12) as pool:
        assert set(pool.map(create, range(12))) == {(201, 1)}


def some_orders(world: World) -> dict[str, int]:
    ids = {"flow": world.open_order("a:1")}
    world.later(MINUTE)
    ids["burst"] = world.open_order("a:2", "north/mill-2", rule="burst", fault="burst", priority=1)
    world.later(MINUTE)
    ids["plan"] = world.open_order(
        "p:1",
        "south/mill-1",
        kind=OrderKind.PREVENTIVE,
        rule=None,
        fault=None,
        plan="monthly",
        priority=4,
        due_at=world.clock.now + DAY,
    )
    world.later(MINUTE)
    ids["site"] = ok(
        world.as_role(Role.ENGINEER).post(
            ORDERS, json={"site": "south", "title": "Round 50%", "priority": 5}
        ),
        201,
    )["id"]
    world.later(MINUTE)
    technician = world.as_role(Role.TECHNICIAN)
    ok(technician.post(f"{ORDERS}/{ids['flow']}/assign", json={"assignee": "technician"}))
    ok(technician.post(f"{ORDERS}/{ids['flow']}/start"))
    ok(technician.post(f"{ORDERS}/{ids['flow']}/complete", json={"note": "done"}))
    world.later(2 * HOUR)
    return ids


FILTERS: list[tuple[str, list[str]]] = [
    ("", ["site", "plan", "burst", "flow"]),
    ("sort=opened_at", ["flow", "burst", "plan", "site"]),
    ("sort=priority", ["burst", "flow", "plan", "site"]),
    ("sort=due_at", ["burst", "flow", "plan", "site"]),
    ("sort=-changed_at", ["flow", "site", "plan", "burst"]),
    ("open=true", ["site", "plan", "burst"]),
    ("open=false", ["flow"]),
    ("state=completed&state=closed", ["flow"]),
    ("kind=preventive", ["plan"]),
    ("priority=1&priority=2", ["burst", "flow"]),
    ("overdue=true", ["burst"]),
    ("overdue=false", ["site", "plan", "flow"]),
    ("assignee=technician", ["flow"]),
    ("assignee=none", ["site", "plan", "burst"]),
    ("assignee=me", []),
    ("site=south", ["site", "plan"]),
    ("site=south&equipment=mill-1", ["plan"]),
    ("equipment=mill-1", ["plan", "flow"]),
    ("equipment=north/mill-1", ["flow"]),
    ("system=water", ["plan", "burst", "flow"]),
    ("text=round", ["site"]),
    ("text=%25", ["site", "burst"]),
]


@pytest.mark.parametrize(("query", "expected"), FILTERS)
def test_filters_and_sorting(world: World, viewer: TestClient, query: str, expected: list[str]) -> None:
    names = {number: name for name, number in some_orders(world).items()}
    found = ok(viewer.get(f"{ORDERS}?{query}"))
    assert [names[item["id"]] for item in found["items"]] == expected
    assert found["total"] == len(expected)
    paged: list[str] = []
    cursor = ""
    for _ in expected:
        page = ok(viewer.get(f"{ORDERS}?{query}&limit=1{cursor}"))
        paged += [names[item["id"]] for item in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert paged == expected


@pytest.mark.parametrize(
    "query",
    ["limit=1000000000", "priority=0", "state=odd", "sort=title", "open=maybe", "assignee=" + "x" * 65],
)
def test_bad_queries(viewer: TestClient, query: str) -> None:
    problem(viewer.get(f"{ORDERS}?{query}"), 422, "validation")

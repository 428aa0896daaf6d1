"""Every route: who may use it, how it is described, and that nothing from outside makes it fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from plantroom.work_orders import Role
from tests.api.kit import World, problem

BASE = "/api/v1"
OPEN = {("get", "/healthz"), ("get", "/readyz"), ("post", "/sessions")}
ROLES = {
    ("get", "/backtests"): Role.ENGINEER,
    ("post", "/backtests"): Role.ENGINEER,
    ("get", "/backtests/{backtest_id}"): Role.ENGINEER,
    ("delete", "/backtests/{backtest_id}"): Role.ENGINEER,
    ("post", "/alarms/acknowledge"): Role.TECHNICIAN,
    ("post", "/alarms/{alarm_id}/acknowledge"): Role.TECHNICIAN,
    ("post", "/alarms/{alarm_id}/reset"): Role.ENGINEER,
    ("post", "/alarms/{alarm_id}/shelve"): Role.ENGINEER,
    ("post", "/alarms/{alarm_id}/unshelve"): Role.ENGINEER,
    ("post", "/alarms/{alarm_id}/feedback"): Role.TECHNICIAN,
    ("post", "/maintenance-modes"): Role.ENGINEER,
    ("delete", "/maintenance-modes/{mode_id}"): Role.ENGINEER,
    ("post", "/work-orders"): Role.ENGINEER,
    ("patch", "/work-orders/{order_id}"): Role.ENGINEER,
    ("get", "/work-orders/{order_id}/proposal"): Role.TECHNICIAN,
    **{
        (method, f"/{name}/{{{one}_key}}"): Role.ENGINEER
        for name, one in (("skills", "skill"), ("teams", "team"))
        for method in ("put", "delete")
    },
    ("get", "/technicians"): Role.TECHNICIAN,
    ("get", "/technicians/{username}"): Role.TECHNICIAN,
    ("put", "/technicians/{username}"): Role.ENGINEER,
    **{
        (method, f"/{name}" if method in ("get", "post") else f"/{name}/{{{one}_id}}"): (
            Role.TECHNICIAN if method == "get" else Role.ENGINEER
        )
        for name, one in (
            ("certificates", "certificate"),
            ("training", "training"),
            ("shifts", "shift"),
            ("shift-exceptions", "exception"),
            ("on-call", "duty"),
        )
        for method in ("get", "post", "put", "delete")
    },
    ("post", "/work-orders/{order_id}/comments"): Role.TECHNICIAN,
    ("put", "/work-orders/{order_id}/checklist/{index}"): Role.TECHNICIAN,
    ("post", "/work-orders/{order_id}/{action}"): Role.TECHNICIAN,
    ("get", "/quarantine"): Role.ADMIN,
    ("get", "/quarantine/counts"): Role.ADMIN,
    ("get", "/discovered"): Role.ENGINEER,
    ("get", "/discovered/{device_id}"): Role.ENGINEER,
    ("get", "/discovered/{device_id}/proposal"): Role.ENGINEER,
    ("post", "/discovered/{device_id}/adopt"): Role.ENGINEER,
    ("post", "/discovered/{device_id}/ignore"): Role.ENGINEER,
    ("post", "/discovered/{device_id}/release"): Role.ENGINEER,
    ("get", "/users"): Role.ADMIN,
    ("post", "/users"): Role.ADMIN,
    ("get", "/users/{username}"): Role.ADMIN,
    ("patch", "/users/{username}"): Role.ADMIN,
    ("post", "/users/{username}/password"): Role.ADMIN,
}
"""The least role of each route; what is not here takes a viewer."""
FILL = {
    "alarm_id": "1",
    "order_id": "1",
    "index": "0",
    "action": "assign",
    "token_id": "1",
    "mode_id": "1",
    "site": "north",
    "key": "mill-1",
    "username": "viewer",
    "backtest_id": "1",
    "device_id": "1",
    "skill_key": "hvac",
    "team_key": "hvac",
    "certificate_id": "1",
    "training_id": "1",
    "shift_id": "1",
    "exception_id": "1",
    "duty_id": "1",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all: what is tried here is refused, or reads."""
    found = World(tmp_path_factory.mktemp("world"))
    found.raise_alarm()
    found.open_order()
    yield found
    found.close()


def routes(world: World) -> list[tuple[str, str, dict[str, Any]]]:
    schema = world.client().get(f"{BASE}/openapi.json").json()
    return [
        (method, path, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def call(client: TestClient, method: str, path: str, **values: str) -> Any:
    return client.request(method.upper(), BASE + path.format(**(FILL | values)))


def test_the_walk_sees_every_route(world: World) -> None:
    found = {(method, path) for method, path, _ in routes(world)}
    assert set(ROLES) | OPEN <= found
    assert len(found) >= 75


def test_nobody_gets_nothing(world: World) -> None:
    for method, path, _ in routes(world):
        if (method, path) in OPEN:
            continue
        answer = call(world.client(), method, path)
        problem(answer, 401, "signed_out")
        assert answer.headers["www-authenticate"].startswith("Bearer"), path


@pytest.mark.parametrize(
    "authorization", ["Bearer plt_wrong", "Bearer ", "Basic YTpi", "plt_x", "Bearer  \t"]
)
def test_a_wrong_token_is_nobody(world: World, authorization: str) -> None:
    answer = world.client(Authorization=authorization).get(f"{BASE}/me")
    problem(answer, 401, "signed_out")


def test_a_small_role_is_forbidden_and_the_least_role_is_not(world: World) -> None:
    order = list(Role)
    for method, path, _ in routes(world):
        if (method, path) in OPEN or path in ("/me/password", "/tokens"):
            continue
        least = ROLES.get((method, path), Role.VIEWER)
        for role in order[: order.index(least)]:
            problem(call(world.as_role(role), method, path), 403, "forbidden")
        assert call(world.as_role(least), method, path, token_id="99").status_code not in (401, 403), path


def test_every_route_is_described(world: World) -> None:
    ids: set[str] = set()
    for method, path, operation in routes(world):
        assert operation["summary"], path
        assert operation["description"], path
        assert len(operation["tags"]) == 1, path
        assert operation["operationId"] not in ids, path
        ids.add(operation["operationId"])
        needs_sign_in = (method, path) not in OPEN
        assert bool(operation.get("security")) is needs_sign_in, path
        for status, answer in operation["responses"].items():
            if status >= "4":
                schema = answer["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}, (path, status)
        if needs_sign_in:
            assert "401" in operation["responses"], path


def test_the_description_is_whole(world: World) -> None:
    schema = world.client().get(f"{BASE}/openapi.json").json()
    used = {operation["tags"][0] for _, _, operation in routes(world)}
    assert {tag["name"] for tag in schema["tags"]} == used
    assert all(tag["description"] for tag in schema["tags"])
    assert schema["servers"] == [{"url": BASE}]
    assert "HTTPValidationError" not in schema["components"]["schemas"]
    assert set(schema["components"]["securitySchemes"]) == {"session", "token"}
    states = schema["components"]["schemas"]["AlarmState"]["enum"]
    assert "returned_unacknowledged" in states


BAD_VALUES = [
    "0",
    "-1",
    "9" * 19,
    "9" * 40,
    "9" * 5000,
    "1e9",
    "NaN",
    "%00",
    "%ED%A0%80",
    "..%2f..",
    "'; DROP TABLE alarms; --",
    "<script>alert(1)</script>",
    "=1+1",
    "中文",
    "\u202e",
    "x" * 300,
]


@pytest.mark.parametrize("bad", BAD_VALUES, ids=range(len(BAD_VALUES)))
def test_no_path_makes_the_server_fail(world: World, bad: str) -> None:
    for method, path, _ in routes(world):
        for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
            answer = call(world.as_role(Role.ADMIN), method, path, **{name: bad})
            assert 400 <= answer.status_code < 500, (method, path, answer.text)
            problem(answer, answer.status_code)


BAD_TIMES = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", ""]


@pytest.mark.parametrize("bad", BAD_VALUES + BAD_TIMES, ids=range(len(BAD_VALUES + BAD_TIMES)))
def test_no_parameter_makes_the_server_fail(world: World, bad: str) -> None:
    admin = world.as_role(Role.ADMIN)
    for method, path, operation in routes(world):
        for parameter in operation.get("parameters", ()):
            name, place = parameter["name"], parameter["in"]
            if place == "query":
                answer = admin.request(method, BASE + path.format(**FILL), params={name: bad})
            elif place == "header" and bad.isascii() and bad.isprintable():
                answer = admin.request(method, BASE + path.format(**FILL), headers={name: bad})
            else:
                continue
            assert answer.status_code < 500, (method, path, name, answer.text)
            if answer.status_code >= 400:
                problem(answer, answer.status_code)


BAD_BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"1",
    b'"x"',
    b"\xff\xfe",
    b"[" * 10_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"note": ' + b"9" * 5000 + b"}",
    b'{"note": NaN, "value": NaN, "done": true}',
    b'{"done": true, "value": 1e999}',
    b'{"note": "\\ud800", "name": "\\ud800", "title": "\\ud800", "site": "\\ud800", "reason": "\\ud800"}',
    b'{"note": "\\u0000", "name": "\\u0000", "username": "\\u0000", "assignee": "\\u0000"}',
    b'{"unknown": 1}',
    b'{"\\ud800": 1, "\\u0000": 2}',
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_no_body_makes_the_server_fail(world: World, body: bytes) -> None:
    admin = world.as_role(Role.ADMIN)
    for method, path, operation in routes(world):
        if "requestBody" not in operation:
            continue
        for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
            answer = admin.request(
                method, BASE + path.format(**FILL), content=body, headers={"Content-Type": kind}
            )
            assert answer.status_code < 500, (method, path, answer.text)
            if answer.status_code >= 400:
                problem(answer, answer.status_code)


def test_a_form_is_not_taken_for_json(world: World) -> None:
    answer = world.client(Origin="http://plant.test").post(
        f"{BASE}/sessions",
        content=b'{"username": "viewer", "password": "x"}',
        headers={"Content-Type": "text/plain"},
    )
    problem(answer, 422, "validation")


def test_unknown_addresses_and_methods(world: World) -> None:
    viewer = world.as_role(Role.VIEWER)
    for path in ("/api/v1/nothing", "/api/v1", "/api/v2/sites", "/api", "/nothing", "/api/v1/sites/"):
        problem(viewer.get(path), 404, "not_found")
    for path, allowed in (
        ("sites", "GET"),
        ("sites/north", "GET"),
        ("me", "GET, PATCH"),
        ("work-orders", "GET, POST"),
        ("alarms/acknowledge", "POST"),
        ("work-orders/1/checklist/0", "PUT"),
    ):
        answer = viewer.options(f"/api/v1/{path}")
        problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == allowed
    answer = viewer.put("/healthz")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"


def test_unknown_parameters_are_errors_not_guesses(world: World) -> None:
    body = problem(world.as_role(Role.VIEWER).get(f"{BASE}/alarms?limt=5"), 422, "validation")
    assert body["errors"] == [{"where": "query.limt", "what": "there is no such parameter or field"}]


def test_what_is_mounted_at_the_root_answers_nothing_of_the_apis(tmp_path: Path) -> None:
    world = World(tmp_path)
    console = FastAPI()
    console.add_api_route("/{path:path}", lambda: "console", methods=["GET", "POST", "DELETE"])
    world.app.mount("/", console)
    client = world.as_role(Role.VIEWER)
    assert client.get("/alarms").json() == "console"
    problem(client.get("/api/v1/nothing"), 404)
    problem(client.get("/api/v2/sites"), 404)
    problem(client.delete("/api/v1/sites"), 405)
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/api/v1/sites").json()["total"] == 2
    world.close()

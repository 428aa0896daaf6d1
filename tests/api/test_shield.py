"""What stands before every request, and the headers on every answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.websockets import WebSocketDisconnect

from api.security import COOKIE
from api.shield import MAX_BODY_BYTES
from plantroom.work_orders import Role
from tests.api.kit import World, ok, problem

CHANGE = "/api/v1/me"
BODY = {"language": "zh"}
SAME = [
    {"Origin": "http://plant.test"},
    {"Origin": "https://PLANT.test:443"},
    {"Referer": "http://plant.test/alarms?x=1"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"X-Requested-With": "curl"},
]
OTHER = [
    {},
    {"Origin": "http://evil.test"},
    {"Origin": "null"},
    {"Origin": "http://plant.test.evil.test"},
    {"Origin": "http://plant.test:8080"},
    {"Origin": "http://[bad"},
    {"Referer": "http://evil.test/?http://plant.test"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://plant.test"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://evil.test", "X-Requested-With": "curl"},
]


def cookie_of(world: World) -> str:
    return f"{COOKIE}={world.browser(Role.VIEWER).cookies[COOKIE]}"


@pytest.mark.parametrize("headers", SAME)
def test_a_change_from_this_site_is_taken(world: World, headers: dict[str, str]) -> None:
    ok(world.client(Cookie=cookie_of(world), **headers).patch(CHANGE, json=BODY))


@pytest.mark.parametrize("headers", OTHER)
def test_a_change_from_another_site_is_refused(world: World, headers: dict[str, str]) -> None:
    client = world.client(Cookie=cookie_of(world), **headers)
    problem(client.patch(CHANGE, json=BODY), 403, "cross_origin")
    assert ok(client.get(CHANGE))["language"] == ""


def test_a_cookie_that_a_parser_would_miss_counts_as_a_cookie(world: World) -> None:
    client = world.client(Cookie=f'a="b; c[]=d; {cookie_of(world)}')
    problem(client.patch(CHANGE, json=BODY), 403, "cross_origin")


def test_signing_somebody_in_from_another_site_is_refused(world: World) -> None:
    body = {"username": "viewer", "password": "x"}
    problem(world.client(Origin="http://evil.test").post("/api/v1/sessions", json=body), 403, "cross_origin")


def test_a_token_needs_no_origin(world: World) -> None:
    ok(world.as_role(Role.VIEWER).patch(CHANGE, json=BODY))


def test_a_socket_from_another_site_is_refused(world: World) -> None:
    client = world.client(Origin="http://evil.test")
    with pytest.raises(WebSocketDisconnect) as raised, client.websocket_connect("/ws"):
        pass
    assert raised.value.code == 4403


@pytest.mark.parametrize(
    "query", ["access_token=x", "x=plt_abc", "TOKEN=1", "password=x", f"{COOKIE}=x", "a=1&api_key="]
)
def test_a_secret_in_the_address_is_refused(world: World, query: str) -> None:
    body = problem(world.as_role(Role.VIEWER).get(f"/api/v1/sites?{query}"), 400, "secret_in_address")
    assert "plt_abc" not in str(body)


def test_a_body_that_says_it_is_too_large_is_not_read(world: World) -> None:
    client = world.as_role(Role.ENGINEER)
    answer = client.post("/api/v1/work-orders", content=b"x" * (MAX_BODY_BYTES + 1))
    problem(answer, 413, "too_large")


@pytest.mark.parametrize("path", ["/api/v1/work-orders", "/api/v1/sessions"])
def test_a_body_that_turns_out_too_large_is_cut_off(world: World, path: str) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield b'"' + b"x" * 65_535

    answer = world.as_role(Role.ENGINEER).post(
        path, content=endless(), headers={"Content-Type": "application/json"}
    )
    problem(answer, 413, "too_large")


def test_a_text_of_the_whole_limit_is_refused_by_its_field(world: World) -> None:
    body = {"site": "north", "title": "t", "description": "x" * (MAX_BODY_BYTES - 1000)}
    answer = problem(world.as_role(Role.ENGINEER).post("/api/v1/work-orders", json=body), 422)
    assert answer["errors"][0]["where"] == "body.description"
    assert len(str(answer)) < 1000


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/me", "/api/v1/nothing", "/nothing"])
def test_every_answer_has_the_headers(world: World, path: str) -> None:
    headers = world.client().get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers
    if path.startswith("/api"):
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cache-control"] == "no-store"


def test_a_refusal_has_the_headers_too(world: World) -> None:
    answer = world.client(Origin="http://evil.test").post("/api/v1/sessions", json={})
    assert answer.headers["x-content-type-options"] == "nosniff"

"""Accounts over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from plantroom.work_orders import Role
from tests.api.kit import World, ok, problem

USERS = "/api/v1/users"


def sign_in(world: World, username: str, password: str) -> int:
    body = {"username": username, "password": password}
    return world.client().post("/api/v1/sessions", json=body).status_code


def test_a_new_user_gets_a_made_up_password(world: World, admin: TestClient) -> None:
    found = ok(admin.post(USERS, json={"username": "chen", "name": "陈伟", "role": "technician"}), 201)
    assert found["user"]["role"] == "technician"
    assert sign_in(world, "chen", found["password"]) == 201
    assert "password" not in str(ok(admin.get(f"{USERS}/chen")))
    problem(admin.post(USERS, json={"username": "chen"}), 409, "conflict")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": ""},
        {"username": "Chen"},
        {"username": "a b"},
        {"username": "x" * 65},
        {"username": "c", "role": "root"},
        {"username": "c", "password": "mine"},
        {"username": "c", "name": "\0"},
    ],
)
def test_bad_users(admin: TestClient, body: dict[str, Any]) -> None:
    problem(admin.post(USERS, json=body), 422, "validation")
    assert ok(admin.get(USERS))["total"] == 4


def test_list_with_filters_and_pages(admin: TestClient) -> None:
    first = ok(admin.get(f"{USERS}?limit=3"))
    rest = ok(admin.get(f"{USERS}?limit=3&cursor={first['next_cursor']}"))
    names = [item["username"] for item in first["items"] + rest["items"]]
    assert names == ["admin", "engineer", "technician", "viewer"]
    assert [item["username"] for item in ok(admin.get(f"{USERS}?role=viewer"))["items"]] == ["viewer"]
    assert [item["username"] for item in ok(admin.get(f"{USERS}?text=GIN"))["items"]] == ["engineer"]
    assert ok(admin.get(f"{USERS}?active=false"))["items"] == []


def test_closing_an_account_ends_its_sessions(world: World, admin: TestClient) -> None:
    browser = world.browser(Role.VIEWER)
    assert ok(admin.patch(f"{USERS}/viewer", json={"active": False}))["active"] is False
    problem(browser.get("/api/v1/me"), 401)
    assert sign_in(world, "viewer", "viewer-has-a-password") == 401
    ok(admin.patch(f"{USERS}/viewer", json={"active": True}))
    assert sign_in(world, "viewer", "viewer-has-a-password") == 201


def test_the_last_administrator_stays(world: World, admin: TestClient) -> None:
    for change in ({"active": False}, {"role": "engineer"}):
        problem(admin.patch(f"{USERS}/admin", json=change), 409, "conflict")
    ok(admin.patch(f"{USERS}/engineer", json={"role": "admin"}))
    ok(admin.patch(f"{USERS}/admin", json={"role": "viewer"}))
    problem(admin.get(USERS), 403)


def test_a_new_password_ends_sessions_and_the_lock(world: World, admin: TestClient) -> None:
    browser = world.browser(Role.VIEWER)
    for _ in range(5):
        sign_in(world, "viewer", "guess")
    assert ok(admin.get(f"{USERS}/viewer"))["locked_until"] == "2026-03-01T08:00:30.000Z"
    found = ok(admin.post(f"{USERS}/viewer/password"))
    assert found["user"]["locked_until"] is None
    problem(browser.get("/api/v1/me"), 401)
    assert sign_in(world, "viewer", "viewer-has-a-password") in (401, 429)


def test_no_such_user(admin: TestClient) -> None:
    problem(admin.get(f"{USERS}/nobody"), 404)
    problem(admin.patch(f"{USERS}/nobody", json={"name": "x"}), 404)
    problem(admin.post(f"{USERS}/nobody/password"), 404)

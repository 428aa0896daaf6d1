"""Signing in and out, oneself, and tokens."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import func, select

from api.guard import SignInGuard
from api.security import COOKIE, first_admin, identify, sign_in
from plantroom.stores.records import users
from plantroom.stores.records.tables import AuditRow, SessionRow, TokenRow, UserRow
from plantroom.stores.records.users import SignInError
from plantroom.times import DAY, HOUR, MINUTE, SECOND
from plantroom.work_orders import Role
from tests.api.kit import PASSWORDS, START, World, ok, problem
from tests.servers.databases import open_database

SESSIONS = "/api/v1/sessions"


def enter(client: TestClient, username: str = "viewer", password: str = PASSWORDS[Role.VIEWER]) -> Response:
    return client.post(SESSIONS, json={"username": username, "password": password})


def test_sign_in_sets_a_cookie_that_scripts_cannot_read(world: World) -> None:
    client = world.client()
    answer = client.post(SESSIONS, json={"username": " Viewer ", "password": PASSWORDS[Role.VIEWER]})
    assert ok(answer, 201) == {"username": "viewer", "name": "viewer", "role": "viewer", "language": ""}
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    for flag in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"):
        assert flag in cookie
    assert "Secure" not in cookie
    assert ok(client.get("/api/v1/me"))["username"] == "viewer"


def test_cookies_are_secure_where_the_site_is(tmp_path: Path) -> None:
    world = World(tmp_path, secure_cookies=True)
    answer = world.client().post(SESSIONS, json={"username": "viewer", "password": PASSWORDS[Role.VIEWER]})
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    world.close()


def test_the_session_is_another_one_after_each_sign_in(world: World) -> None:
    client = world.browser(Role.VIEWER)
    first = client.cookies[COOKIE]
    ok(enter(client), 201)
    assert client.cookies[COOKIE] != first
    client.cookies.set(COOKIE, first, domain="plant.test")
    with world.database.session() as session:
        assert session.scalar(select(func.count()).select_from(SessionRow)) == 1
    fixed = world.client(Cookie=f"{COOKIE}={first}")
    problem(fixed.get("/api/v1/me"), 401)


def test_an_attackers_session_is_not_taken_over(world: World) -> None:
    client = world.client(Origin="http://plant.test", Cookie=f"{COOKIE}=chosen-by-somebody-else")
    ok(enter(client), 201)
    problem(world.client(Cookie=f"{COOKIE}=chosen-by-somebody-else").get("/api/v1/me"), 401)


def test_sign_out_ends_the_session_on_the_server(world: World) -> None:
    client = world.browser(Role.VIEWER)
    secret = client.cookies[COOKIE]
    answer = client.delete(f"{SESSIONS}/current")
    ok(answer, 204)
    assert COOKIE not in client.cookies
    problem(world.client(Cookie=f"{COOKIE}={secret}").get("/api/v1/me"), 401, "signed_out")


def test_a_session_ends_when_idle_and_when_old(world: World) -> None:
    client = world.browser(Role.VIEWER)
    for _ in range(12 * 60 // 25):
        world.later(25 * MINUTE)
        ok(client.get("/api/v1/me"))  # seen in time, so it goes on
    world.later(21 * MINUTE)
    problem(client.get("/api/v1/me"), 401)  # 12 h are over

    client = world.browser(Role.VIEWER)
    world.later(31 * MINUTE)
    problem(client.get("/api/v1/me"), 401)


def test_ended_sessions_are_removed(world: World) -> None:
    for _ in range(5):
        world.browser(Role.VIEWER)
        world.later(HOUR)
    with world.database.session() as session:
        assert session.scalar(select(func.count()).select_from(SessionRow)) == 1


def test_wrong_passwords_and_unknown_names_look_alike(world: World) -> None:
    wrong = problem(enter(world.client(), "viewer", "not it"), 401, "sign_in_failed")
    unknown = problem(enter(world.client(), "nobody", "not it"), 401, "sign_in_failed")
    assert wrong["detail"] == unknown["detail"]


@pytest.mark.parametrize("username", ["viewer", "nobody"])
def test_guesses_are_slowed_alike_for_known_and_unknown_names(world: World, username: str) -> None:
    client = world.client()
    for _ in range(5):
        problem(enter(client, username, "guess"), 401)
    answer = client.post(SESSIONS, json={"username": username, "password": "guess"})
    body = problem(answer, 429, "sign_in_slowed")
    assert answer.headers["retry-after"] == "30"
    assert body["retry_after_s"] == 30


def test_the_right_password_waits_too_and_then_opens(world: World) -> None:
    client = world.client()
    for _ in range(5):
        enter(client, "viewer", "guess")
    problem(enter(client), 429)
    world.later(31 * SECOND)
    ok(enter(client), 201)


def test_the_lock_grows_to_15_minutes_and_survives_a_restart(world: World) -> None:
    client = world.client()
    waits = []
    for _ in range(12):
        answer = client.post(SESSIONS, json={"username": "viewer", "password": "guess"})
        if answer.status_code == 429:
            waits.append(int(answer.headers["retry-after"]))
            world.later(waits[-1] * SECOND)
    for _ in range(8):
        answer = client.post(SESSIONS, json={"username": "viewer", "password": "guess"})
        if answer.status_code == 429:
            waits.append(int(answer.headers["retry-after"]))
            world.later(waits[-1] * SECOND)
    assert waits[:4] == [30, 60, 120, 240]
    assert waits[-1] == 900
    with world.database.session() as session, pytest.raises(SignInError) as raised:
        users.hash_to_match(session, "viewer", world.clock.now - SECOND)
    assert raised.value.retry_after > 0


def test_one_address_cannot_try_many_names(world: World) -> None:
    client = world.client()
    for number in range(20):
        problem(enter(client, f"name-{number}", "guess"), 401)
    problem(enter(client, "name-21", "guess"), 429)
    problem(enter(client), 429)


def test_every_sign_in_is_in_the_audit_log_without_the_password(world: World) -> None:
    enter(world.client(), "viewer", "a wrong password")
    ok(enter(world.client()), 201)
    with world.database.session() as session:
        lines = [(row.action, row.by) for row in session.scalars(select(AuditRow).order_by(AuditRow.id))]
        assert lines[-2:] == [("sign_in.failed", "viewer"), ("sign_in", "viewer")]
        assert all(
            "a wrong password" not in str(row.detail) + row.subject
            for row in session.scalars(select(AuditRow))
        )


@pytest.mark.parametrize("password", ["", "x" * 1025, "\ud800", 5, None])
def test_odd_passwords_are_refused(world: World, password: object) -> None:
    answer = world.client().post(
        SESSIONS,
        content=json.dumps({"username": "viewer", "password": password}),
        headers={"Content-Type": "application/json"},
    )
    body = problem(answer, 401 if password == "" else 422)
    assert "x" * 100 not in str(body)


@pytest.mark.parametrize("username", ["", "\ud800", "a\0b", "a\nb", "x" * 1000])
def test_odd_names_sign_nobody_in(world: World, username: str) -> None:
    with pytest.raises(SignInError):
        sign_in(world.context, username, "\ud800", world.clock.now)


def test_no_secret_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = world.browser(Role.VIEWER)
    token = ok(client.post("/api/v1/tokens", json={"name": "t"}), 201)["secret"]
    world.client(Authorization=f"Bearer {token}").get("/api/v1/me")
    enter(world.client(), "viewer", "a wrong password")
    for secret in (client.cookies[COOKIE], token, "a wrong password", PASSWORDS[Role.VIEWER]):
        assert secret not in caplog.text


def test_secrets_are_stored_as_hashes(world: World) -> None:
    client = world.browser(Role.VIEWER)
    token = ok(client.post("/api/v1/tokens", json={"name": "t"}), 201)["secret"]
    with world.database.session() as session:
        kept = [row.secret_hash for row in session.scalars(select(TokenRow))]
        kept += [row.secret_hash for row in session.scalars(select(SessionRow))]
        hashes = [row.password_hash for row in session.scalars(select(UserRow))]
    assert token not in kept
    assert client.cookies[COOKIE] not in kept
    assert all(item.startswith("$argon2id$") and "m=19456,t=2" in item for item in hashes)


def test_i_change_my_name_and_language(world: World) -> None:
    client = world.browser(Role.VIEWER)
    changed = ok(client.patch("/api/v1/me", json={"name": "王伟", "language": "zh"}))
    assert changed == {"username": "viewer", "name": "王伟", "role": "viewer", "language": "zh"}
    assert ok(client.get("/api/v1/me")) == changed
    problem(client.patch("/api/v1/me", json={"role": "admin"}), 422)
    problem(client.patch("/api/v1/me", json={"language": "fr"}), 422)


def test_i_change_my_password_and_other_browsers_are_out(world: World) -> None:
    mine, other = world.browser(Role.VIEWER), world.browser(Role.VIEWER)
    path, old = "/api/v1/me/password", PASSWORDS[Role.VIEWER]
    body = problem(mine.put(path, json={"current": "wrong", "new": "a new password"}), 422)
    assert body["errors"] == [{"where": "body.current", "what": "is not the present password"}]
    problem(mine.put(path, json={"current": old, "new": "short"}), 422)
    ok(mine.put(path, json={"current": old, "new": "a new password"}), 204)
    ok(mine.get("/api/v1/me"))
    problem(other.get("/api/v1/me"), 401)
    problem(enter(world.client()), 401)
    ok(enter(world.client(), "viewer", "a new password"), 201)


def test_guessing_the_present_password_is_slowed_too(world: World) -> None:
    client = world.browser(Role.VIEWER)
    for _ in range(5):
        problem(client.put("/api/v1/me/password", json={"current": "wrong", "new": "a new password"}), 422)
    problem(client.put("/api/v1/me/password", json={"current": "wrong", "new": "a new password"}), 429)


def test_a_token_signs_a_program_in_until_it_expires(world: World) -> None:
    made = ok(
        world.browser(Role.ENGINEER).post(
            "/api/v1/tokens", json={"name": "historian", "role": "technician", "days": 2}
        ),
        201,
    )
    assert made["token"]["expires_at"] == "2026-03-03T08:00:00.000Z"
    assert made["secret"].startswith("plt_")
    program = world.client(Authorization=f"Bearer {made['secret']}")
    assert ok(program.get("/api/v1/me"))["role"] == "technician"
    world.later(2 * DAY)
    problem(program.get("/api/v1/me"), 401)


def test_a_token_cannot_do_more_than_its_owner_may_now(world: World) -> None:
    program = world.as_role(Role.ENGINEER)
    assert ok(program.get("/api/v1/me"))["role"] == "engineer"
    admin = world.as_role(Role.ADMIN)
    ok(admin.patch("/api/v1/users/engineer", json={"role": "viewer"}))
    assert ok(program.get("/api/v1/me"))["role"] == "viewer"
    ok(admin.patch("/api/v1/users/engineer", json={"active": False}))
    problem(program.get("/api/v1/me"), 401)


def test_a_token_makes_no_token_and_no_one_goes_above_their_role(world: World) -> None:
    problem(world.as_role(Role.ADMIN).post("/api/v1/tokens", json={"name": "t"}), 403, "in_person")
    problem(
        world.as_role(Role.ADMIN).put("/api/v1/me/password", json={"current": "x", "new": "y" * 12}),
        403,
        "in_person",
    )
    problem(world.browser(Role.VIEWER).post("/api/v1/tokens", json={"name": "t", "role": "admin"}), 403)


def test_tokens_are_listed_to_their_owner_and_to_admins(world: World) -> None:
    viewer = world.browser(Role.VIEWER)
    mine = ok(viewer.post("/api/v1/tokens", json={"name": "mine"}), 201)["token"]
    assert [item["name"] for item in ok(viewer.get("/api/v1/tokens"))["items"]] == ["mine"]
    problem(viewer.get("/api/v1/tokens?user=admin"), 403)
    admin = world.browser(Role.ADMIN)
    ok(admin.post("/api/v1/tokens", json={"name": "admins"}), 201)
    everyones = ok(admin.get("/api/v1/tokens?user=*"))
    assert {item["name"] for item in everyones["items"]} == {"mine", "admins"}
    assert all("secret" not in str(item) for item in everyones["items"])
    assert ok(admin.get("/api/v1/tokens?user=Viewer"))["total"] == 1
    other = world.browser(Role.TECHNICIAN)
    problem(other.delete(f"/api/v1/tokens/{mine['id']}"), 404)  # not theirs to know of
    ok(admin.delete(f"/api/v1/tokens/{mine['id']}"), 204)
    problem(admin.delete(f"/api/v1/tokens/{mine['id']}"), 404)


def test_the_use_of_a_token_is_noted_to_the_hour(world: World) -> None:
    client = world.browser(Role.VIEWER)
    made = ok(client.post("/api/v1/tokens", json={"name": "t"}), 201)
    program = world.client(Authorization=f"bearer {made['secret']}")
    for wait in (0, 30 * MINUTE, 31 * MINUTE):
        world.later(wait)
        ok(program.get("/api/v1/me"))
    used = ok(program.get("/api/v1/tokens"))["items"][0]["used_at"]
    assert used == "2026-03-01T09:01:00.000Z"


def test_with_a_token_the_cookie_counts_for_nothing(world: World) -> None:
    secret = world.browser(Role.ADMIN).cookies[COOKIE]
    client = world.client(Authorization="Bearer plt_wrong", Cookie=f"{COOKIE}={secret}")
    problem(client.get("/api/v1/me"), 401)


@pytest.mark.parametrize("cookie", ["", "x", "x" * 10_000, "é", "'; DROP TABLE sessions; --"])
def test_odd_cookies_are_nobody(world: World, cookie: str) -> None:
    assert identify(world.context, cookie=cookie, authorization=None, now=START) is None


def test_the_first_administrator_gets_a_made_up_password_once(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    password = first_admin(database, START)
    assert password is not None
    assert len(password) >= 20
    assert first_admin(database, START) is None
    with database.transaction() as session:
        assert users.check_password(session, "admin", password, START).role is Role.ADMIN
    database.close()


def test_a_full_guard_forgets_the_oldest_and_stays_small() -> None:
    guard = SignInGuard(limit=10)
    for number in range(1000):
        guard.failed(f"name-{number}", f"10.0.{number // 250}.{number % 250}", START)
    assert len(guard) == 10


def test_an_ipv6_network_counts_as_one_address() -> None:
    guard = SignInGuard()
    for number in range(20):
        guard.failed(f"name-{number}", f"2001:db8::{number:x}", START)
    with pytest.raises(SignInError):
        guard.check("another", "2001:db8::ffff", START)
    guard.check("another", "2001:db8:0:1::1", START)
    guard.check("another", "not an address", START)


def test_the_guard_forgets_after_a_quiet_quarter_of_an_hour() -> None:
    guard = SignInGuard()
    for _ in range(4):
        guard.failed("viewer", None, START)
    guard.failed("viewer", None, START + 16 * MINUTE)
    guard.check("viewer", None, START + 16 * MINUTE)


def test_too_many_hashes_at_once_are_turned_away() -> None:
    guard = SignInGuard(patience_s=0.01)
    with guard.hashing(), guard.hashing(), guard.hashing(), guard.hashing():
        with pytest.raises(SignInError) as raised, guard.hashing():
            raise AssertionError
        assert raised.value.retry_after == SECOND
    with guard.hashing():
        pass

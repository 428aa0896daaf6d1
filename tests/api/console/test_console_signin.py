"""Sign-in, sign-out, the language and the gate, over HTTP and without a browser."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import event

from api.console import mount
from api.console.session import LANGUAGE_COOKIE
from api.security import COOKIE
from plantroom.times import MINUTE
from plantroom.work_orders import Role
from tests.api.kit import PASSWORDS, World

HTML = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def console(world: World) -> Iterator[TestClient]:
    mount(world.app, world.context)
    client = world.client(**HTML)
    client.follow_redirects = False
    yield client
    client.close()


def sign_in(
    client: TestClient, name: str = "engineer", password: str | None = None, target: str = "/"
) -> Response:
    form = {"username": name, "password": password or PASSWORDS[Role.ENGINEER], "next": target}
    answer: Response = client.post("/login", data=form)
    return answer


@pytest.mark.parametrize(
    ("path", "login"),
    [
        ("/", "/login"),
        ("/alarms?state=all", "/login?next=/alarms%3Fstate%3Dall"),
        ("/equipment/north/mill-1", "/login?next=/equipment/north/mill-1"),
        ("/no/such/page", "/login?next=/no/such/page"),
    ],
)
def test_nobody_is_sent_to_sign_in(console: TestClient, path: str, login: str) -> None:
    answer = console.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, login)
    assert "nicegui" not in answer.text


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/nothing", "/metrics/nothing", "/healthz/nothing"])
def test_programs_are_not_sent_to_a_form(console: TestClient, path: str) -> None:
    answer = console.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_api_is_still_there(console: TestClient) -> None:
    assert console.get("/api/v1/sites").status_code == 401


def test_signing_in_gives_a_cookie_that_scripts_cannot_read(console: TestClient) -> None:
    answer = sign_in(console, target="/orders?mine=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/orders?mine=1")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(COOKIE)
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert console.get("/login?next=/alarms").headers["location"] == "/alarms"
    # the same session serves the API
    assert console.get("/api/v1/sites").status_code == 200


def test_signing_in_again_ends_the_old_session(console: TestClient) -> None:
    sign_in(console)
    old = console.cookies[COOKIE]
    sign_in(console)
    assert console.cookies[COOKIE] != old
    console.cookies.set(COOKIE, old)
    assert console.get("/api/v1/sites").status_code == 401


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test", "/\\evil.test", "/login?next=/x"])
def test_a_sign_in_never_leads_elsewhere(console: TestClient, target: str) -> None:
    assert sign_in(console, target=target).headers["location"] == "/"


@pytest.mark.parametrize("name", ["engineer", "nobody", "<script>alert(1)</script>"])
def test_a_refusal_has_one_text(console: TestClient, name: str) -> None:
    answer = sign_in(console, name, "a wrong password")
    assert answer.status_code == 401
    assert "Name and password do not match." in answer.text
    assert "<script>alert" not in answer.text
    assert COOKIE not in answer.headers.get("set-cookie", "")
    assert "a wrong password" not in answer.text


def test_guesses_are_locked_out_with_the_time_to_wait(console: TestClient, world: World) -> None:
    for _ in range(5):
        sign_in(console, password="a wrong password")
    answer = sign_in(console)
    assert answer.status_code == 429
    assert "Too many failed sign-ins. Try again in 30 s." in answer.text
    world.later(31_000_000_000)
    assert sign_in(console).status_code == 303


def test_the_form_speaks_the_browsers_language(console: TestClient) -> None:
    answer = console.get("/login", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert '<html lang="zh-CN">' in answer.text
    assert "密码" in answer.text
    assert '<html lang="en">' in console.get("/login", headers={"Accept-Language": "en"}).text


def test_a_chosen_language_stays_and_leads_back(console: TestClient) -> None:
    answer = console.post("/language", data={"to": "zh", "next": "/login?next=/alarms"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/alarms")
    assert console.cookies[LANGUAGE_COOKIE] == "zh"
    assert "登录" in console.get("/login", headers={"Accept-Language": "en"}).text
    back = console.post("/language", data={"to": "xx", "next": "//evil.test"})
    assert back.headers["location"] == "/"
    assert console.cookies[LANGUAGE_COOKIE] == "zh"


def test_signing_out_ends_the_session(console: TestClient) -> None:
    sign_in(console)
    secret = console.cookies[COOKIE]
    assert console.post("/logout").headers["location"] == "/login"
    assert COOKIE not in console.cookies
    console.cookies.set(COOKIE, secret)
    assert console.get("/").headers["location"] == "/login"
    console.cookies.clear()
    assert console.post("/logout").status_code == 303


def test_idle_and_old_sessions_end(console: TestClient, world: World) -> None:
    sign_in(console)
    world.later(31 * MINUTE)
    assert console.get("/").status_code == 303
    sign_in(console)
    for _ in range(24):
        world.later(29 * MINUTE)
        assert console.get("/api/v1/sites").status_code == 200
    world.later(29 * MINUTE)  # busy all the time, and yet 12 h are over
    assert console.get("/").headers["location"] == "/login"


@pytest.mark.parametrize("path", ["/login", "/logout", "/language"])
def test_forms_of_other_sites_are_refused(console: TestClient, path: str) -> None:
    sign_in(console)
    answer = console.post(path, data={"to": "zh"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert console.get("/api/v1/sites").status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe=%ff", b"username=" + b"a" * 9000, b"&".join([b"a=1"] * 50), b"{}"]
)
def test_any_body_gives_the_form_again(console: TestClient, body: bytes) -> None:
    answer = console.post(
        "/login", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code in (400, 401)
    assert "<form" in answer.text


def test_a_database_that_is_away_is_said(console: TestClient, world: World) -> None:
    sign_in(console)
    world.database.close()
    away(world)
    answer = console.get("/alarms", headers={"Accept-Language": "en"})
    assert answer.status_code == 503
    assert "its database does not answer" in answer.text
    assert console.get("/login").status_code == 503
    assert sign_in(console).status_code == 503


def away(world: World) -> None:
    """Let every new connection to the database fail."""

    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    event.listen(world.database.engine, "do_connect", refuse)


def test_style_sheets_may_be_kept_for_ever(console: TestClient) -> None:
    page = console.get("/login").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = console.get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert console.get("/favicon.ico").headers["content-type"].startswith("image/svg")

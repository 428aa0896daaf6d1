"""Every page as the server builds it, for each role, without a browser."""

from __future__ import annotations

import html
import json
import re
import sqlite3
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from api.console import mount
from plantroom.discovery import Found, FoundField
from plantroom.quarantine import QuarantinedMessage
from plantroom.stores.records.discovered import DiscoveryStore
from plantroom.stores.records.quarantine import QuarantineStore
from plantroom.times import MINUTE
from plantroom.work_orders import Role
from tests.api.kit import PASSWORDS, World

PAGES = (
    "/",
    "/alarms",
    "/alarm-performance",
    "/orders",
    "/equipment",
    "/equipment/north/mill-1",
    "/plans",
    "/status",
)


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    mount(world.app, world.context)
    with world.client(**{"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}) as found:
        yield found


def sign_in(client: TestClient, role: Role) -> TestClient:
    answer = client.post("/login", data={"username": role.value, "password": PASSWORDS[role]})
    assert answer.status_code == 200
    return client


def texts(page: str) -> set[str]:
    """The texts of the page's elements, as the browser gets them."""
    raw = re.search(r"parseElements\(String\.raw`(.*?)`\)", page, re.DOTALL)
    assert raw is not None
    elements = json.loads(html.unescape(raw[1]))
    return {element["text"] for element in elements.values() if element.get("text")}


@pytest.mark.parametrize("path", PAGES)
def test_everybody_may_look(client: TestClient, world: World, path: str) -> None:
    world.raise_alarm()
    world.open_order()
    world.read("north/mill-1/flow", 31.2)
    answer = sign_in(client, Role.VIEWER).get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "Skip to the page" in texts(answer.text)


def test_a_viewer_is_offered_nothing_to_do(client: TestClient, world: World) -> None:
    world.raise_alarm()
    order = world.open_order()
    sign_in(client, Role.VIEWER)
    found = texts(client.get("/alarms").text) | texts(client.get(f"/orders/{order}").text)
    assert found & {"Acknowledge", "Shelve", "Assign", "Add comment"} == set()
    assert "Your role may only read this." in found


def test_a_technician_sees_what_the_role_allows(client: TestClient, world: World) -> None:
    world.raise_alarm()
    order = world.open_order()
    sign_in(client, Role.TECHNICIAN)
    assert "Acknowledge" in texts(client.get("/alarms").text)
    found = texts(client.get(f"/orders/{order}").text)
    assert found & {"Assign", "Cancel order", "Add comment"} == {"Assign", "Add comment"}


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.VIEWER, 403), (Role.TECHNICIAN, 403), (Role.ENGINEER, 200), (Role.ADMIN, 200)],
)
def test_quarantine_takes_an_engineer(client: TestClient, world: World, role: Role, status: int) -> None:
    message = QuarantinedMessage(world.clock.now, "plantroom/v1/x", "json", "broken", b"<img src=x>", 11)
    QuarantineStore(world.database).keep([message])
    answer = sign_in(client, role).get("/quarantine")
    assert answer.status_code == status
    assert ("<img src=x>" in texts(answer.text)) is (status == 200)
    assert ("You may not see this page" in texts(answer.text)) is (status == 403)
    assert ("Quarantine" in texts(client.get("/").text)) is (status == 200)


@pytest.mark.parametrize(("role", "status"), [(Role.TECHNICIAN, 403), (Role.ENGINEER, 200)])
def test_discovered_devices_take_an_engineer(
    client: TestClient, world: World, role: Role, status: int
) -> None:
    fields = (FoundField("flow", "<b>"), FoundField("run"))
    found = Found("zigbee2mqtt", "north", "hall/mill", name="<img src=x>", maker="A", fields=fields)
    DiscoveryStore(world.database).keep([found], world.clock.now)
    answer = sign_in(client, role).get("/discovered")
    assert answer.status_code == status
    shown = texts(answer.text)
    assert ({"<img src=x>", "hall/mill · A", "flow (<b>), run", "Adopt", "Ignore"} <= shown) is (
        status == 200
    )


@pytest.mark.parametrize(
    "path", ["/nothing", "/equipment/north/nothing", "/orders/99", "/orders/x", "/orders/" + "9" * 40]
)
def test_what_is_not_there(client: TestClient, path: str) -> None:
    answer = sign_in(client, Role.VIEWER).get(path)
    assert answer.status_code == 404
    assert "There is nothing here" in texts(answer.text)


def test_outside_text_goes_out_as_text(client: TestClient, world: World) -> None:
    world.raise_alarm("north/mill-2")
    sign_in(client, Role.ENGINEER)
    for path in ("/", "/alarms", "/equipment", "/equipment/north/mill-2"):
        page = client.get(path).text
        assert "50%_mill <b>" in texts(page)
        assert "mill <b>" not in page  # only escaped, inside the elements' JSON


def test_the_document_says_its_language(client: TestClient, world: World) -> None:
    sign_in(client, Role.VIEWER)
    assert '<html lang="en-US">' in client.get("/alarms").text
    chinese = client.get("/alarms", headers={"Accept-Language": "zh-CN"}).text
    assert '<html lang="zh-CN">' in chinese
    assert {"报警", "没有当前报警", "退出"} <= texts(chinese)
    assert "<title>报警 · Plantroom</title>" in chinese


def test_the_title_names_the_thing(client: TestClient, world: World) -> None:
    order = world.open_order()
    sign_in(client, Role.VIEWER)
    assert "<title>First mill · Plantroom</title>" in client.get("/equipment/north/mill-1").text
    assert f"<title>#{order} Low flow · Plantroom</title>" in client.get(f"/orders/{order}").text


def test_live_values_show_what_is_known_and_what_is_not(client: TestClient, world: World) -> None:
    world.read("north/mill-1/flow", 31.2)
    world.read("north/mill-1/running", 1, ago=5 * MINUTE)
    found = texts(sign_in(client, Role.VIEWER).get("/equipment/north/mill-1").text)
    assert {"31.20\u00a0m³/h", "Stale", "No reading yet", "3 of 4 points unknown"} <= found


def test_filters_stand_in_the_address(client: TestClient, world: World) -> None:
    world.raise_alarm("north/mill-1")
    world.raise_alarm("south/mill-1")
    sign_in(client, Role.VIEWER)
    found = texts(client.get("/alarms?site=south&severity=major&q=mill").text)
    assert ("South mill" in found, "First mill" in found) == (True, False)
    assert "No alarm matches the filters" in texts(client.get("/alarms?severity=minor").text)
    # what is not a filter's value counts as not given
    assert "First mill" in texts(client.get("/alarms?severity=<b>&state=1&cursor=%00").text)


@pytest.mark.parametrize("path", PAGES)
def test_a_store_that_goes_away_leaves_a_page(client: TestClient, world: World, path: str) -> None:
    sign_in(client, Role.VIEWER)
    world.database.close()

    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    event.listen(world.database.engine, "do_connect", refuse)
    answer = client.get(path)
    assert answer.status_code == 503
    assert "its database does not answer" in answer.text


def test_a_property_without_anything(client: TestClient, world: World) -> None:
    sign_in(client, Role.VIEWER)
    assert "No standing alarm" in texts(client.get("/alarms").text)
    assert "No open work order" in texts(client.get("/orders").text)
    assert "Nothing in quarantine" not in texts(client.get("/status").text)


def test_a_part_that_fails_is_said_on_every_page(client: TestClient, world: World) -> None:
    world.parts[0] = type(world.parts[0])("broker", ok=False, detail="not connected")
    found = texts(sign_in(client, Role.VIEWER).get("/plans").text)
    assert "Not working: broker" in found

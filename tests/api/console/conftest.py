"""A console that runs, and Chromium to look at it; each test's browsers must have had no complaint."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import uvicorn

from api.app import create_api
from api.console import mount
from plantroom.times import Nanos
from plantroom.work_orders import Role
from tests.api.console.browser_kit import DESK, FLAGS, PHONE, WITHIN, Opener, Person, Served, until
from tests.api.kit import World

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    world = World(tmp_path_factory.mktemp("console"))
    start, begin = world.clock.now, time.monotonic_ns()

    def clock() -> Nanos:
        return start + time.monotonic_ns() - begin

    context = replace(world.context, clock=clock)
    app = create_api(context)
    mount(app, context)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    assert until(lambda: server.started)
    yield Served(world, f"http://127.0.0.1:{listener.getsockname()[1]}", clock)
    server.should_exit = True
    thread.join(10)
    world.close()
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install playwright")
    executable = shutil.which("chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def opener(chromium: Browser, served: Served) -> Iterator[Opener]:
    contexts: list[BrowserContext] = []
    people: list[Person] = []

    def open_browser(size: tuple[int, int] = DESK, role: Role | None = Role.ENGINEER) -> Person:
        phone = size == PHONE
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            is_mobile=phone,
            has_touch=phone,
            locale="en-GB",
        )
        contexts.append(context)
        person = Person(context.new_page(), served)
        people.append(person)
        person.page.set_default_timeout(WITHIN * 1000)
        person.page.on(
            "console",
            lambda message: person.complaints.append(message.text) if message.type == "error" else None,
        )
        person.page.on("pageerror", lambda error: person.complaints.append(str(error)))
        if role is not None:
            person.sign_in(role)
        return person

    yield open_browser
    complaints = [text for person in people for text in person.complaints]
    for context in contexts:
        context.close()
    assert complaints == []

"""A running console and the people at its browsers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from plantroom.alarms import AlarmState
from plantroom.stores.records import alarms, work_orders
from plantroom.times import Nanos
from plantroom.work_orders import OrderState, Role
from tests.api.kit import PASSWORDS, World

if TYPE_CHECKING:
    from playwright.sync_api import Page

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK, PHONE = (1440, 900), (390, 844)
WITHIN = 15.0
"""Seconds that anything in a browser may take on a busy machine."""


@dataclass
class Served:
    """A running console and the world behind it."""

    world: World
    address: str
    clock: Callable[[], Nanos]

    def read(self, path: str, value: float) -> None:
        """A reading that arrives now."""
        self.world.clock.now = self.clock()
        self.world.read(path, value)

    def alarm_state(self, alarm_id: int) -> AlarmState:
        """The alarm's state in the database."""
        with self.world.database.session() as session:
            return AlarmState(alarms.get(session, alarm_id).state)

    def order_state(self, order_id: int) -> OrderState:
        """The order's state in the database."""
        with self.world.database.session() as session:
            return OrderState(work_orders.get(session, order_id).state)


@dataclass
class Person:
    """Somebody at a browser, and what the browser complained of."""

    page: Page
    served: Served
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open a page and wait until it is alive."""
        self.page.goto(self.served.address + path)
        self.page.wait_for_function("window.did_handshake === true")
        return self.page

    def sign_in(self, role: Role) -> None:
        """Through the form."""
        self.page.goto(f"{self.served.address}/login")
        self.page.fill("[name=username]", role.value)
        self.page.fill("[name=password]", PASSWORDS[role])
        self.page.click("main button[type=submit]")
        self.page.wait_for_url(f"{self.served.address}/")

    def does_not_scroll_sideways(self) -> bool:
        """Whether the page is no wider than the window."""
        inner, outer = self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        return bool(inner <= outer)


def until(answer: Callable[[], bool], seconds: float = WITHIN) -> bool:
    """Whether it becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer():
            return True
        time.sleep(0.02)
    return answer()


Opener: TypeAlias = Callable[..., Person]
"""Opens a browser of a size for a role, signed in; None for nobody."""

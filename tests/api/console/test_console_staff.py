"""What people do about people and service levels in the console, in Chromium, at a desk and on a phone."""

from __future__ import annotations

import pytest

from plantroom.stores.records import people, work_orders
from plantroom.work_orders import OrderState
from tests.api.console.browser_kit import DESK, PHONE, Opener, Served, until

pytestmark = pytest.mark.browser
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@SIZES
def test_a_technician_is_entered_and_proposed(opener: Opener, served: Served, size: tuple[int, int]) -> None:
    with served.world.database.transaction() as session:
        people.seed(session)
    who = "technician" if size == DESK else "admin"
    order = served.world.open_order(f"staff-{who}", rule=None, fault=None, skill="hvac")
    person = opener(size)
    page = person.go("/people")
    assert page.locator("section[aria-label='On duty now'] tbody tr").count() == 7
    page.click("button:has-text('Add technician')")
    page.select_option(".q-dialog label:has-text('Who') select", who)
    page.select_option(".q-dialog label:has-text('Team') select", "hvac")
    page.check(".q-dialog label:has-text('HVAC repair') input[type=checkbox]")
    page.fill(".q-dialog label:has-text('Hired on') input", "yesterday")
    page.click(".q-dialog button:has-text('Save')")
    page.wait_for_selector("text=yesterday is not a date")
    page.fill(".q-dialog label:has-text('Hired on') input", "2026-01-01")
    page.click(".q-dialog button:has-text('Save')")
    page.wait_for_selector(f"section[aria-label='Technicians'] td:has-text('{who}')")
    assert person.does_not_scroll_sideways()
    page = person.go(f"/orders/{order}")
    page.click("button:has-text('Assign')")
    page.select_option(".q-dialog select", who)
    page.wait_for_selector(".q-dialog li:has-text('has the skill HVAC repair')")
    page.select_option(".q-dialog select", "engineer")
    page.wait_for_selector(".q-dialog :text('Not entered as a technician')")
    page.select_option(".q-dialog select", who)
    page.click(".q-dialog button:has-text('Assign')")
    assert until(lambda: served.order_state(order) is OrderState.ASSIGNED)


@SIZES
def test_a_hold_says_why_and_pauses_the_clock(opener: Opener, served: Served, size: tuple[int, int]) -> None:
    served.world.clock.now = served.clock()
    order = served.world.open_order(f"hold-{size[0]}", rule="low_flow", fault=None, priority=3)
    person = opener(size)
    page = person.go(f"/orders/{order}")
    levels = page.locator("section[aria-label='Service level']")
    assert "left" in (levels.text_content() or "")
    page.click("button:has-text('Assign')")
    page.click(".q-dialog button:has-text('Assign')")
    page.click("button:has-text('Put on hold')")
    page.wait_for_selector("text=The clocks stand still meanwhile.")
    page.select_option(".q-dialog select", "staff")
    page.wait_for_selector("text=The clocks go on meanwhile.")
    page.select_option(".q-dialog select", "parts")
    page.fill(".q-dialog textarea", "bearing ordered")
    page.click(".q-dialog button:has-text('Put on hold')")
    assert until(lambda: served.order_state(order) is OrderState.ON_HOLD)
    page.wait_for_selector("section[aria-label='Service level'] dd:has-text('Waiting for parts')")
    page.click("button:has-text('Change priority')")
    page.check(".q-dialog label:has-text('Major fault') input")
    page.fill(".q-dialog textarea", "a new motor")
    page.click(".q-dialog button:has-text('Change')")
    page.wait_for_selector(".history:has-text('a new motor')")
    with served.world.database.session() as session:
        row = work_orders.get(session, order)
        assert row.major
        assert work_orders.history_of(session, order)[1].reason == "parts"
    assert person.does_not_scroll_sideways()

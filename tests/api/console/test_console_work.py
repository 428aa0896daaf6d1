"""What people do in the console, in Chromium: alarms and orders, at a desk and on a phone."""

from __future__ import annotations

import pytest

from plantroom.alarms import AlarmEvent, AlarmState
from plantroom.stores.records import alarms, sessions, users
from plantroom.work_orders import OrderState, Role
from tests.api.console.browser_kit import DESK, PHONE, Opener, Served, until

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_acknowledging_and_shelving(opener: Opener, served: Served, size: tuple[int, int]) -> None:
    key = "north/beacon-1" if size == DESK else "south/mill-1"
    rule = "dark" if size == DESK else "low_flow"
    served.world.clock.now = served.clock()
    alarm = served.world.raise_alarm(key, rule)
    person = opener(size)
    page = person.go(f"/alarms?site={key.partition('/')[0]}&q={rule.replace('_', '+')}")
    page.click("td button:has-text('Acknowledge')")
    assert until(lambda: served.alarm_state(alarm) is AlarmState.ACKNOWLEDGED)
    page.wait_for_selector("td:has-text('by engineer')")
    page.click("td button:has-text('Shelve')")
    page.click(".q-dialog button:has-text('Shelve')")
    page.wait_for_selector("text=Fill in the fields first.")
    page.fill(".q-dialog textarea", "lamp ordered")
    page.select_option(".q-dialog select", "4h")
    page.click(".q-dialog button:has-text('Shelve')")
    assert until(lambda: served.alarm_state(alarm) is AlarmState.SHELVED)
    page.wait_for_selector("text=No alarm matches the filters")
    if size == PHONE:
        assert page.get_attribute("button:has-text('filters')", "aria-expanded") == "true"
    page.select_option("label:has-text('State') select", "shelved")
    page.wait_for_url("**state=shelved**")
    page.click("td button:has-text('Unshelve')")
    assert until(lambda: served.alarm_state(alarm) is AlarmState.UNACKNOWLEDGED)


def test_acknowledging_many(opener: Opener, served: Served) -> None:
    served.world.clock.now = served.clock()
    found = [served.world.raise_alarm(f"north/mill-{n}", "many") for n in (1, 2)]
    person = opener()
    page = person.go("/alarms?q=many")
    for box in page.locator("td input[type=checkbox]").all():
        box.check()
    page.click("button:has-text('Acknowledge 2 alarms')")
    assert until(lambda: {served.alarm_state(one) for one in found} == {AlarmState.ACKNOWLEDGED})


def test_what_somebody_else_does_shows_without_reloading(opener: Opener, served: Served) -> None:
    served.world.clock.now = served.clock()
    alarm = served.world.raise_alarm("south/mill-1", "elsewhere")
    person = opener()
    page = person.go("/alarms?q=elsewhere")
    page.wait_for_selector("td:has-text('Unacknowledged')")
    with served.world.database.transaction() as session:
        alarms.act(session, alarm, AlarmEvent.ACKNOWLEDGE, by="other", now=served.clock())
    page.wait_for_selector("td:has-text('by other')")


def test_details_tell_cause_and_history(opener: Opener, served: Served) -> None:
    served.world.raise_alarm("north/mill-1", "burst")
    person = opener()
    page = person.go("/alarms?severity=emergency")
    page.click("td a:has-text('Burst pipe')")
    box = page.locator(".q-dialog")
    box.wait_for()
    for text in ("A pipe broke.", "Flooding.", "Shut the main.", "flow > 90 m3/h", "History"):
        assert text in (box.text_content() or "")
    page.keyboard.press("Escape")
    box.wait_for(state="detached")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_an_order_from_open_to_closed(opener: Opener, served: Served, size: tuple[int, int]) -> None:
    order = served.world.open_order(f"walk-{size[0]}", "north/mill-1", rule=None, fault=None)
    person = opener(size)
    page = person.go(f"/orders/{order}")
    page.click("button:has-text('Assign')")
    page.select_option(".q-dialog select", "technician")
    page.click(".q-dialog button:has-text('Assign')")
    page.click("button:has-text('Start')")
    assert until(lambda: served.order_state(order) is OrderState.IN_PROGRESS)
    assert page.locator("section[aria-label='Checklist'] .task").count() == 2
    page.check("section[aria-label='Checklist'] input[aria-label='Look']")
    page.wait_for_selector("text=1 of 2 done")
    page.fill("label:has-text('Measured') input", "9.5")
    page.click("button:has-text('Enter')")
    page.wait_for_selector("text=outside its limits")
    page.fill("label:has-text('Comment') textarea", "<b>bold</b> & 阀门")
    page.click("button:has-text('Add comment')")
    page.wait_for_selector(".history:has-text('<b>bold</b> & 阀门')")
    page.click("button:has-text('Complete')")
    page.click(".q-dialog button:has-text('Complete')")
    page.wait_for_selector("text=Fill in the fields first.")
    page.fill(".q-dialog textarea", "valve opened")
    page.click(".q-dialog button:has-text('Complete')")
    assert until(lambda: served.order_state(order) is OrderState.COMPLETED)
    page.click("main button:has-text('Close')")
    assert until(lambda: served.order_state(order) is OrderState.CLOSED)
    page.wait_for_selector("h1 ~ .chip:has-text('Closed')")
    assert page.locator("main [role=group] button").count() == 0
    assert person.does_not_scroll_sideways()


def test_typing_survives_what_comes_in(opener: Opener, served: Served) -> None:
    order = served.world.open_order("typing", "north/mill-1", fault="typing")
    person = opener()
    page = person.go(f"/orders/{order}")
    page.locator("label:has-text('Comment') textarea").press_sequentially("half a ")
    served.world.clock.now = served.clock()
    served.world.raise_alarm("south/mill-1", "meanwhile")
    counted = "document.querySelector('.standing').textContent"
    before = page.evaluate(counted)
    assert until(lambda: bool(page.evaluate(counted) != before))
    assert served.world.open_order("typing again", "north/mill-1", fault="typing") == order
    page.wait_for_selector(".history:has-text('Fault came again')")
    page.locator("label:has-text('Comment') textarea").press_sequentially("sentence")
    assert page.input_value("label:has-text('Comment') textarea") == "half a sentence"


def test_a_session_that_ended_does_nothing_more(opener: Opener, served: Served) -> None:
    served.world.clock.now = served.clock()
    alarm = served.world.raise_alarm("north/mill-1", "ended")
    person = opener()
    page = person.go("/alarms?q=ended")
    secret = next(c["value"] for c in person.page.context.cookies() if c["name"] == "plantroom_session")
    with served.world.database.transaction() as session:
        sessions.close_session(session, secret)
    page.click("td button:has-text('Acknowledge')")
    page.wait_for_url("**/login?next=/alarms%3Fq%3Dended")
    assert served.alarm_state(alarm) is AlarmState.UNACKNOWLEDGED


def test_a_role_that_was_taken_away_is_noticed(opener: Opener, served: Served) -> None:
    served.world.clock.now = served.clock()
    alarm = served.world.raise_alarm("north/mill-1", "demoted")
    person = opener(DESK, Role.TECHNICIAN)
    page = person.go("/alarms?q=demoted")
    with served.world.database.transaction() as session:
        users.get_user(session, "technician").role = Role.VIEWER.value
    try:
        page.click("td button:has-text('Acknowledge')")
        page.wait_for_selector("text=You may not do this.")
    finally:
        with served.world.database.transaction() as session:
            users.get_user(session, "technician").role = Role.TECHNICIAN.value
    assert served.alarm_state(alarm) is AlarmState.UNACKNOWLEDGED

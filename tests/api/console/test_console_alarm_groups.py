"""Alarms with their roots, flags, feedback and floods; maintenance mode: worked out, and in Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.console import mount
from api.console.i18n import translator
from api.console.views import alarm_groups, maintenance_modes
from api.console.views import alarms as views
from api.console.views.filters import Filters
from api.console.views.standing import load_version
from plantroom.alarms import AlarmEvent, AlarmState, Judgement, Severity
from plantroom.stores.records import alarms, feedback
from plantroom.stores.records import maintenance_modes as modes
from plantroom.stores.records.tables import AlarmRow, FloodRow
from plantroom.times import DAY, HOUR, MINUTE, SECOND, Nanos
from plantroom.work_orders import Role
from tests.api.console.browser_kit import DESK, PHONE, Opener, Served, until
from tests.api.console.test_console_pages import sign_in, texts
from tests.api.kit import World

EN, ZH = translator("en"), translator("zh")
E = AlarmEvent


def lens(world: World, role: Role = Role.ENGINEER, language: str = "en") -> views.Lens:
    return views.Lens(translator(language), world.table, world.catalogue, role, world.clock.now)


def listed(world: World, **filters: str) -> dict[str, views.AlarmView]:
    with world.database.session() as session:
        found = views.alarm_page(session, lens(world), Filters(**filters))
    return {f"{view.equipment}/{view.rule}": view for view in found.rows}


def raise_under(world: World, root: int, path: str = "north/beacon-1", rule: str = "dark") -> int:
    """The id of an alarm that was raised under a root."""
    facts = alarms.RuleFacts(Severity.MINOR, latching=False)
    with world.database.transaction() as session:
        row, _ = alarms.follow(
            session,
            world.equipment_id(path),
            rule,
            event=E.RAISE,
            ts=world.clock.now,
            facts=facts,
            readings={},
            placing=alarms.Placing(root=root),
        )
        return row.id


def chatter(world: World, start: Nanos) -> None:
    for n in range(3):
        world.follow("north/mill-1", "low_flow", E.RAISE, ts=start + n * 20 * SECOND)
        if n < 2:
            world.follow("north/mill-1", "low_flow", E.CLEAR, ts=start + n * 20 * SECOND + SECOND)


def set_mode(world: World, **given: object) -> int:
    values = {"site": "north", "until": world.clock.now + HOUR, "reason": "overhaul", "by": "chen"}
    with world.database.transaction() as session:
        return modes.begin(session, now=world.clock.now, **(values | given)).id  # type: ignore[arg-type]


def test_a_root_lists_what_it_explains(world: World) -> None:
    root = world.raise_alarm()
    child = raise_under(world, root)
    found = listed(world)
    assert set(found) == {"mill-1/low_flow"}
    extras = found["mill-1/low_flow"].extras
    assert (extras.explains, extras.root) == (1, None)
    (one,) = extras.explained
    assert (one.id, one.rule_name, one.equipment_name, one.state) == (
        child,
        "Dark",
        "Beacon",
        AlarmState.SUPPRESSED,
    )
    under = listed(world, state="aside")["beacon-1/dark"].extras
    assert under.root is not None
    assert (under.root.id, under.root.rule_name, under.explains) == (root, "Low flow", 0)


def test_only_so_many_are_listed_under_a_root(world: World) -> None:
    root = world.raise_alarm()
    for number in range(alarm_groups.SHOWN + 5):
        raise_under(world, root, rule=f"gone_{number}")
    extras = listed(world)["mill-1/low_flow"].extras
    assert (extras.explains, len(extras.explained)) == (alarm_groups.SHOWN + 5, alarm_groups.SHOWN)


def test_flags_come_and_go(world: World) -> None:
    world.raise_alarm("north/mill-2")
    world.later(2 * DAY)
    chatter(world, world.clock.now - MINUTE)
    found = listed(world)
    flags = {name: (view.extras.chattering, view.extras.stale) for name, view in found.items()}
    assert flags == {"mill-1/low_flow": (True, False), "mill-2/low_flow": (False, True)}
    world.later(2 * HOUR)
    assert not listed(world)["mill-1/low_flow"].extras.chattering


def test_the_list_can_be_narrowed_to_flags(world: World) -> None:
    world.raise_alarm("north/mill-2")
    root = world.raise_alarm("south/mill-1")
    world.later(2 * DAY)
    chatter(world, world.clock.now - MINUTE)
    raise_under(world, root)
    assert set(listed(world, flag="chattering")) == {"mill-1/low_flow"}
    assert [view.site for view in listed(world, flag="root").values()] == ["south"]
    with world.database.session() as session:
        stale = views.alarm_page(session, lens(world), Filters(flag="stale")).total
    assert stale == 2


def test_feedback_is_of_the_occurrence(world: World) -> None:
    alarm = world.raise_alarm()
    with world.database.transaction() as session:
        feedback.give(session, alarm, Judgement.NUISANCE, by="chen", now=world.clock.now, note="a test")
    assert listed(world)["mill-1/low_flow"].extras.judgement is Judgement.NUISANCE
    with world.database.session() as session:
        detail = views.alarm_detail(session, lens(world), alarm)
    assert detail.feedback == "Nuisance, by chen: a test"
    assert detail.record == "True 0 · False 0 · Nuisance 1"
    world.later()
    world.follow("north/mill-1", "low_flow", E.CLEAR)
    world.later()
    world.raise_alarm()
    with world.database.session() as session:
        again = views.alarm_detail(session, lens(world, language="zh"), alarm)
    assert (again.feedback, again.view.extras.judgement) == ("", None)
    assert again.record == "属实 0 · 误报 0 · 滋扰 1"


def test_the_version_changes_with_feedback_and_maintenance(world: World) -> None:
    alarm = world.raise_alarm()
    versions = []

    def look() -> None:
        with world.database.session() as session:
            versions.append(load_version(session))

    look()
    with world.database.transaction() as session:
        feedback.give(session, alarm, Judgement.TRUE, by="chen", now=world.clock.now)
    look()
    mode = set_mode(world, equipment="beacon-1")
    look()
    with world.database.transaction() as session:
        modes.end(session, mode, by="chen", now=world.clock.now)
    look()
    assert len(set(versions)) == 4


def load_mode(world: World, path: str, language: str = "en") -> maintenance_modes.ModeView | None:
    with world.database.session() as session:
        return maintenance_modes.load_mode(session, translator(language), world.equipment_id(path))


def test_a_mode_covers_its_equipment_or_its_space(world: World) -> None:
    set_mode(world, equipment="mill-2")
    set_mode(world, space="plant", until=world.clock.now + 2 * HOUR, reason="painting")
    own, whole = load_mode(world, "north/mill-2"), load_mode(world, "north/mill-1", "zh")
    assert own is not None
    assert whole is not None
    assert (own.of, own.reason, own.by) == ("50%_mill <b>", "overhaul", "chen")
    assert (whole.of, whole.reason, whole.until) == ("机房", "painting", world.clock.now + 2 * HOUR)
    assert load_mode(world, "north/beacon-1") is None


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    mount(world.app, world.context)
    with world.client(**{"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}) as found:
        yield found


def test_the_page_says_that_a_flood_runs(client: TestClient, world: World) -> None:
    now = world.clock.now
    with world.database.transaction() as session:
        session.add(FloodRow(site="north", started_ts=now - MINUTE, ends_ts=now + MINUTE, raises=31, peak=22))
    sign_in(client, Role.VIEWER)
    said = [text for text in texts(client.get("/alarms").text) if text.startswith("Alarm flood")]
    assert said[0].startswith("Alarm flood at North tower since 15:59:00: 31 alarms, up to 22 in 10 min.")
    world.later(2 * MINUTE)
    assert not any(text.startswith("Alarm flood") for text in texts(client.get("/alarms").text))


def test_the_page_shows_roots_and_flags(client: TestClient, world: World) -> None:
    root = world.raise_alarm()
    raise_under(world, root)
    world.later(2 * DAY)
    found = texts(sign_in(client, Role.VIEWER).get("/alarms").text)
    assert {"Explains 1 alarm", "Dark", "Stale alarm"} <= found
    aside = texts(client.get("/alarms?state=aside").text)
    assert {"follows from ", "Low flow"} <= aside


@pytest.mark.parametrize(
    ("role", "offered"), [(Role.VIEWER, False), (Role.TECHNICIAN, False), (Role.ENGINEER, True)]
)
def test_only_engineers_set_and_end_maintenance(
    client: TestClient, world: World, role: Role, offered: bool
) -> None:
    sign_in(client, role)
    found = texts(client.get("/equipment/north/mill-1").text)
    assert ("Set maintenance mode" in found) is offered
    set_mode(world, equipment="mill-1")
    found = texts(client.get("/equipment/north/mill-1").text)
    assert {"In maintenance", " First mill: overhaul"} <= found
    assert ("End maintenance" in found, "Set maintenance mode" in found) == (offered, False)


@pytest.mark.parametrize(("role", "offered"), [(Role.VIEWER, False), (Role.TECHNICIAN, True)])
def test_who_may_give_feedback(client: TestClient, world: World, role: Role, offered: bool) -> None:
    world.raise_alarm()
    assert ("Feedback" in texts(sign_in(client, role).get("/alarms").text)) is offered


def judgement(served: Served, alarm: int) -> Judgement | None:
    with served.world.database.session() as session:
        found = feedback.of_alarm(session, alarm)
    return Judgement(found[0].judgement) if found else None


@pytest.mark.browser
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_feedback_acknowledges_as_well(opener: Opener, served: Served, size: tuple[int, int]) -> None:
    rule = f"odd_{size[0]}"
    served.world.clock.now = served.clock()
    alarm = served.world.raise_alarm("north/mill-1", rule)
    person = opener(size, Role.TECHNICIAN)
    page = person.go(f"/alarms?q={rule}")
    page.click(f"button[aria-label='Feedback: {rule}, First mill']")
    page.select_option(".q-dialog label:has-text('What was it') select", "false")
    page.fill(".q-dialog textarea", "the valve was being tested")
    page.click(".q-dialog button:has-text('Save')")
    assert until(lambda: judgement(served, alarm) is Judgement.FALSE)
    assert until(lambda: served.alarm_state(alarm) is AlarmState.ACKNOWLEDGED)
    page.wait_for_selector("text=Feedback: False")
    assert person.does_not_scroll_sideways()
    # later, without another acknowledgement
    page.click(f"button[aria-label='Feedback: {rule}, First mill']")
    page.wait_for_selector(".q-dialog label:has-text('What was it')")
    assert page.locator(".q-dialog input[type=checkbox]").count() == 0
    page.select_option(".q-dialog label:has-text('What was it') select", "nuisance")
    page.click(".q-dialog button:has-text('Save')")
    assert until(lambda: judgement(served, alarm) is Judgement.NUISANCE)


@pytest.mark.browser
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_root_opens_to_what_it_explains(opener: Opener, served: Served, size: tuple[int, int]) -> None:
    served.world.clock.now = served.clock()
    rule = f"root_{size[0]}"
    root = served.world.raise_alarm("north/mill-1", rule)
    raise_under(served.world, root, rule=f"under_{size[0]}")
    person = opener(size, Role.VIEWER)
    page = person.go(f"/alarms?q={rule}")
    link = page.locator(f".explained a:has-text('under_{size[0]}')")
    assert not link.is_visible()
    page.click("summary:has-text('Explains 1 alarm')")
    link.wait_for(state="visible")
    # a change draws the row again and leaves it open
    raise_under(served.world, root, rule=f"more_{size[0]}")
    page.wait_for_selector("summary:has-text('Explains 2 alarms')")
    assert page.locator(f".explained a:has-text('more_{size[0]}')").is_visible()
    assert person.does_not_scroll_sideways()
    link.click()
    page.wait_for_selector(f".q-dialog h1:has-text('under_{size[0]}')")
    page.wait_for_selector(f".q-dialog a:has-text('{rule}')")


@pytest.mark.browser
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_setting_and_ending_maintenance(opener: Opener, served: Served, size: tuple[int, int]) -> None:
    served.world.clock.now = served.clock()
    alarm = served.world.raise_alarm("north/mill-2", f"worn_{size[0]}")
    person = opener(size, Role.ENGINEER)
    page = person.go("/equipment/north/mill-2")
    page.click("button:has-text('Set maintenance mode')")
    page.click(".q-dialog .dialog-foot button:has-text('Set maintenance mode')")
    page.wait_for_selector(".q-dialog [role=alert]:has-text('Fill in the fields first.')")
    page.select_option(".q-dialog label:has-text('What') select", "space")
    page.select_option(".q-dialog label:has-text('For how long') select", "4h")
    page.fill(".q-dialog textarea", "new bearings")
    page.click(".q-dialog .dialog-foot button:has-text('Set maintenance mode')")
    page.wait_for_selector("text=Basement: new bearings")
    assert until(lambda: served.alarm_state(alarm) is AlarmState.OUT_OF_SERVICE)
    with served.world.database.session() as session:
        (mode,) = session.scalars(modes.query(running=True))
        assert (mode.space, mode.until - mode.started_at) == ("basement", 4 * HOUR)
    assert person.does_not_scroll_sideways()
    page.click("button:has-text('End maintenance')")
    assert until(lambda: served.alarm_state(alarm) is not AlarmState.OUT_OF_SERVICE)
    page.wait_for_selector("button:has-text('Set maintenance mode')")


@pytest.mark.browser
def test_shelving_asks_for_a_limit_and_a_reason(opener: Opener, served: Served) -> None:
    served.world.clock.now = served.clock()
    alarm = served.world.raise_alarm("north/mill-1", "shelf_me")
    page = opener(DESK, Role.ENGINEER).go("/alarms?q=shelf_me")
    page.click("button[aria-label='Shelve: shelf_me, First mill']")
    page.select_option(".q-dialog label:has-text('For how long') select", "8h")
    page.click(".q-dialog .dialog-foot button:has-text('Shelve')")
    page.wait_for_selector(".q-dialog [role=alert]:has-text('Fill in the fields first.')")
    page.fill(".q-dialog textarea", "waiting for the part")
    page.click(".q-dialog .dialog-foot button:has-text('Shelve')")
    assert until(lambda: served.alarm_state(alarm) is AlarmState.SHELVED)
    with served.world.database.session() as session:
        row = session.get_one(AlarmRow, alarm)
        assert abs((row.shelved_until or 0) - served.clock() - 8 * HOUR) < MINUTE
        assert alarms.events_of(session, alarm)[0].note == "waiting for the part"

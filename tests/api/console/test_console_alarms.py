"""The list of alarms and one alarm's details, worked out from the database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.console.i18n import translator
from api.console.views import alarms as views
from api.console.views.filters import Filters
from api.console.views.standing import load_standing, load_version
from plantroom.alarms import AlarmEvent, AlarmState, Severity
from plantroom.errors import NotFoundError
from plantroom.stores.records import alarms, work_orders
from plantroom.times import HOUR, MINUTE
from plantroom.work_orders import Role
from tests.api.kit import World


def lens(world: World, role: Role = Role.ENGINEER, language: str = "en") -> views.Lens:
    return views.Lens(translator(language), world.table, world.catalogue, role)


def listed(world: World, **filters: str) -> list[tuple[str, str]]:
    with world.database.session() as session:
        found = views.alarm_page(session, lens(world), Filters(**filters))
    return [(view.equipment_name, view.rule) for view in found.rows]


@pytest.fixture
def flood(world: World) -> World:
    world.raise_alarm("north/mill-1", "low_flow", ago=3 * HOUR)
    world.raise_alarm("north/mill-2", "burst", ago=2 * HOUR)
    world.raise_alarm("south/mill-1", "low_flow", ago=HOUR)
    world.raise_alarm("north/beacon-1", "dark", ago=MINUTE)
    return world


def act(world: World, alarm_id: int, event: AlarmEvent, **given: object) -> None:
    with world.database.transaction() as session:
        alarms.act(session, alarm_id, event, by="tester", now=world.clock.now, **given)  # type: ignore[arg-type]


def test_the_worst_come_first(flood: World) -> None:
    assert [rule for _, rule in listed(flood)] == ["burst", "low_flow", "low_flow", "dark"]
    assert listed(flood, sort="newest")[0] == ("Beacon", "dark")
    assert listed(flood, sort="oldest")[0] == ("First mill", "low_flow")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"site": "south"}, {"South mill"}),
        ({"system": "lighting"}, {"Beacon"}),
        ({"system": "heating"}, set()),
        ({"severity": "emergency"}, {"50%_mill <b>"}),
        ({"q": "first"}, {"First mill"}),
        ({"q": "一号"}, {"First mill"}),
        ({"q": "爆管"}, {"50%_mill <b>"}),
        ({"q": "low flow"}, {"First mill", "South mill"}),
        ({"q": "50%_"}, {"50%_mill <b>"}),
        ({"q": "%"}, {"50%_mill <b>"}),
        ({"q": "' OR 1=1 --"}, set()),
        ({"state": "shelved"}, set()),
    ],
)
def test_filters(flood: World, filters: dict[str, str], found: set[str]) -> None:
    assert {name for name, _ in listed(flood, **filters)} == found


def test_states_by_what_people_did(flood: World) -> None:
    with flood.database.session() as session:
        ids = {view.rule: view.id for view in views.alarm_page(session, lens(flood), Filters()).rows}
    act(flood, ids["dark"], AlarmEvent.ACKNOWLEDGE)
    act(flood, ids["low_flow"], AlarmEvent.SHELVE, until=flood.clock.now + HOUR)
    assert len(listed(flood)) == 3
    assert len(listed(flood, state="unacknowledged")) == 2
    assert listed(flood, state="acknowledged") == [("Beacon", "dark")]
    assert [rule for _, rule in listed(flood, state="shelved")] == ["low_flow"]
    assert len(listed(flood, state="all")) == 4


def test_pages_go_on_where_the_last_ended(flood: World) -> None:
    with flood.database.session() as session:
        first = views.alarm_page(session, lens(flood), Filters(), limit=3)
        rest = views.alarm_page(session, lens(flood), Filters(cursor=first.next_cursor or ""), limit=3)
    assert (len(first.rows), first.total, len(rest.rows), rest.next_cursor) == (3, 4, 1, None)
    assert not {view.id for view in first.rows} & {view.id for view in rest.rows}


def test_a_forged_cursor_gives_the_first_page(flood: World) -> None:
    assert len(listed(flood, cursor="e30")) == 4


@pytest.mark.parametrize(
    ("role", "rule", "events"),
    [
        (Role.VIEWER, "low_flow", ()),
        (Role.TECHNICIAN, "low_flow", (AlarmEvent.ACKNOWLEDGE,)),
        (Role.ENGINEER, "low_flow", (AlarmEvent.ACKNOWLEDGE, AlarmEvent.SHELVE)),
        (Role.ADMIN, "burst", (AlarmEvent.ACKNOWLEDGE,)),
    ],
)
def test_what_may_be_done(world: World, role: Role, rule: str, events: tuple[AlarmEvent, ...]) -> None:
    alarm_id = world.raise_alarm(rule=rule)
    with world.database.session() as session:
        view = views.alarm_view(lens(world, role), alarms.get(session, alarm_id))
    assert view.events == events


def test_a_latched_alarm_can_be_reset_once_acknowledged(world: World) -> None:
    alarm_id = world.raise_alarm(rule="burst", ago=MINUTE)
    world.follow("north/mill-1", "burst", AlarmEvent.CLEAR)
    act(world, alarm_id, AlarmEvent.ACKNOWLEDGE)
    with world.database.session() as session:
        view = views.alarm_view(lens(world), alarms.get(session, alarm_id))
    assert (view.state, view.events) == (AlarmState.LATCHED_ACKNOWLEDGED, (AlarmEvent.RESET,))


def test_details_tell_the_whole_story(world: World) -> None:
    order = world.open_order()
    alarm_id = world.raise_alarm(ago=MINUTE)
    act(world, alarm_id, AlarmEvent.ACKNOWLEDGE, note="on my way")
    with world.database.session() as session:
        detail = views.alarm_detail(session, lens(world, language="zh"), alarm_id)
    assert (detail.view.rule_name, detail.cause, detail.remedy) == ("流量低", "阀门关闭。", "打开阀门。")
    assert detail.readings == (("流量", "12.50\u00a0m³/h"),)
    assert [(line.event, line.by, line.note) for line in detail.history] == [
        (AlarmEvent.ACKNOWLEDGE, "tester", "on my way"),
        (AlarmEvent.RAISE, "", ""),
    ]
    assert detail.order == order


def test_an_alarm_that_is_not_there(world: World) -> None:
    with world.database.session() as session, pytest.raises(NotFoundError):
        views.alarm_detail(session, lens(world), 99)


def test_a_rule_that_left_the_catalogue_still_shows(world: World) -> None:
    alarm_id = world.raise_alarm(rule="gone")
    with world.database.session() as session:
        detail = views.alarm_detail(session, lens(world), alarm_id)
    assert (detail.view.rule_name, detail.cause, detail.condition) == ("gone", "", "")


def test_standing_counts_what_is_open(flood: World) -> None:
    flood.open_order()
    with flood.database.session() as session:
        found = load_standing(session)
    assert found.by_severity[Severity.MAJOR] == 2
    assert found.by_severity[Severity.CRITICAL] == 0
    assert (found.unacknowledged, found.orders) == (4, 1)
    mill = found.of(flood.equipment_id("north/mill-1"))
    assert (mill.worst, mill.alarms, mill.unacknowledged, mill.orders) == (Severity.MAJOR, 1, 1, 1)
    assert found.of(12345).worst is None


def test_the_version_changes_with_every_change(world: World) -> None:
    versions = []

    def look() -> None:
        with world.database.session() as session:
            versions.append(load_version(session))

    look()
    alarm_id = world.raise_alarm()
    look()
    act(world, alarm_id, AlarmEvent.ACKNOWLEDGE)
    look()
    order = world.open_order()
    look()
    world.later()
    with world.database.transaction() as session:
        work_orders.check_task(session, order, 0, by="tester", now=world.clock.now, done=True)
    look()
    assert len(set(versions)) == len(versions)


def test_views_differ_when_anything_shown_differs(world: World) -> None:
    alarm_id = world.raise_alarm()
    with world.database.session() as session:
        view = views.alarm_view(lens(world), alarms.get(session, alarm_id))
    assert view == replace(view)
    assert view != replace(view, occurrences=2)

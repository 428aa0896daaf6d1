"""Orders' clocks in words, who may be chosen and why, and people with what runs out."""

from __future__ import annotations

from datetime import date

import pytest

from api.console.i18n import translator
from api.console.pages.order_actions import _load_candidates
from api.console.views.alarms import Lens
from api.console.views.clocks import clock_view, is_close, is_paused, moment_words, pressing
from api.console.views.orders import OrderView, order_detail, order_views
from api.console.views.people import load_people
from plantroom.service_levels import ServiceLevels
from plantroom.stores.records import order_levels, people, users, work_orders
from plantroom.stores.records.people_tables import CertificateRow, OnCallRow, TechnicianRow, TrainingRow
from plantroom.times import DAY, HOUR, MINUTE
from plantroom.work_orders import OrderAction, Role
from tests.api.kit import World

EN, ZH = translator("en"), translator("zh")
LEVELS = ServiceLevels()
STAFF = {"skills": ["elevator"], "sites": [], "active": True, "team": "elevator"}
CARD = {"skill": "elevator", "name": "T", "number": "", "issued_on": date(2025, 1, 1)}


def lens(world: World, language: str = "en") -> Lens:
    role, now = Role.ENGINEER, world.clock.now
    return Lens(translator(language), world.table, world.catalogue, role, now, LEVELS)


def seen(world: World, order: int) -> OrderView:
    with world.database.session() as session:
        return order_views(session, lens(world), [work_orders.get(session, order)])[0]


def move(world: World, order: int, action: OrderAction, **given: str) -> None:
    with world.database.transaction() as session:
        now = world.clock.now
        work_orders.move(session, order, action, by="eng", role=Role.ADMIN, now=now, note="x", **given)  # type: ignore[arg-type]


def words(view: OrderView) -> list[tuple[str, str, str]]:
    found = [clock_view(EN, clock, LEVELS.policy) for clock in view.clocks]
    return [(item.name, item.words, item.sign) for item in found]


def test_the_words_of_an_orders_clocks(world: World) -> None:
    order = world.open_order(priority=3)
    world.later(25 * MINUTE)
    view = seen(world, order)
    assert words(view) == [("Response", "5 min left", "chip-loud"), ("Resolution", "2 h left", "")]
    nearest = pressing(EN, view.clocks, LEVELS.policy)
    assert nearest is not None
    assert nearest.name == "Response"
    world.later(65 * MINUTE)
    assert words(seen(world, order))[0] == ("Response", "1 h over", "chip-wrong")
    move(world, order, OrderAction.ASSIGN, assignee="technician")
    assert words(seen(world, order))[0] == ("Response", "took 1 h, 1 h over", "chip-loud")
    assert pressing(EN, seen(world, order).clocks, LEVELS.policy) is None  # the due time says the rest
    world.later(HOUR)
    assert is_close(seen(world, order).clocks)


def test_while_the_clocks_stand_still_nothing_is_overdue(world: World) -> None:
    order = world.open_order(priority=3)
    move(world, order, OrderAction.ASSIGN, assignee="technician")
    move(world, order, OrderAction.HOLD, reason="parts")
    world.later(DAY)
    view = seen(world, order)
    assert is_paused(view.clocks)
    assert not view.is_overdue(world.clock.now)
    nearest = pressing(ZH, view.clocks, LEVELS.policy)
    assert nearest is not None
    assert (nearest.name, nearest.words, nearest.reason) == ("解决", "已暂停，剩余 3 小时", "等待配件")
    with world.database.session() as session:
        held = order_detail(session, lens(world), order).history[0]
    assert held.reason == "Waiting for parts"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("response:warning", "Response: the time is nearly up"),
        ("resolution:breach:lead", "Resolution: the time is up"),
        ("", ""),
        ("something:else", ""),
    ],
)
def test_what_the_clock_wrote_is_said_in_words(key: str, text: str) -> None:
    assert moment_words(EN, key) == text


@pytest.fixture
def staffed(world: World) -> World:
    now = world.clock.now
    with world.database.transaction() as session:
        people.seed(session)
        users.create_user(session, "wu", Role.TECHNICIAN, now=now, by="t", password="long enough for all")
        for name, last, hired in (
            ("technician", date(2026, 3, 20), date(2025, 12, 20)),
            ("wu", date(2026, 2, 20), None),
        ):
            row = {"username": name, "hired_on": hired, **STAFF}
            people.add(session, TechnicianRow, row, by="t", now=now)
            card = {"technician": name, "expires_on": last, **CARD}
            people.add(session, CertificateRow, card, by="t", now=now)
        duty = {"team": "elevator", "technician": "wu", "starts_at": now, "ends_at": now + DAY, "rank": 1}
        people.add(session, OnCallRow, duty, by="t", now=now)
        trained = {"technician": "technician", "kind": "induction", "title": "x", "passed": True, "note": ""}
        people.add(session, TrainingRow, trained | {"held_on": date(2025, 12, 21)}, by="t", now=now)
    return world


def test_people_with_what_runs_out_first(staffed: World) -> None:
    with staffed.database.session() as session:
        found = load_people(session, lens(staffed))
    wu, other = found.technicians
    assert (wu.username, wu.presence, wu.here, wu.team) == ("wu", "on call", True, "Elevator repair team")
    assert [(paper.over, paper.soon) for paper in wu.certificates] == [(True, False)]
    assert [(paper.over, paper.soon) for paper in other.certificates] == [(False, True)]
    assert [(paper.name, paper.until, paper.soon) for paper in other.training] == [
        ("Quarterly training", date(2026, 3, 22), True)
    ]
    duty = {item.team: item for item in found.duty}
    assert duty["Elevator repair team"].on_call == ("wu",)
    assert duty["Fire team"].on_call == ()


def test_a_certificate_that_was_renewed_is_shown_once(staffed: World) -> None:
    renewed = {"technician": "wu", "expires_on": date(2030, 1, 1), **CARD}
    with staffed.database.transaction() as session:
        people.add(session, CertificateRow, renewed, by="t", now=staffed.clock.now)
    with staffed.database.session() as session:
        found = {item.username: item for item in load_people(session, lens(staffed)).technicians}
    assert [(paper.until, paper.over) for paper in found["wu"].certificates] == [(date(2030, 1, 1), False)]


def test_who_is_proposed_comes_first_and_others_can_be_chosen(staffed: World) -> None:
    order = staffed.open_order(skill="elevator")
    with staffed.database.session() as session:
        names, proposals = _load_candidates(session, order, staffed.clock.now)
    assert list(names)[:2] == ["technician", "wu"]
    assert {"engineer", "admin"} < set(names)
    assert proposals["technician"].fit
    assert not proposals["wu"].fit  # the certificate has ended


def test_history_of_the_clock_is_read_in_words(staffed: World) -> None:
    order = staffed.open_order(priority=3)
    staffed.later(HOUR)
    with staffed.database.transaction() as session:
        roster, holders = people.load_roster(session), people.load_holders(session)
        follower = order_levels.Follower(LEVELS, roster, holders, staffed.clock.now)
        assert follower.look(session, order) is not None
    with staffed.database.session() as session:
        history = order_detail(session, lens(staffed), order).history
    assert [(line.action, line.by) for line in history[:2]] == [("escalate", "clock")] * 2
    assert history[0].note == "admin"  # nobody is on call for mechanics

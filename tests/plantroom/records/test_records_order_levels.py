"""Clocks from the history in the database: followed, written once, told once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import select

from plantroom.errors import ConflictError
from plantroom.model import Text
from plantroom.service_levels import ClockKind, ClockState, ServiceLevels
from plantroom.stores.records import Database, order_levels, people, users, work_orders
from plantroom.stores.records.people_tables import OnCallRow, OrderWatchRow, TechnicianRow
from plantroom.stores.records.tables import OutboxRow, WorkOrderRow
from plantroom.times import DAY, HOUR, MINUTE, Nanos
from plantroom.work_orders import OrderAction, OrderKind, Role
from tests.plantroom.records.kit import START

LEVELS = ServiceLevels()


@pytest.fixture
def staffed(database: Database) -> Database:
    """With an administrator, and somebody on call for HVAC."""
    with database.transaction() as session:
        people.seed(session)
        for name, role in (("root", Role.ADMIN), ("chen", Role.TECHNICIAN)):
            users.create_user(session, name, role, now=START, by="test", password="long enough for all")
        staff = {"skills": ["hvac"], "sites": [], "active": True, "team": "hvac", "hired_on": None}
        people.add(session, TechnicianRow, {"username": "chen", **staff}, by="test", now=START)
        duty = {
            "team": "hvac",
            "technician": "chen",
            "starts_at": START,
            "ends_at": START + 9 * DAY,
            "rank": 1,
        }
        people.add(session, OnCallRow, duty, by="test", now=START)
    return database


def open_one(database: Database, source: str = "alarm:1:1", *, priority: int = 3, ts: Nanos = START) -> int:
    call = work_orders.Call(
        source=source,
        ts=ts,
        kind=OrderKind.CORRECTIVE,
        site="north",
        title=Text("Low flow", "流量低"),
        priority=priority,
        skill="hvac",
        rule="low_flow",
    )
    with database.transaction() as session:
        return work_orders.open_order(session, call, by="rules", now=ts)[0].id


def move(database: Database, order: int, action: OrderAction, at: Nanos, **given: str) -> None:
    with database.transaction() as session:
        row = work_orders.move(
            session,
            order,
            action,
            by="chen",
            role=Role.ADMIN,
            now=at,
            note="x",
            **given,  # type: ignore[arg-type]
        )
        order_levels.shift_due(session, row, LEVELS, at)


def follow(database: Database, now: Nanos) -> list[str]:
    """The keys of what one turn of the job found."""
    with database.session() as session:
        ids = order_levels.waiting_ids(session, now)
        roster, holders = people.load_roster(session), people.load_holders(session)
    follower, found = order_levels.Follower(LEVELS, roster, holders, now), []
    for order_id in ids:
        with database.transaction() as session:
            told = follower.look(session, order_id)
        if told is not None:
            found += [f"{kind}:{moment}" for kind, moment in told.moments] + [step.key for step in told.steps]
    return found


def history(database: Database, order: int) -> list[tuple[str, str, str]]:
    with database.session() as session:
        events = work_orders.history_of(session, order)
        return [(event.action, event.key or "", event.note) for event in events if event.by == "clock"][::-1]


def test_a_warning_and_a_breach_are_written_and_told_once(staffed: Database) -> None:
    order = open_one(staffed)
    assert follow(staffed, START + MINUTE) == []
    with staffed.session() as session:
        watch = session.get_one(OrderWatchRow, order)
        assert watch.at == START + 22 * MINUTE + 30 * 1_000_000_000  # the warning of the response
    assert follow(staffed, START + 23 * MINUTE) == ["response:warning", "response:warning:remind"]
    assert follow(staffed, START + 23 * MINUTE) == []
    assert follow(staffed, START + 31 * MINUTE) == ["response:breach", "response:breach:lead"]
    assert follow(staffed, START + 32 * MINUTE) == []
    assert history(staffed, order) == [
        ("warning", "response:warning", ""),
        ("escalate", "response:warning:remind", "chen"),
        ("breach", "response:breach", ""),
        ("escalate", "response:breach:lead", "chen"),
    ]
    with staffed.session() as session:
        told = {row.key: row.payload.get("people") for row in session.scalars(select(OutboxRow))}
    assert told[f"order:{order}:response:breach:lead"] == ["chen"]


def test_what_is_written_changes_neither_the_clocks_nor_the_version(staffed: Database) -> None:
    order = open_one(staffed)
    with staffed.session() as session:
        row = work_orders.get(session, order)
        version = row.version
        before = order_levels.clocks_of(session, [row], LEVELS, START + DAY)
    follow(staffed, START + 31 * MINUTE)
    follow(staffed, START + 5 * HOUR)
    with staffed.session() as session:
        row = work_orders.get(session, order)
        assert order_levels.clocks_of(session, [row], LEVELS, START + DAY) == before
        assert row.version == version


def test_a_job_that_was_away_catches_up_at_once(staffed: Database) -> None:
    open_one(staffed)
    found = follow(staffed, START + 30 * HOUR)
    assert found[:4] == ["response:warning", "response:breach", "resolution:warning", "resolution:breach"]
    assert set(found[4:]) >= {"resolution:breach:lead", "resolution:breach:management"}
    assert follow(staffed, START + 30 * HOUR) == []


def test_without_its_watches_nothing_is_written_twice(staffed: Database) -> None:
    order = open_one(staffed)
    follow(staffed, START + 31 * MINUTE)
    before = history(staffed, order)
    with staffed.transaction() as session:
        session.delete(session.get_one(OrderWatchRow, order))
    assert follow(staffed, START + 31 * MINUTE) == []
    assert history(staffed, order) == before


def test_a_breach_just_before_completion_is_not_lost(staffed: Database) -> None:
    order = open_one(staffed)
    follow(staffed, START + MINUTE)
    move(staffed, order, OrderAction.ASSIGN, START + 2 * MINUTE, assignee="chen")
    move(staffed, order, OrderAction.START, START + 3 * MINUTE)
    move(staffed, order, OrderAction.COMPLETE, START + 4 * HOUR)
    assert follow(staffed, START + 5 * HOUR) == ["resolution:warning", "resolution:breach"]
    assert follow(staffed, START + 9 * DAY) == []


def test_a_hold_pauses_the_clock_and_puts_the_due_time_off(staffed: Database) -> None:
    order = open_one(staffed)
    move(staffed, order, OrderAction.ASSIGN, START + 10 * MINUTE, assignee="chen")
    move(staffed, order, OrderAction.HOLD, START + HOUR, reason="parts")
    assert "resolution:warning" not in follow(staffed, START + 2 * DAY)
    with staffed.session() as session:
        row = work_orders.get(session, order)
        clock = order_levels.clocks_of(session, [row], LEVELS, START + 2 * DAY)[order][-1]
        assert (clock.kind, clock.state, clock.reason) == (ClockKind.RESOLUTION, ClockState.PAUSED, "parts")
    move(staffed, order, OrderAction.RESUME, START + 2 * DAY)
    with staffed.session() as session:
        row = work_orders.get(session, order)
        clock = order_levels.clocks_of(session, [row], LEVELS, START + 2 * DAY)[order][-1]
        assert clock.due_at == row.due_at == START + 2 * DAY + 2 * HOUR
    assert follow(staffed, START + 2 * DAY + 3 * HOUR)[:2] == ["resolution:warning", "resolution:breach"]


def test_a_hold_that_does_not_pause_leaves_the_due_time(staffed: Database) -> None:
    order = open_one(staffed)
    move(staffed, order, OrderAction.ASSIGN, START + 10 * MINUTE, assignee="chen")
    move(staffed, order, OrderAction.HOLD, START + HOUR, reason="staff")
    move(staffed, order, OrderAction.RESUME, START + 2 * HOUR)
    with staffed.session() as session:
        assert work_orders.get(session, order).due_at == START + 3 * HOUR


def test_an_engineer_says_what_an_order_is(staffed: Database) -> None:
    order = open_one(staffed)
    with staffed.transaction() as session:
        row = work_orders.classify(session, order, by="eng", now=START + HOUR, note="new motor", major=True)
        order_levels.shift_due(session, row, LEVELS, START + HOUR)
        assert row.due_at == START + 7 * DAY
        newest = work_orders.history_of(session, order)[0]
        assert (newest.action, newest.major, newest.note) == ("classify", True, "major True: new motor")
    for given, message in (
        ({"note": " ", "priority": 1}, "say why"),
        ({"note": "x", "major": True}, "already"),
        ({"note": "x"}, "already"),
    ):
        with staffed.transaction() as session, pytest.raises(ConflictError, match=message):
            work_orders.classify(session, order, by="eng", now=START, **given)  # type: ignore[arg-type]
    move(staffed, order, OrderAction.CANCEL, START + 2 * HOUR)
    with staffed.transaction() as session, pytest.raises(ConflictError, match="keeps its priority"):
        work_orders.classify(session, order, by="eng", now=START, note="x", priority=1)


def test_a_fault_that_comes_again_more_urgently_has_less_time(staffed: Database) -> None:
    with staffed.transaction() as session:
        call = work_orders.Call(
            source="a", ts=START, kind=OrderKind.CORRECTIVE, site="north", title=Text("x", "x"), priority=4,
            skill="hvac", fault="f", rule="r", equipment_id=1,
        )  # fmt: skip
        order = work_orders.open_order(session, call, by="rules", now=START)[0].id
        again = replace(call, source="b", priority=2)
        work_orders.open_order(session, again, by="rules", now=START + HOUR)
        row = session.get_one(WorkOrderRow, order)
        clock = order_levels.clocks_of(session, [row], LEVELS, START + HOUR)[order][-1]
        assert clock.due_at == START + 3 * HOUR
        earlier = order_levels.clocks_of(session, [row], LEVELS, START + MINUTE)[order][-1]
        assert earlier.within == DAY


def test_many_orders_take_one_query(staffed: Database) -> None:
    orders = [open_one(staffed, f"alarm:{n}:1") for n in range(1, 6)]
    with staffed.session() as session:
        rows = list(session.scalars(select(WorkOrderRow)))
        found = order_levels.clocks_of(session, rows, LEVELS, START)
    assert sorted(found) == orders
    assert all(len(clocks) == 2 for clocks in found.values())


def test_two_schedulers_at_once_write_everything_once(staffed: Database) -> None:
    orders = [open_one(staffed, f"alarm:{n}:1") for n in range(1, 6)]
    start = Barrier(2)

    def turn() -> list[str]:
        start.wait(10)
        return follow(staffed, START + 30 * HOUR)

    with ThreadPoolExecutor(2) as pool:
        first, second = (job.result() for job in [pool.submit(turn), pool.submit(turn)])
    alone = len(history(staffed, orders[0]))
    assert len(first) + len(second) == alone * len(orders)
    for order in orders:
        keys = [key for _, key, _ in history(staffed, order)]
        assert len(keys) == len(set(keys)) == alone

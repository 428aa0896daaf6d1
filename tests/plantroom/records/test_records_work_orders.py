"""Work orders in the database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from plantroom.errors import ConflictError, NotFoundError, TransitionError
from plantroom.model import Text
from plantroom.stores.records import Database, work_orders
from plantroom.stores.records.tables import WorkOrderRow
from plantroom.stores.records.work_orders import Call
from plantroom.times import DAY, HOUR, MINUTE
from plantroom.work_orders import OPEN_STATES, TRANSITIONS, OrderAction, OrderKind, OrderState, Role
from tests.plantroom.records.kit import START

FAULT = Call(
    source="alarm:1:1",
    ts=START,
    kind=OrderKind.CORRECTIVE,
    site="north",
    title=Text("Low flow: First mill", "流量低：一号磨机"),
    priority=2,
    skill="mechanical",
    equipment_id=1,
    rule="low_flow",
    fault="low_flow",
    problem={"cause": {"en": "A valve", "zh": "阀门"}},
    checklist=({"en": "Look", "zh": "看", "unit": None}, {"en": "Measure", "zh": "测", "unit": "m3/h"}),
    readings={"flow": 9.5},
)
WAY: dict[OrderState, list[OrderAction]] = {
    OrderState.OPEN: [],
    OrderState.ASSIGNED: [OrderAction.ASSIGN],
    OrderState.IN_PROGRESS: [OrderAction.ASSIGN, OrderAction.START],
    OrderState.ON_HOLD: [OrderAction.ASSIGN, OrderAction.HOLD],
    OrderState.COMPLETED: [OrderAction.ASSIGN, OrderAction.START, OrderAction.COMPLETE],
    OrderState.CLOSED: [OrderAction.ASSIGN, OrderAction.START, OrderAction.COMPLETE, OrderAction.CLOSE],
    OrderState.CANCELLED: [OrderAction.CANCEL],
}
"""How an order comes to each state."""


def open_order(database: Database, call: Call = FAULT, now: int = START) -> tuple[int, bool]:
    with database.transaction() as session:
        row, opened = work_orders.open_order(session, call, by="rules", now=now)
        return row.id, opened


def move(
    database: Database, order_id: int, action: OrderAction, now: int = START, role: Role = Role.ENGINEER
) -> WorkOrderRow:
    with database.transaction() as session:
        assignee = "chen" if action is OrderAction.ASSIGN else None
        return work_orders.move(
            session, order_id, action, by="wang", role=role, now=now, note="why", assignee=assignee
        )


def bring_to(database: Database, state: OrderState) -> int:
    order_id, _ = open_order(database)
    for action in WAY[state]:
        move(database, order_id, action)
    return order_id


def count(database: Database) -> int:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(WorkOrderRow)) or 0


def test_a_fault_opens_an_order(database: Database) -> None:
    order_id, opened = open_order(database)
    assert opened
    with database.session() as session:
        row = work_orders.get(session, order_id)
        assert (row.state, row.kind, row.priority, row.version) == ("open", "corrective", 2, 1)
        assert row.due_at == START + 3 * HOUR
        assert (row.readings, row.problem["cause"]["zh"]) == ({"flow": 9.5}, "阀门")
        assert row.equipment is not None
        assert row.equipment.key == "mill-1"
        assert [(item.action, item.by) for item in work_orders.history_of(session, order_id)] == [
            ("open", "rules")
        ]
        assert [item.source for item in work_orders.occurrences_of(session, order_id)] == ["alarm:1:1"]


def test_the_same_call_twice_has_one_effect(database: Database) -> None:
    first = open_order(database)
    assert open_order(database, now=START + DAY) == (first[0], False)
    move(database, first[0], OrderAction.CANCEL)
    assert open_order(database) == (first[0], False)  # even when the order is over
    with database.session() as session:
        assert len(work_orders.occurrences_of(session, first[0])) == 1


def test_a_recurrence_joins_the_open_order(database: Database) -> None:
    order_id, _ = open_order(database)
    again = replace(FAULT, source="alarm:1:2", ts=START + HOUR, priority=1)
    assert open_order(database, again, START + HOUR) == (order_id, False)
    lesser = replace(FAULT, source="alarm:2:1", rule="warning", ts=START + 2 * HOUR, priority=4)
    assert open_order(database, lesser, START + 2 * HOUR) == (order_id, False)
    with database.session() as session:
        row = work_orders.get(session, order_id)
        assert (row.priority, row.version, row.changed_at) == (1, 3, START + 2 * HOUR)
        assert row.due_at == START + 3 * HOUR
        assert [item.action for item in work_orders.history_of(session, order_id)] == [
            "recur",
            "recur",
            "open",
        ]
        assert len(work_orders.occurrences_of(session, order_id)) == 3
    assert count(database) == 1


@pytest.mark.parametrize("state", list(OrderState))
def test_a_recurrence_opens_another_only_when_the_last_is_over(database: Database, state: OrderState) -> None:
    order_id = bring_to(database, state)
    found, opened = open_order(database, replace(FAULT, source="alarm:1:2"))
    assert opened is (state not in OPEN_STATES)
    assert (found == order_id) is (state in OPEN_STATES)


@pytest.mark.parametrize(
    "change",
    [{"equipment_id": 2}, {"fault": "burst"}, {"fault": None}, {"equipment_id": None, "fault": None}],
)
def test_another_fault_or_equipment_has_its_own_order(database: Database, change: dict[str, object]) -> None:
    open_order(database)
    assert open_order(database, replace(FAULT, source="other", **change))[1]  # type: ignore[arg-type]


def test_two_threads_open_one_order_for_one_fault(database: Database) -> None:
    threads = 8
    start = Barrier(threads)

    def run(number: int) -> tuple[int, bool]:
        start.wait()
        return open_order(database, replace(FAULT, source=f"alarm:1:{number}"))

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(run, range(threads)))
    assert sorted(opened for _, opened in found) == [False] * (threads - 1) + [True]
    assert {order_id for order_id, _ in found} == {1}
    with database.session() as session:
        assert len(work_orders.occurrences_of(session, 1)) == threads


def test_the_database_itself_holds_one_open_order_per_fault(database: Database) -> None:
    order_id, _ = open_order(database)
    with database.session() as session:
        row = work_orders.get(session, order_id)
        copy = {
            column.name: getattr(row, column.name)
            for column in WorkOrderRow.__table__.columns
            if column.name != "id"
        }
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.add(WorkOrderRow(**copy))
    with database.transaction() as session:
        session.add(WorkOrderRow(**copy | {"state": "closed"}))
        session.add(WorkOrderRow(**copy | {"fault": None}))
    assert count(database) == 3


EDGES = [(state, action) for state in OrderState for action in OrderAction]


@pytest.mark.parametrize(("state", "action"), EDGES)
def test_every_edge_of_the_table_and_no_other(
    database: Database, state: OrderState, action: OrderAction
) -> None:
    order_id = bring_to(database, state)
    edge = TRANSITIONS[action]
    with database.session() as session:
        before = len(work_orders.history_of(session, order_id))
        version = work_orders.get(session, order_id).version
    if state not in edge.sources:
        with pytest.raises(TransitionError) as raised:
            move(database, order_id, action)
        assert str(action) not in raised.value.allowed
        assert set(raised.value.allowed) == {str(a) for a, e in TRANSITIONS.items() if state in e.sources}
        grown = 0
    else:
        row = move(database, order_id, action, START + MINUTE)
        assert (row.state, row.version, row.changed_at) == (edge.target, version + 1, START + MINUTE)
        grown = 1
    with database.session() as session:
        history = work_orders.history_of(session, order_id)
        assert len(history) == before + grown
        if grown:
            newest = history[0]
            assert (newest.action, newest.from_state, newest.to_state) == (action, state, edge.target)
            assert (newest.by, newest.at) == ("wang", START + MINUTE)
            assert "why" in newest.note


@pytest.mark.parametrize("action", [a for a, e in TRANSITIONS.items() if e.role is Role.ENGINEER])
def test_a_technician_does_not_end_an_order(database: Database, action: OrderAction) -> None:
    state = next(iter(sorted(TRANSITIONS[action].sources)))
    order_id = bring_to(database, state)
    with pytest.raises(TransitionError):
        move(database, order_id, action, role=Role.TECHNICIAN)


def test_times_are_stamped(database: Database) -> None:
    order_id, _ = open_order(database)
    for hour, action in enumerate(
        ("assign", "start", "hold", "resume", "complete", "reopen", "complete", "close"), start=1
    ):
        row = move(database, order_id, OrderAction(action), START + hour * HOUR)
        if action == "reopen":
            assert row.completed_at is None
    assert (row.started_at, row.completed_at, row.closed_at) == (
        START + 2 * HOUR,
        START + 7 * HOUR,
        START + 8 * HOUR,
    )
    assert row.assignee == "chen"


def test_an_order_is_not_reopened_beside_another_of_its_fault(database: Database) -> None:
    order_id = bring_to(database, OrderState.COMPLETED)
    second, _ = open_order(database, replace(FAULT, source="alarm:1:2"))
    with pytest.raises(ConflictError, match=f"work order {second}"):
        move(database, order_id, OrderAction.REOPEN)
    move(database, second, OrderAction.CANCEL)
    assert move(database, order_id, OrderAction.REOPEN).state == "in_progress"


def test_assigning_needs_somebody(database: Database) -> None:
    order_id, _ = open_order(database)
    with pytest.raises(ConflictError), database.transaction() as session:
        work_orders.move(session, order_id, OrderAction.ASSIGN, by="wang", role=Role.ADMIN, now=START)


def test_comments_and_the_checklist(database: Database) -> None:
    order_id, _ = open_order(database)
    with database.transaction() as session:
        row = work_orders.comment(session, order_id, " bring a seal ", by="chen", now=START + HOUR)
        assert (row.version, row.changed_at) == (2, START + HOUR)
        row = work_orders.check_task(session, order_id, 0, by="chen", now=START, done=True)
        row = work_orders.check_task(session, order_id, 1, by="chen", now=START, done=True, value=31.5)
        assert row.version == 4
    with database.session() as session:
        row = work_orders.get(session, order_id)
        assert [(task["done"], task["value"], task["by"]) for task in row.checklist] == [
            (True, None, "chen"),
            (True, 31.5, "chen"),
        ]
        newest = work_orders.history_of(session, order_id)[0]
        assert (newest.action, newest.note) == ("comment", "bring a seal")
    wrong = [
        lambda s: work_orders.comment(s, order_id, "  ", by="c", now=START),
        lambda s: work_orders.check_task(s, order_id, 1, by="c", now=START, done=True),
        lambda s: work_orders.check_task(s, order_id, 2, by="c", now=START, done=True),
        lambda s: work_orders.check_task(s, order_id, -1, by="c", now=START, done=True),
    ]
    for attempt in wrong:
        with pytest.raises(ConflictError), database.transaction() as session:
            attempt(session)
    move(database, order_id, OrderAction.CANCEL)
    with pytest.raises(ConflictError), database.transaction() as session:
        work_orders.check_task(session, order_id, 0, by="c", now=START, done=False)


def test_an_order_that_is_not_there(database: Database) -> None:
    for attempt in (
        lambda s: work_orders.get(s, 99),
        lambda s: work_orders.comment(s, 99, "x", by="c", now=START),
        lambda s: work_orders.move(s, 99, OrderAction.START, by="c", role=Role.ADMIN, now=START),
    ):
        with pytest.raises(NotFoundError), database.transaction() as session:
            attempt(session)


def test_open_orders_are_counted_by_place(database: Database) -> None:
    open_order(database)
    open_order(database, replace(FAULT, source="b", fault="burst"))
    open_order(database, replace(FAULT, source="c", fault=None, equipment_id=None))
    closed, _ = open_order(database, replace(FAULT, source="d", equipment_id=2))
    move(database, closed, OrderAction.CANCEL)
    with database.session() as session:
        assert work_orders.count_open(session) == {("north", 1): 2, ("north", None): 1}
        assert work_orders.newest_of_alarm(session, 1) == 1
        assert work_orders.newest_of_alarm(session, 2) is None

"""Alarm changes become alarms and orders once, however often they come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plantroom.alarms import AlarmEvent, AlarmState
from plantroom.catalogue import Catalogue, load_catalogue
from plantroom.metrics import Metrics
from plantroom.model import PointTable
from plantroom.site_file import load_site_file
from plantroom.stores.records import Database, alarms, plans, work_orders
from plantroom.stores.records.property import import_sites, load_table
from plantroom.stores.records.tables import AlarmEventRow, AlarmRow, WorkOrderRow
from plantroom.times import DAY, HOUR, SECOND
from plantroom.work_orders import OrderAction, Role
from rules.dispatch import Dispatcher
from rules.engine import AlarmChange
from tests.servers.databases import open_database

T0 = 1_780_000_000 * SECOND
SITE = """\
sites:
  - key: hq
    name: {en: Headquarters, zh: 总部}
    zone: Asia/Shanghai
    equipment:
      - {key: p1, class: pump, name: {en: Pump one, zh: 一号泵}, criticality: A}
      - key: p2
        class: pump
        name: {en: Pump two, zh: 二号泵}
        criticality: C
        rules: {low_flow: {severity: minor}}
"""


@dataclass
class Bench:
    """A database with two pumps, and a dispatcher on it."""

    database: Database
    catalogue: Catalogue
    table: PointTable
    dispatcher: Dispatcher

    def id(self, key: str) -> int:
        return self.table.equipment_by_path[f"hq/{key}"].id

    def apply(self, *changes: AlarmChange) -> None:
        with self.database.transaction() as session:
            self.dispatcher.apply(session, changes)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    catalogue = load_catalogue()
    (tmp_path / "site.yaml").write_text(SITE)
    database = open_database(tmp_path)
    with database.transaction() as session:
        import_sites(session, load_site_file(tmp_path / "site.yaml", catalogue), catalogue, T0)
    with database.session() as session:
        table = load_table(session, catalogue)
    yield Bench(database, catalogue, table, Dispatcher(catalogue, lambda: table, Metrics()))
    database.close()


def change(bench: Bench, key: str, event: AlarmEvent, seconds: int, rule: str = "low_flow") -> AlarmChange:
    return AlarmChange(bench.id(key), rule, event, T0 + seconds * SECOND, {"flow": 20.0})


def count(session: Session, table: type[AlarmRow | WorkOrderRow | AlarmEventRow]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_raise_opens_one_order_with_what_the_rule_says(bench: Bench) -> None:
    bench.apply(change(bench, "p1", AlarmEvent.RAISE, 10))
    with bench.database.session() as session:
        (alarm,) = session.scalars(alarms.query()).all()
        (order,) = session.scalars(work_orders.query()).all()
    assert (alarm.state, alarm.active, alarm.occurrences) == (AlarmState.UNACKNOWLEDGED, True, 1)
    assert alarm.raised_ts == T0 + 10 * SECOND
    assert (order.rule, order.skill, order.state, order.priority) == ("low_flow", "water", "open", 2)
    assert order.title_en == "Low flow: Pump one"
    assert order.title_zh == "流量偏低：一号泵"
    assert order.readings == {"flow": 20.0}
    assert order.opened_at == T0 + 10 * SECOND
    assert order.due_at == T0 + 10 * SECOND + 3 * HOUR
    assert len(order.checklist) >= 3
    assert {"cause", "consequence", "remedy", "when", "source"} <= order.problem.keys()


def test_the_same_changes_again_do_nothing(bench: Bench) -> None:
    changes = (
        change(bench, "p1", AlarmEvent.RAISE, 10),
        change(bench, "p1", AlarmEvent.CLEAR, 90),
        change(bench, "p1", AlarmEvent.RAISE, 200),
    )
    bench.apply(*changes)
    with bench.database.session() as session:
        before = [count(session, table) for table in (AlarmRow, WorkOrderRow, AlarmEventRow)]
    bench.apply(*changes)
    with bench.database.session() as session:
        assert (
            [count(session, table) for table in (AlarmRow, WorkOrderRow, AlarmEventRow)]
            == before
            == [1, 1, 3]
        )


def test_a_second_occurrence_joins_the_open_order(bench: Bench) -> None:
    bench.apply(change(bench, "p1", AlarmEvent.RAISE, 10), change(bench, "p1", AlarmEvent.CLEAR, 90))
    bench.apply(change(bench, "p1", AlarmEvent.RAISE, 200))
    with bench.database.session() as session:
        (order,) = session.scalars(work_orders.query()).all()
        assert [item.ts for item in work_orders.occurrences_of(session, order.id)] == [
            T0 + 10 * SECOND,
            T0 + 200 * SECOND,
        ]
        assert [item.action for item in work_orders.history_of(session, order.id)] == ["recur", "open"]


def test_after_the_order_is_closed_the_fault_opens_another(bench: Bench) -> None:
    bench.apply(change(bench, "p1", AlarmEvent.RAISE, 10), change(bench, "p1", AlarmEvent.CLEAR, 90))
    with bench.database.transaction() as session:
        (order,) = session.scalars(work_orders.query()).all()
        for action in (OrderAction.ASSIGN, OrderAction.START, OrderAction.COMPLETE, OrderAction.CLOSE):
            work_orders.move(
                session, order.id, action, by="li", role=Role.ADMIN, now=T0 + DAY, note="done", assignee="li"
            )
    bench.apply(change(bench, "p1", AlarmEvent.RAISE, 100_000))
    with bench.database.session() as session:
        assert sorted(row.state for row in session.scalars(work_orders.query())) == ["closed", "open"]


def test_a_warning_and_its_alarm_share_one_order(bench: Bench) -> None:
    bench.apply(change(bench, "p1", AlarmEvent.RAISE, 10, "bearing_warn"))
    bench.apply(change(bench, "p1", AlarmEvent.RAISE, 90, "bearing_alarm"))
    with bench.database.session() as session:
        assert sorted(row.rule for row in session.scalars(alarms.query())) == [
            "bearing_alarm",
            "bearing_warn",
        ]
        (order,) = session.scalars(work_orders.query()).all()
        assert (order.rule, order.fault, order.priority) == ("bearing_warn", "bearing", 1)
        assert len(work_orders.occurrences_of(session, order.id)) == 2
        (warm, hot) = sorted(session.scalars(alarms.query()), key=lambda row: row.id)
        assert work_orders.newest_of_alarm(session, warm.id) == order.id
        assert work_orders.newest_of_alarm(session, hot.id) == order.id


def test_a_severity_override_holds_for_alarm_and_priority(bench: Bench) -> None:
    bench.apply(change(bench, "p2", AlarmEvent.RAISE, 10))
    with bench.database.session() as session:
        (alarm,) = session.scalars(alarms.query()).all()
        (order,) = session.scalars(work_orders.query()).all()
    assert (alarm.severity, order.priority) == (2, 5)


def test_a_shelved_alarm_is_followed_and_calls_for_its_order_when_it_comes_back(bench: Bench) -> None:
    bench.apply(change(bench, "p1", AlarmEvent.RAISE, 10), change(bench, "p1", AlarmEvent.CLEAR, 20))
    with bench.database.transaction() as session:
        (alarm,) = session.scalars(alarms.query()).all()
        (order,) = session.scalars(work_orders.query()).all()
        work_orders.move(
            session, order.id, OrderAction.CANCEL, by="li", role=Role.ADMIN, now=T0, note="not needed"
        )
        alarms.act(
            session, alarm.id, AlarmEvent.SHELVE, by="li", now=T0 + 30 * SECOND, until=T0 + HOUR, note="works"
        )
    bench.apply(change(bench, "p1", AlarmEvent.RAISE, 100))
    with bench.database.transaction() as session:
        (alarm,) = session.scalars(alarms.query()).all()
        assert (alarm.state, alarm.active) == (AlarmState.SHELVED, True)
        assert count(session, WorkOrderRow) == 1
        assert bench.dispatcher.call_for_waiting(session) == 0
        assert alarms.unshelve_expired(session, T0 + HOUR) == 1
        assert bench.dispatcher.call_for_waiting(session) == 1
        assert bench.dispatcher.call_for_waiting(session) == 0
    with bench.database.session() as session:
        assert count(session, WorkOrderRow) == 2


def test_changes_of_what_is_no_longer_there_are_passed_over(bench: Bench) -> None:
    bench.apply(
        AlarmChange(999, "low_flow", AlarmEvent.RAISE, T0, {}),
        AlarmChange(bench.id("p1"), "no_such_rule", AlarmEvent.RAISE, T0, {}),
    )
    with bench.database.session() as session:
        assert count(session, AlarmRow) == 0


def test_due_plans_open_their_orders_once(bench: Bench) -> None:
    later = T0 + 400 * DAY
    with bench.database.transaction() as session:
        first = plans.open_due(session, bench.table, bench.catalogue, later)
    with bench.database.transaction() as session:
        again = plans.open_due(session, bench.table, bench.catalogue, later)
    pump_plans = len(bench.catalogue["pump"].plans)
    assert len(first) == 2 * pump_plans
    assert again == []
    assert {order.kind for order in first} == {"preventive"}
    assert all(order.checklist for order in first)

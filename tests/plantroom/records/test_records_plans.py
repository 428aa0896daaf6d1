"""Maintenance plans in the database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from plantroom.catalogue.loader import Catalogue
from plantroom.stores.records import Database, plans, work_orders
from plantroom.stores.records import property as properties
from plantroom.stores.records.tables import PlanRow, WorkOrderRow
from plantroom.times import DAY, HOUR, from_datetime, to_iso
from plantroom.work_orders import OrderAction, Role
from tests.plantroom.records.kit import START, catalogue, import_text

APRIL = from_datetime(datetime(2026, 4, 1, 8, tzinfo=UTC))
ONE = """
sites:
  - key: south
    name: {en: South, zh: 南}
    zone: Europe/Berlin
    equipment:
      - {key: mill-1, class: mill, name: {en: Mill, zh: 磨}, criticality: A}
"""


@pytest.fixture
def one(empty: Database, tmp_path: Path) -> Database:
    """A database with one mill in Berlin."""
    import_text(empty, tmp_path, ONE)
    return empty


def open_due(database: Database, now: int, classes: Catalogue | None = None) -> list[WorkOrderRow]:
    found = classes or catalogue()
    with database.transaction() as session:
        return plans.open_due(session, properties.load_table(session, found), found, now)


def floating() -> Catalogue:
    mill = catalogue()["mill"]
    plan = mill.plans[0].model_copy(update={"floating": True})
    return Catalogue({**catalogue().classes, "mill": mill.model_copy(update={"plans": (plan,)})})


def test_nothing_is_due_before_its_time(one: Database) -> None:
    # 1 March 08:00 UTC is 09:00 in Berlin; summer time begins on the 29th, so 1 April 09:00 is 07:00 UTC
    assert open_due(one, APRIL - HOUR - 1) == []
    assert len(open_due(one, APRIL - HOUR)) == 1


def test_a_due_plan_opens_one_order_with_its_tasks(one: Database) -> None:
    (row,) = open_due(one, APRIL)
    assert (row.kind, row.plan, row.priority, row.opened_by) == ("preventive", "monthly", 3, "plan")
    assert (row.title_en, row.title_zh) == ("Monthly check: Mill", "月检：磨")
    assert to_iso(row.due_at) == "2026-04-04T07:00:00.000Z"
    assert [(task["en"], task["done"]) for task in row.checklist] == [("Listen", False)]


def test_run_twice_or_by_two_it_opens_each_once(one: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        opened = [len(found) for found in pool.map(lambda _: open_due(one, APRIL), range(4))]
    assert sorted(opened) == [0, 0, 0, 1]
    assert open_due(one, APRIL + DAY) == []


def test_run_late_it_opens_the_latest_and_says_what_was_missed(one: Database) -> None:
    (row,) = open_due(one, START + 100 * DAY)  # 9 June: due in April, May and June
    assert row.problem["missed"] == 2
    with one.session() as session:
        assert to_iso(session.scalars(select(PlanRow)).one().last_due or 0) == "2026-06-01T07:00:00.000Z"
    assert open_due(one, START + 110 * DAY) == []


def test_a_lost_mark_of_progress_does_not_open_it_again(one: Database) -> None:
    open_due(one, APRIL)
    with one.transaction() as session:
        session.scalars(select(PlanRow)).one().last_due = None
    assert open_due(one, APRIL) == []


def test_a_month_later_the_next_is_due(one: Database) -> None:
    open_due(one, APRIL)
    assert len(open_due(one, APRIL + 30 * DAY)) == 1


def complete(database: Database, order_id: int, now: int) -> None:
    with database.transaction() as session:
        for action in (OrderAction.ASSIGN, OrderAction.START, OrderAction.COMPLETE):
            work_orders.move(
                session, order_id, action, by="chen", role=Role.ADMIN, now=now, note="n", assignee="chen"
            )


def test_a_floating_plan_counts_from_when_it_was_done(one: Database) -> None:
    (row,) = open_due(one, APRIL, floating())
    assert open_due(one, APRIL + 90 * DAY, floating()) == []  # one at a time
    done = APRIL + 20 * DAY
    complete(one, row.id, done)
    with one.session() as session:
        assert session.scalars(select(PlanRow)).one().last_done == done
    assert open_due(one, done + 29 * DAY, floating()) == []
    assert len(open_due(one, done + 31 * DAY, floating())) == 1


def test_retired_equipment_has_no_maintenance(one: Database, tmp_path: Path) -> None:
    import_text(one, tmp_path, ONE.replace("mill-1", "mill-2"), START)
    opened = open_due(one, APRIL)
    assert [row.title_en for row in opened] == ["Monthly check: Mill"]
    with one.session() as session:
        table = properties.load_table(session, catalogue())
        status = plans.status_of(session, table, catalogue())
    assert [item.equipment.key for item in status] == ["mill-2"]


def test_the_status_of_one_equipment(database: Database) -> None:
    with database.session() as session:
        table = properties.load_table(session, catalogue())
        mill = table.equipment_by_path["north/mill-2"]
        (status,) = plans.status_of(session, table, catalogue(), mill.id)
        everything = plans.status_of(session, table, catalogue())
    assert (status.equipment.id, status.spec.key, status.last_done) == (mill.id, "monthly", None)
    assert to_iso(status.next_due) == "2026-04-01T08:00:00.000Z"
    assert len(everything) == 3
    assert [item.next_due for item in everything] == sorted(item.next_due for item in everything)

"""Two schedulers at once on one database, in processes of their own: every order once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from plantroom.alarms import AlarmEvent
from plantroom.metrics import Metrics
from plantroom.stores.records import Database, alarms
from plantroom.stores.records.property import load_table
from plantroom.stores.records.tables import AlarmRow, OccurrenceRow, OutboxRow, PlanRow, WorkOrderRow
from plantroom.times import HOUR, SECOND
from rules.dispatch import Dispatcher
from rules.engine import AlarmChange
from tests.plantroom.records.kit import START, catalogue, import_file
from tests.rules.scheduler_child import jobs_at
from tests.servers.databases import open_database

CHILD = Path(__file__).parent / "scheduler_child.py"
TURNS = 12

pytestmark = pytest.mark.slow


def with_work(database: Database) -> None:
    """Prepare a property with plans that come due, and alarms that come back from the shelf in fault."""
    database.migrate()
    import_file(database)
    with database.session() as session:
        table = load_table(session, catalogue())
    dispatcher = Dispatcher(catalogue(), lambda: table, Metrics())
    mills = [item for item in table.equipment if item.equipment_class == "mill"]

    def apply(event: AlarmEvent, second: int) -> None:
        changes = [AlarmChange(item.id, "low_flow", event, START + second * SECOND, {}) for item in mills]
        with database.transaction() as session:
            dispatcher.apply(session, changes)

    apply(AlarmEvent.RAISE, 0)
    apply(AlarmEvent.CLEAR, 1)
    with database.transaction() as session:
        for row in session.scalars(alarms.query().order_by(AlarmRow.id)).all():
            alarms.act(
                session, row.id, AlarmEvent.SHELVE, by="li", now=START + 2 * SECOND, until=START + HOUR
            )
    apply(AlarmEvent.RAISE, 3)


def test_two_at_once_open_what_one_would_have(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("alone", "together")]
    for folder in folders:
        folder.mkdir()
    alone, together = (open_database(folder, with_work) for folder in folders)
    for turn in range(TURNS):
        for job in jobs_at(alone, START, turn):
            job()
    opened = run_two(together, folders[1])
    expected = left_in(alone)
    assert left_in(together) == expected
    assert opened == sum(expected["preventive"].values()) >= 2 * 3
    assert set(expected["calls"].values()) == {1}
    assert set(expected["corrective"].values()) == {1}
    alone.close()
    together.close()


def run_two(database: Database, folder: Path) -> int:
    """How many preventive orders two schedulers say that they opened."""
    command = [sys.executable, CHILD, database.url, folder / "go", str(START), str(TURNS)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    (folder / "go").touch()
    said = [child.communicate(timeout=90)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    return sum(int(text) for text in said)


def left_in(database: Database) -> dict[str, Counter[object]]:
    """What the schedulers left, without ids."""
    with database.session() as session:
        orders = session.scalars(select(WorkOrderRow)).all()
        plans = session.execute(select(PlanRow.equipment_id, PlanRow.plan, PlanRow.last_due))
        return {
            "preventive": Counter((row.equipment_id, row.plan, row.due_at) for row in orders if row.plan),
            "corrective": Counter((row.equipment_id, row.fault) for row in orders if row.fault),
            "calls": Counter(session.scalars(select(OccurrenceRow.source))),
            "told": Counter(session.scalars(select(OutboxRow.kind))),
            "plans": Counter(tuple(row) for row in plans),
        }

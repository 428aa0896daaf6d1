"""The same readings, replayed into another database, leave the same alarms and orders, byte for byte."""

import json
from pathlib import Path
from random import Random

import everything
import pytest
from everything import CATALOGUE, LATENESS, Reading
from sqlalchemy import select

from plantroom.metrics import Metrics
from plantroom.readings import ReadingBatch
from plantroom.site_file import load_site_file
from plantroom.stores.records.property import import_sites, load_table
from plantroom.stores.records.tables import (
    AlarmEventRow,
    AlarmRow,
    Base,
    OccurrenceRow,
    OrderEventRow,
    WorkOrderRow,
)
from plantroom.times import SECOND
from rules.dispatch import Dispatcher
from rules.engine import Engine
from rules.runner import Runner
from tests.servers.databases import open_database

SITE = """\
sites:
  - key: site
    name: {en: Site, zh: x}
    zone: Europe/Berlin
    equipment:
      - {key: plant, class: plant, name: {en: Plant, zh: x}}
      - {key: thing-1, class: thing, name: {en: One, zh: x}, served_by: plant, parent: plant}
      - {key: thing-2, class: thing, name: {en: Two, zh: x}, served_by: plant, parent: plant}
"""
LOGS: tuple[type[Base], ...] = (AlarmRow, AlarmEventRow, WorkOrderRow, OrderEventRow, OccurrenceRow)


def replay(folder: Path, parts: list[list[Reading]], end: int) -> dict[str, bytes]:
    """Every row that the rules left of readings that came in these batches, by table."""
    folder.mkdir()
    (folder / "site.yaml").write_text(SITE)
    database = open_database(folder)
    with database.transaction() as session:
        import_sites(session, load_site_file(folder / "site.yaml", CATALOGUE), CATALOGUE, everything.START)
    with database.session() as session:
        table = load_table(session, CATALOGUE)
    metrics = Metrics()
    engine = Engine(CATALOGUE, table, lateness=LATENESS * SECOND)
    dispatcher = Dispatcher(CATALOGUE, lambda: table, metrics)
    runner = Runner(engine, dispatcher, database, metrics, checkpoint_every=10 * SECOND)
    keys = {item.id: item.key for item in everything.EQUIPMENT}
    for part in parts:
        batch = ReadingBatch.of(
            [table.id_of("site", keys[equipment], key) for equipment, key, _, _, _ in part],
            [everything.START + at * SECOND for _, _, at, _, _ in part],
            [value for _, _, _, value, _ in part],
            [quality for _, _, _, _, quality in part],
        )
        runner.on_stored(batch, everything.NOW)
    runner.pass_time(end, end - everything.START)
    with database.session() as session:
        found = {
            row.__tablename__: session.execute(
                select(row.__table__).order_by(*row.__table__.primary_key)
            ).all()
            for row in LOGS
        }
    database.close()
    return {
        name: json.dumps([list(row) for row in rows], default=str).encode() for name, rows in found.items()
    }


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_s1_replaying_gives_byte_equal_logs(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    rows = everything.rows_of(Random(1000 + seed))
    end = everything.NOW + 3 * 3600 * SECOND
    parts = everything.split(everything.arrival(rows, random), random)
    first = replay(tmp_path / "first", parts, end)
    assert first["alarm_events"].count(b'"raise"') > 3
    assert first["work_orders"] != b"[]" != first["order_events"]
    assert replay(tmp_path / "second", parts, end) == first
    otherwise = everything.split(everything.arrival(rows, random), random)
    assert replay(tmp_path / "otherwise", otherwise, end) == first

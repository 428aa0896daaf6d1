"""The rules over a stream: what a restart at any moment leaves is what no restart would have left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from plantroom.catalogue import Catalogue, load_catalogue
from plantroom.errors import StoreUnavailableError
from plantroom.metrics import Metrics
from plantroom.model import PointTable
from plantroom.readings import ReadingBatch
from plantroom.site_file import load_site_file
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.stores.records import checkpoints
from plantroom.stores.records.property import import_sites, load_table
from plantroom.stores.records.tables import AlarmEventRow, AlarmRow, OccurrenceRow, WorkOrderRow
from plantroom.times import SECOND
from rules.dispatch import Dispatcher
from rules.engine import Engine
from rules.runner import CHECKPOINT, Runner
from tests.servers.databases import open_database

T0 = 1_780_000_000 * SECOND
SITE = """\
sites:
  - key: hq
    name: {en: Headquarters, zh: 总部}
    zone: UTC
    equipment:
      - {key: p1, class: pump, name: {en: Pump one, zh: 一号泵}, parameters: {rated_flow: 50 m3/h}}
"""


class Plant:
    """One data folder, and as many starts on it as a test wants."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        folder.mkdir()
        (folder / "site.yaml").write_text(SITE)
        self.catalogue = catalogue
        self.database = open_database(folder)
        self.store = DuckdbStore(folder / "readings.duckdb")
        with self.database.transaction() as session:
            import_sites(session, load_site_file(folder / "site.yaml", catalogue), catalogue, T0)
        with self.database.session() as session:
            self.table: PointTable = load_table(session, catalogue)

    def start(self, every: int = 5 * SECOND) -> Runner:
        metrics = Metrics()
        dispatcher = Dispatcher(self.catalogue, lambda: self.table, metrics)
        engine = Engine(self.catalogue, self.table)
        runner = Runner(engine, dispatcher, self.database, metrics, checkpoint_every=every)
        runner.recover(self.store, T0)
        return runner

    def batch(self, second: int) -> ReadingBatch:
        """One second of the pump: its flow is low from 20 to 120 and again from 200 to 300."""
        low = 20 <= second < 120 or 200 <= second < 300
        ids = [self.table.id_of("hq", "p1", key) for key in ("running", "flow")]
        ts = np.full(2, T0 + second * SECOND)
        return ReadingBatch.of(ids, ts, [1.0, 20.0 if low else 50.0])

    def log(self) -> list[tuple[object, ...]]:
        """Everything that the rules left, without ids."""
        with self.database.session() as session:
            events = session.execute(
                select(AlarmRow.rule, AlarmEventRow.event, AlarmEventRow.at, AlarmEventRow.to_state)
                .join(AlarmRow, AlarmRow.id == AlarmEventRow.alarm_id)
                .order_by(AlarmEventRow.at, AlarmEventRow.id)
            ).all()
            orders = session.execute(
                select(WorkOrderRow.rule, WorkOrderRow.opened_at, WorkOrderRow.title_en, WorkOrderRow.state)
            ).all()
            calls = session.execute(select(OccurrenceRow.ts).order_by(OccurrenceRow.ts)).all()
        return [tuple(row) for rows in (events, orders, calls) for row in rows]

    def close(self) -> None:
        self.store.close()
        self.database.close()


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def undisturbed(tmp_path: Path, catalogue: Catalogue) -> Iterator[list[tuple[object, ...]]]:
    plant = Plant(tmp_path / "undisturbed", catalogue)
    runner = plant.start()
    for second in range(0, 400, 5):
        batch = plant.batch(second)
        plant.store.append(batch)
        runner.on_stored(batch, T0 + second * SECOND)
    yield plant.log()
    plant.close()


def test_the_story_has_two_occurrences_in_one_order(undisturbed: list[tuple[object, ...]]) -> None:
    raises = [row for row in undisturbed if "raise" in row]
    assert [row[2] for row in raises] == [T0 + 50 * SECOND, T0 + 230 * SECOND]
    assert [row[1] for row in undisturbed if row[-1] == "open"] == [T0 + 50 * SECOND]


@pytest.mark.parametrize("every", [1, 7 * SECOND, 1000 * SECOND])
@pytest.mark.parametrize("died_at", [5, 30, 45, 50, 55, 130, 180, 230])
def test_a_restart_at_any_moment_changes_nothing(
    tmp_path: Path, catalogue: Catalogue, undisturbed: list[tuple[object, ...]], died_at: int, every: int
) -> None:
    plant = Plant(tmp_path / "killed", catalogue)
    runner = plant.start(every)
    for second in range(0, 400, 5):
        batch = plant.batch(second)
        plant.store.append(batch)
        if second == died_at:
            runner = plant.start(every)  # the old one is gone with its memory, this batch unseen by it
        runner.on_stored(batch, T0 + second * SECOND)
    assert plant.log() == undisturbed
    plant.close()


def test_a_database_that_is_away_loses_no_change(
    tmp_path: Path,
    catalogue: Catalogue,
    undisturbed: list[tuple[object, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant = Plant(tmp_path / "away", catalogue)
    runner = plant.start(1000 * SECOND)
    real = runner._dispatcher.apply
    for second in range(0, 400, 5):
        batch = plant.batch(second)
        plant.store.append(batch)
        if 45 <= second < 60:
            monkeypatch.setattr(runner._dispatcher, "apply", _refuse)
            if second == 50:
                with pytest.raises(StoreUnavailableError):
                    runner.on_stored(batch, T0 + second * SECOND)
        else:
            monkeypatch.setattr(runner._dispatcher, "apply", real)
        try:
            runner.on_stored(batch, T0 + second * SECOND)
        except StoreUnavailableError:
            assert second >= 50
    assert plant.log() == undisturbed
    plant.close()


def _refuse(*_: object) -> None:
    raise StoreUnavailableError("the database is locked")


def test_a_checkpoint_that_cannot_be_read_is_replaced(tmp_path: Path, catalogue: Catalogue) -> None:
    plant = Plant(tmp_path / "garbage", catalogue)
    runner = plant.start()
    for second in range(0, 60, 5):
        plant.store.append(plant.batch(second))
        runner.on_stored(plant.batch(second), T0 + second * SECOND)
    before = plant.log()
    with plant.database.transaction() as session:
        checkpoints.save(session, CHECKPOINT, b"not a checkpoint", T0)
    runner = plant.start()
    assert plant.log() == before
    pump = plant.table.equipment_by_path["hq/p1"].id
    assert runner.engine.state_of(pump)["low_flow"].status == "active"
    plant.close()


def test_a_second_of_silence_ends_the_waiting_for_stragglers(tmp_path: Path, catalogue: Catalogue) -> None:
    plant = Plant(tmp_path / "held", catalogue)
    runner = plant.start()
    runner.engine.lateness = 2 * SECOND
    runner.on_stored(plant.batch(0), T0)
    for second in range(20, 55, 5):
        runner.on_stored(plant.batch(second), T0 + second * SECOND)
    assert plant.log() == []  # the reading that completes the delay may still have company
    assert runner.pass_time(T0 + 50 * SECOND + SECOND // 2, SECOND // 2) == 0
    assert runner.pass_time(T0 + 52 * SECOND, 2 * SECOND) == 1
    assert [row[1:3] for row in plant.log() if "raise" in row] == [("raise", T0 + 50 * SECOND)]
    plant.close()


def test_a_minute_of_silence_lets_rules_of_whole_minutes_go_on(tmp_path: Path, catalogue: Catalogue) -> None:
    plant = Plant(tmp_path / "silent", catalogue)
    runner = plant.start()
    runner.on_stored(plant.batch(0), T0)
    opened = runner.engine.history.minute
    runner.pass_time(T0 + 30 * SECOND, 30 * SECOND)
    assert runner.engine.history.minute == opened
    runner.pass_time(T0 + 10 * 60 * SECOND, 10 * 60 * SECOND)
    assert runner.engine.history.minute == opened + 9
    plant.close()


def test_a_clock_that_is_set_makes_nobody_silent(tmp_path: Path, catalogue: Catalogue) -> None:
    plant = Plant(tmp_path / "clock", catalogue)
    runner = plant.start()
    runner.on_stored(plant.batch(0), T0)
    opened = runner.engine.history.minute
    an_hour_ahead = T0 + 3_600 * SECOND
    runner.pass_time(an_hour_ahead, 61 * SECOND)
    assert runner.engine.history.minute == opened  # a minute has passed, not an hour
    runner.pass_time(an_hour_ahead, 180 * SECOND)
    assert runner.engine.history.minute == opened + 2
    plant.close()

"""The runner with baselines: deviations are stored and judged in the same step, over restarts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from plantroom.catalogue import Catalogue, EquipmentClass
from plantroom.errors import StoreUnavailableError
from plantroom.metrics import Metrics
from plantroom.readings import ReadingBatch
from plantroom.site_file import load_site_file
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.stores.records import checkpoints
from plantroom.stores.records.property import import_sites, load_table
from plantroom.stores.records.tables import AlarmEventRow, AlarmRow
from plantroom.times import MINUTE, SECOND
from rules.baseline.watch import Watch
from rules.dispatch import Dispatcher
from rules.engine import Engine
from rules.runner import BASELINES, Runner
from tests.servers.databases import open_database

T0 = 1_780_000_020 * SECOND // MINUTE * MINUTE
NAME = {"en": "x", "zh": "x"}
SITE = """\
sites:
  - {key: hq, name: {en: H, zh: H}, zone: UTC, equipment: [{key: t1, class: thing, name: {en: One, zh: 一}}]}
"""
POINT = {
    "name": NAME,
    "source": "t",
    "kind": "analog",
    "valid": [-1e6, 1e6],
    "normal": [0, 100],
    "sample": "30s",
}
CLS = EquipmentClass.model_validate(
    {
        "key": "thing", "name": NAME, "system": "water", "team": NAME, "design_life_years": 9, "source": "t",
        "points": [
            {**POINT, "key": "flow", "unit": "m3/h"}, {**POINT, "key": "pressure", "unit": "bar"},
            {**POINT, "key": "deviation", "sample": "1min", "stale_after": "5min"},
        ],
        "baseline": {"points": ["flow", "pressure"], "learn": "150 min", "source": "t"},
        "rules": [
            {"key": "unusual", "name": NAME, "when": "deviation > 1", "on_delay": "5min",
             "deadband": {"deviation": "0.2"}, "severity": "advisory", "cause": NAME, "consequence": NAME,
             "remedy": NAME, "source": "t"}
        ],
    }
)  # fmt: skip


class Plant:
    """One data folder, and as many starts on it as a test wants."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "site.yaml").write_text(SITE, encoding="utf-8")
        self.catalogue = Catalogue({"thing": CLS})
        self.database = open_database(folder)
        self.store = DuckdbStore(folder / "readings.duckdb")
        with self.database.transaction() as session:
            import_sites(session, load_site_file(folder / "site.yaml", self.catalogue), self.catalogue, T0)
        with self.database.session() as session:
            self.table = load_table(session, self.catalogue)
        self.ids = {key: self.table.id_of("hq", "t1", key) for key in ("flow", "pressure", "deviation")}
        random = np.random.default_rng(4)
        load = np.convolve(random.standard_normal(520), np.ones(41) / np.sqrt(41), "valid")
        self.flow = 30 + 2 * load + random.standard_normal(480) * 0.4
        self.pressure = 5 - 0.3 * load + random.standard_normal(480) * 0.05
        self.pressure[400:440] += 0.5
        self.away = False

    def start(self, now: int = T0) -> Runner:
        dispatcher = Dispatcher(self.catalogue, lambda: self.table, Metrics())
        runner = Runner(
            Engine(self.catalogue, self.table), dispatcher, self.database, Metrics(),
            checkpoint_every=MINUTE, watch=Watch(self.catalogue, self.table), publish=self.publish,
        )  # fmt: skip
        runner.recover(self.store, now)
        return runner

    def publish(self, found: ReadingBatch) -> None:
        if self.away:
            raise StoreUnavailableError("the store is away")
        self.store.append(found)

    def batch(self, half: int) -> ReadingBatch:
        values = [self.flow[half], self.pressure[half]]
        return ReadingBatch.of(
            [self.ids["flow"], self.ids["pressure"]], [T0 + half * 30 * SECOND + SECOND] * 2, values
        )

    def run(self, died_at: tuple[int, ...] = (), away: range = range(0)) -> None:
        runner = self.start()
        for half in range(480):
            batch = self.batch(half)
            self.store.append(batch)
            if half in died_at:
                runner = self.start(batch.ts.max())
            self.away = half in away
            try:
                runner.on_stored(batch, T0 + half * 30 * SECOND)
            except StoreUnavailableError:
                assert half in away
                self.away = half + 1 in away
                runner.on_stored(batch, T0 + half * 30 * SECOND)

    def deviations(self) -> tuple[bytes, bytes]:
        found = self.store.range(np.array([self.ids["deviation"]], dtype=np.int32), 0, 2**62)
        return found.ts.tobytes(), found.value.tobytes()

    def events(self) -> list[tuple[object, ...]]:
        with self.database.session() as session:
            rows = session.execute(
                select(AlarmRow.rule, AlarmEventRow.event, AlarmEventRow.at, AlarmEventRow.readings)
                .join(AlarmRow, AlarmRow.id == AlarmEventRow.alarm_id)
                .order_by(AlarmEventRow.at, AlarmEventRow.id)
            ).all()
        return [tuple(row) for row in rows]

    def close(self) -> None:
        self.store.close()
        self.database.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    plant = Plant(tmp_path_factory.mktemp("baselines") / "undisturbed")
    plant.run()
    found = plant.deviations(), plant.events()
    plant.close()
    return found


def test_the_alarm_says_which_points_carried_the_deviation(undisturbed: tuple[object, ...]) -> None:
    events = undisturbed[1]
    assert [(rule, event) for rule, event, _, _ in events] == [("unusual", "raise"), ("unusual", "clear")]
    readings = events[0][3]
    assert readings["deviation"] > 1
    assert set(readings) == {"deviation", "deviation: flow", "deviation: pressure"}
    assert readings["deviation: flow"] + readings["deviation: pressure"] == pytest.approx(1)
    assert T0 + 200 * MINUTE + 5 * MINUTE <= events[0][2] <= T0 + 212 * MINUTE


def test_every_minute_after_learning_is_stored(undisturbed: tuple[object, ...]) -> None:
    ts = np.frombuffer(undisturbed[0][0], dtype=np.int64)
    assert ((ts - T0) // MINUTE).tolist() == list(range(151, 240))


@pytest.mark.parametrize("died_at", [(100,), (303, 304), (405, 421), (250, 409, 412, 430)])
def test_a_restart_at_any_moment_changes_nothing(
    tmp_path: Path, undisturbed: tuple[object, ...], died_at: tuple[int, ...]
) -> None:
    plant = Plant(tmp_path / "killed")
    plant.run(died_at)
    assert (plant.deviations(), plant.events()) == undisturbed
    plant.close()


@pytest.mark.parametrize("away", [range(398, 399), range(410, 411)])
def test_a_store_that_is_away_loses_no_deviation(
    tmp_path: Path, undisturbed: tuple[object, ...], away: range
) -> None:
    plant = Plant(tmp_path / "away")
    plant.run(away=away)
    assert (plant.deviations(), plant.events()) == undisturbed
    plant.close()


def test_baselines_that_cannot_be_read_are_learned_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plant = Plant(tmp_path / "damaged")
    runner = plant.start()
    for half in range(320):
        plant.store.append(plant.batch(half))
        runner.on_stored(plant.batch(half), T0 + half * 30 * SECOND)
    with plant.database.transaction() as session:
        checkpoints.save(session, BASELINES, b"not a checkpoint", T0)
    runner = plant.start(T0 + 160 * MINUTE)
    assert runner.watch is not None
    assert runner.watch.progress(plant.table.equipment[0].id).status == "learning"
    assert BASELINES in caplog.text
    plant.close()

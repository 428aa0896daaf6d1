"""Kill -9 of the collector under load: nothing lost, nothing doubled."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from collector.codecs.json_v1 import encode_equipment
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.times import system_clock
from tests.collector.broker import Mosquitto, Publisher
from tests.collector.kit import PUMP, load_table, until

ROOT = Path(__file__).parents[2]
KILLS = 25
VALUES = 2
"""Readings in a message."""


class Load(threading.Thread):
    """Publishes one message after another, some hundreds a second, until told to end."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.publisher = Publisher(port)
        self.start_ts = system_clock() - 86_400 * 10**9
        self.published = 0
        self.enough = threading.Event()

    def run(self) -> None:
        while not self.enough.wait(0.02):
            for _ in range(10):
                number = self.published
                values = {"flow": float(number % 200), "running": bool(number % 2)}
                self.publisher.publish(PUMP, encode_equipment(self.start_ts + number, values))
                self.published += 1


def begin(port: int, folder: Path, die_after: int, *spool: Path) -> subprocess.Popen[bytes]:
    arguments = [str(port), str(folder), str(die_after), *map(str, spool)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.collector.kill_child", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def kill_once(port: int, folder: Path, chance: random.Random, *, between: bool) -> None:
    """One life of the collector, ended between write and acknowledgement or at any time."""
    child = begin(port, folder, chance.randrange(1, 8) if between else 0)
    if not between:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.6))
        child.kill()
    assert child.wait(30) == -9


def writes(folder: Path) -> list[tuple[int, int, int]]:
    """(new, repeated, replaced) of every write of every life."""
    lines = (folder / "writes").read_text().splitlines()
    return [tuple(map(int, line.split())) for line in lines]  # type: ignore[misc]


@pytest.mark.mosquitto
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_25_kills_under_load(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(9)
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Mosquitto(folder)
    broker.start()
    end_life(begin(broker.port, tmp_path, 0))  # the session has to be there before the first message
    load = Load(broker.port)
    load.start()
    for number in range(KILLS):
        kill_once(broker.port, tmp_path, chance, between=number % 5 < 3)
    load.enough.set()
    load.join(30)
    load.publisher.wait(load.published)
    load.publisher.close()
    last = begin(broker.port, tmp_path, 0)
    until(Settled(tmp_path, load.published * VALUES), 60, "the last ones")
    end_life(last)
    broker.stop()

    store = DuckdbStore(tmp_path / "readings.duckdb")
    stored = store.range(None, 0, 2**62)
    store.close()
    keys = np.unique(np.stack([stored.point_id.astype(np.int64), stored.ts]), axis=1)
    table = load_table()
    wanted = load.start_ts + np.arange(load.published)
    lost = 0
    for key, values in (
        ("flow", np.arange(load.published) % 200),
        ("running", np.arange(load.published) % 2),
    ):
        of_point = stored.take(stored.point_id == table.id_of("hq", "pump-01", key))
        lost += len(np.setdiff1d(wanted, of_point.ts))
        assert np.array_equal(of_point.value, values[np.isin(wanted, of_point.ts)])
    doubled = len(stored) - keys.shape[1]
    repeated = sum(repeated for _, repeated, _ in writes(tmp_path))
    with capsys.disabled():
        print(
            f"\nkill -9 x {KILLS}: {load.publisher.acknowledged} messages published and acknowledged by the"
            f" broker, {load.published * VALUES} readings; stored {len(stored)}, lost {lost},"
            f" doubled {doubled}, delivered again after having been stored {repeated}"
        )
    assert load.publisher.acknowledged == load.published
    assert load.published > 1_000
    assert lost == 0
    assert doubled == 0
    assert len(stored) == load.published * VALUES
    assert repeated > 0  # or the kills have not hit between write and acknowledgement


class Settled:
    """Whether all readings are stored, or nothing has come for five seconds: then some are lost."""

    def __init__(self, folder: Path, wanted: int) -> None:
        self._folder, self._wanted = folder, wanted
        self._written, self._since = -1, time.monotonic()

    def __call__(self) -> bool:
        found = writes(self._folder)
        if len(found) != self._written:
            self._written, self._since = len(found), time.monotonic()
        return sum(new for new, _, _ in found) >= self._wanted or time.monotonic() - self._since > 5


def end_life(child: subprocess.Popen[bytes]) -> None:
    """Let the collector end in peace."""
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == b"connected\n"
    child.stdin.close()
    assert child.wait(30) == 0


SPOOL_KILLS = 8


@pytest.mark.mosquitto
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_kills_while_the_store_is_away_and_messages_wait_on_disk(tmp_path: Path) -> None:
    """What the broker has given away is in the spool alone."""
    chance = random.Random(10)
    folder, spool = tmp_path / "broker", tmp_path / "spool"
    folder.mkdir()
    broker = Mosquitto(folder)
    broker.start()
    end_life(begin(broker.port, tmp_path, 0, spool))
    away = tmp_path / "away"
    away.touch()
    load = Load(broker.port)
    load.start()
    for _ in range(SPOOL_KILLS):
        child = begin(broker.port, tmp_path, 0, spool)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0.0, 1.0))
        child.kill()
        assert child.wait(30) == -9
    load.enough.set()
    load.join(30)
    load.publisher.wait(load.published)
    load.publisher.close()
    on_disk = sum(path.stat().st_size for path in spool.glob("*.spool"))
    assert on_disk > 100 * load.published / 2
    away.unlink()
    last = begin(broker.port, tmp_path, 0, spool)
    until(Settled(tmp_path, load.published * VALUES), 60, "the last ones")
    end_life(last)
    broker.stop()
    store = DuckdbStore(tmp_path / "readings.duckdb")
    stored = store.range(None, 0, 2**62)
    store.close()
    assert len(stored) == load.published * VALUES
    assert len(np.setdiff1d(load.start_ts + np.arange(load.published), stored.ts)) == 0
    assert not list(spool.glob("*.spool"))

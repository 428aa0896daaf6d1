"""The whole product killed with -9 under load: what is left equals an undisturbed run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from plantroom.app import Application
from plantroom.stores.records.property import load_sites
from plantroom.times import MINUTE, SECOND, system_clock
from rules.engine import Engine
from simulators import DEMO_SITE
from simulators.fleet import Fleet
from simulators.publisher import Published, run
from simulators.story import faults_of_story
from tests.collector.broker import Mosquitto, free_port
from tests.e2e.conftest import alarm_log, has_stored, orders, running, settings_for, until

KILLS = 8

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow]


class Served:
    """`plantroom serve` in a process of its own, to be killed and started again."""

    def __init__(self, folder: Path, port: int) -> None:
        self._environment = os.environ | {
            "PLANTROOM_DATA": str(folder),
            "PLANTROOM_SITES": f'["{DEMO_SITE}"]',
            "PLANTROOM_MQTT__PORT": str(port),
            "PLANTROOM_HTTP__PORT": str(free_port()),
        }
        self._log = (folder.parent / "serve.log").open("ab")
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "plantroom.cli", "serve"]
        self._process = subprocess.Popen(command, env=self._environment, stdout=self._log, stderr=self._log)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def end(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)


def publish(fleet: Fleet, app: Application, done: list[Published]) -> None:
    done.append(run(fleet, app.settings.mqtt, speed=60, until=fleet.start + 28 * MINUTE))


def test_alarms_and_orders_equal_those_of_an_undisturbed_run(tmp_path: Path) -> None:
    chance = random.Random(7)
    broker = Mosquitto(tmp_path)
    broker.start()
    settings = settings_for(tmp_path / "data", broker.port, DEMO_SITE)
    start = system_clock() // SECOND * SECOND - 30 * MINUTE
    with running(settings) as app, app.database.session() as session:
        fleet = Fleet(app.table(), load_sites(session), start, faults=faults_of_story(start), only="demo")
    served = Served(settings.data, broker.port)
    sent: list[Published] = []
    publisher = threading.Thread(target=publish, args=(fleet, app, sent))
    publisher.start()
    for _ in range(KILLS):
        time.sleep(chance.uniform(2.0, 4.0))
        served.kill()
        served.start()
    publisher.join(120)
    assert sent
    assert sent[0].ts == fleet.start + 28 * MINUTE
    time.sleep(3)
    assert served.end() == 0
    with running(settings) as app:
        until("every acknowledged reading is stored", lambda: has_stored(app, sent[0].readings), 60)
        assert app.collector.stop()
        assert app.store.size() == sent[0].readings
        assert alarm_log(app) == undisturbed(app)
        opened = orders(app)
        assert len({(row.equipment_id, row.fault) for row in opened}) == len(opened)
        print(f"{KILLS} kills, {sent[0].readings:,} readings, {len(opened)} orders: none lost, none doubled")
    broker.stop()


def undisturbed(app: Application) -> list[tuple[str, str, str, int]]:
    """The changes that one engine finds in all that is stored."""
    stored = app.store.range(None, 0, system_clock() + MINUTE)
    changes = Engine(app.catalogue, app.table()).step(stored, system_clock())
    by_id = app.table().equipment_by_id
    return [(by_id[item.equipment_id].key, item.rule, item.event.value, item.ts) for item in changes]

"""One fault's scene: a real broker, the product in a process of its own, a simulated half hour of a building,
and the verdict over what is left of it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from plantroom.app import Application
from plantroom.readings import ReadingBatch
from plantroom.settings import MqttSettings, Settings
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.stores.records.property import load_sites
from plantroom.stores.records.tables import OccurrenceRow
from plantroom.stores.records.work_orders import query_occurrences
from plantroom.times import MINUTE, SECOND, system_clock
from simulators import DEMO_SITE
from simulators.fleet import Fleet
from simulators.publisher import Published, run
from simulators.story import faults_of_story
from tests.collector.broker import Mosquitto, free_port
from tests.e2e.conftest import alarm_log, has_stored, orders, running, settings_for, until

LASTING = 28 * MINUTE
"""Simulated time that a scene publishes; its story has a dozen faults."""
SAVING = "autosave_on_changes true\nautosave_interval 1"
"""What makes Mosquitto keep its session over a kill: see deploy/mosquitto.conf."""


class Served:
    """`plantroom serve` in a process of its own, to be killed and started again."""

    def __init__(self, folder: Path, mqtt_port: int, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        self._environment = os.environ | {
            "PLANTROOM_DATA": str(folder),
            "PLANTROOM_SITES": json.dumps([str(DEMO_SITE)]),
            "PLANTROOM_MQTT__PORT": str(mqtt_port),
            "PLANTROOM_HTTP__PORT": str(self.port),
            **variables,
        }
        self.log = folder.parent / "serve.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "plantroom.cli", "serve"],
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def ready(self) -> dict[str, bool]:
        """part -> whether it is ready; empty while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                told = json.load(answer)
        except urllib.error.HTTPError as refusal:
            told = json.load(refusal)
        except OSError:
            return {}
        return {part["name"]: part["ok"] for part in told["parts"]}

    def is_ready(self) -> bool:
        parts = self.ready()
        return bool(parts) and all(parts.values())

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def end(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)


class Scene:
    """A scene in `folder`, its data in `data`. `speed` is simulated time to wall time."""

    def __init__(
        self,
        folder: Path,
        *,
        speed: float,
        data: Path | None = None,
        broker: str = "",
        variables: Mapping[str, str] | None = None,
        publish: Callable[[Fleet, MqttSettings, float], Published] | None = None,
        door: Callable[[int], int] | None = None,
    ) -> None:
        """`publish` sends the fleet in another way than its own; `door` takes the broker's port and gives the
        one that the product shall use."""
        self.chance = random.Random(7)
        self.folder = folder
        self.broker = Mosquitto(folder, broker)
        self.broker.start()
        self.settings: Settings = settings_for(data or folder / "data", self.broker.port, DEMO_SITE)
        self._publish = publish or _publish
        self._speed = speed
        start = system_clock() // SECOND * SECOND - 30 * MINUTE
        # the first start makes the session on the broker, so that nothing is published to nobody
        with running(self.settings) as app, app.database.session() as session:
            self.fleet = Fleet(
                app.table(), load_sites(session), start, faults=faults_of_story(start), only="demo"
            )
        port = self.broker.port if door is None else door(self.broker.port)
        records = (
            {}
            if self.settings.database_url is None
            else {"PLANTROOM_DATABASE_URL": self.settings.database_url}
        )
        self.served = Served(self.settings.data, port, {**records, **(variables or {})})
        self._sent: list[Published] = []
        self._publisher = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        self._sent.append(self._publish(self.fleet, self.settings.mqtt, self._speed))

    def begin(self) -> None:
        """Start the product and, once it is ready, the readings."""
        self.served.start()
        until("the product is ready", self.served.is_ready, 60)
        self._publisher.start()

    @property
    def publishing(self) -> bool:
        return self._publisher.is_alive()

    def finish(self, seconds: float = 180.0) -> Published:
        """What was sent and acknowledged by the broker, after the last reading; the product has ended."""
        self._publisher.join(seconds)
        assert self._sent, "the readings did not come to their end"
        until("the product is ready", self.served.is_ready, 60)
        assert self.served.end() == 0, self.served.log.read_text()[-2000:]
        return self._sent[0]

    def judge(self, sent: Published) -> dict[str, int]:
        """Figures for people, after nothing was found lost, doubled or different from an undisturbed run."""
        with running(self.settings) as app:
            until("every acknowledged reading is stored", lambda: has_stored(app, sent.readings), 60)
            assert app.collector.stop()
            assert app.store.size() == sent.readings
            found = (alarm_log(app), told_orders(app))
        assert found == self.undisturbed()
        changes, opened = found
        assert len(changes) > 10, "the story should have raised alarms"
        return {"readings": sent.readings, "alarm changes": len(changes), "orders": len(opened)}

    def undisturbed(self) -> tuple[list[Any], list[Any]]:
        """The changes and orders of a product of its own that is handed all that was stored, at once."""
        folder = self.folder / "undisturbed"
        calm = settings_for(folder, self.broker.port, DEMO_SITE).model_copy(update={"lateness": 0})
        other = Application(calm)
        other.runner.on_stored(self.stored(), system_clock())
        other.runner.flush(system_clock())
        found = alarm_log(other), told_orders(other)
        other.stop()
        return found

    def stored(self, folder: Path | None = None) -> ReadingBatch:
        """Every reading in the data folder, by default the product's."""
        settings = self.settings.model_copy(update={"data": folder or self.settings.data})
        store = DuckdbStore(settings.readings_file)
        found = store.range(None, 0, system_clock() + 3_600 * SECOND)
        store.close()
        return found

    def close(self) -> None:
        self.broker.stop(signal.SIGKILL)


def _publish(fleet: Fleet, mqtt: MqttSettings, speed: float) -> Published:
    return run(fleet, mqtt, speed=speed, until=fleet.start + LASTING)


def told_orders(app: Application) -> list[tuple[Any, ...]]:
    """Each corrective order: equipment, fault, rule, priority, when opened, and what called for it when."""
    found = []
    with app.database.session() as session:
        for row in orders(app):
            calls = query_occurrences(row.id).order_by(OccurrenceRow.ts)
            times = tuple(call.ts for call in session.scalars(calls))
            key = row.equipment.key if row.equipment else None
            found.append((key, row.fault, row.rule, row.priority, row.opened_at, times))
    return sorted(found)

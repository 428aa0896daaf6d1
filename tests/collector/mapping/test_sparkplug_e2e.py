"""Eclipse Tahu's own client (npm: sparkplug-client) through a real Mosquitto into the collector."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.codecs.sparkplug_b import encode_rebirth
from collector.collector import Collector
from collector.mapping.layout import load_layouts
from collector.mapping.site_map import load_maps
from plantroom.metrics import Metrics
from plantroom.readings import Quality
from plantroom.settings import IngestSettings, MqttSettings
from plantroom.times import system_clock
from tests.collector.broker import Mosquitto
from tests.collector.kit import Handed, MemoryQuarantine, MemoryStore, load_table, until
from tests.servers.nodejs import EDGE, modules

pytestmark = [pytest.mark.mosquitto, pytest.mark.node]
TABLE = load_table()
POINTS = {
    "Flow": "flow",
    "Run": "running",
    "Bearing": {"point": "bearing_temperature", "unit": "degC"},
    "Starts": "starts",
    "Pressure": "discharge_pressure",
    "Mode": "elevator-01/mode",
}


class Edge:
    """The edge node, a process that does what it is told."""

    def __init__(self, port: int) -> None:
        found = modules()
        assert found is not None
        self.said: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.heard: list[str] = []
        self._process = subprocess.Popen(
            ["node", EDGE, str(port), "Plant", "gw1"],
            env=os.environ | {"NODE_PATH": str(found)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said.put(line.strip())

    def hears(self, word: str) -> None:
        while (said := self.said.get(timeout=20)) != word:
            self.heard.append(said)
            assert not said.startswith("error"), said

    def do(self, deed: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{deed}\n")
        self._process.stdin.flush()
        self.hears("done")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(10)


class Running:
    """A collector with a map of the edge node."""

    def __init__(self, port: int, folder: Path) -> None:
        path = folder / "maps.yaml"
        device = {"equipment": "pump-01", "points": POINTS}
        use = {"layout": "sparkplug_b", "site": "hq", "devices": {"Plant/gw1/Pump 7": device}}
        path.write_text(json.dumps({"maps": [use]}))
        self.store, self.quarantine = MemoryStore(), MemoryQuarantine()
        self._mqtt = MqttSettings(port=port, client_id="under-test")
        self._uses = load_maps([path], load_layouts(), TABLE)
        self.start()

    def start(self) -> None:
        self.metrics = Metrics()
        self.collector = Collector(
            self._mqtt,
            IngestSettings(),
            TABLE,
            self.store,
            self.quarantine,
            self.metrics,
            Handed(),
            uses=self._uses,
        )
        self.collector.start()
        until(lambda: self.collector.health().connected, what="the connection")

    def values(self, point: str, equipment: str = "pump-01") -> list[tuple[float, int]]:
        """(value, quality) of a point's readings, by time."""
        wanted = TABLE.id_of("hq", equipment, point)
        rows = {ts: row for (point_id, ts), row in dict(self.store.rows).items() if point_id == wanted}
        return [rows[ts] for ts in sorted(rows)]

    def gateway(self) -> bool | None:
        """Whether the node says that it is online."""
        found = {item.gateway: item.online for item in self.collector.gateways()}
        return found.get("Plant/gw1")

    def counted(self, outcome: str) -> float:
        found = self.metrics.registry.get_sample_value("plantroom_readings_total", {"outcome": outcome})
        return found or 0.0


@pytest.fixture
def running(broker: Mosquitto, tmp_path: Path) -> Iterator[Running]:
    made = Running(broker.port, tmp_path)
    yield made
    made.collector.stop()


@pytest.fixture
def edge(broker: Mosquitto, running: Running) -> Iterator[Edge]:
    made = Edge(broker.port)
    made.hears("born")
    made.hears("ready")
    yield made
    made.stop()


def test_births_data_quality_and_death(running: Running, edge: Edge) -> None:
    until(lambda: len(running.values("flow")) == 1, what="the birth's value")
    assert running.values("flow")[0] == (pytest.approx(1.5 * 0.06), 0)
    assert running.values("running") == [(1.0, 0)]
    assert running.values("bearing_temperature") == [(-5.0, 0)]
    assert running.values("starts") == [(12.0, 0)]
    assert running.values("discharge_pressure") == [(4.5, 0)]
    assert running.values("mode", "elevator-01") == [(2.0, 0)]
    assert running.gateway() is True
    edge.do("data 100 300")
    until(lambda: len(running.values("flow")) == 301, what="the data")
    assert running.values("flow")[1:] == [(pytest.approx(n * 0.06), 0) for n in range(100, 400)]
    edge.do("stale")
    until(lambda: len(running.values("discharge_pressure")) == 2, what="the stale value")
    assert running.values("discharge_pressure")[1] == (5.5, Quality.SOURCE)
    assert running.quarantine.kept == []
    (found,) = [item for item in running.collector.found.take() if item.device.endswith("Pump 7")]
    assert {item.name: item.unit for item in found.fields}["Flow"] == "L/min"
    edge.do("bye")
    until(lambda: running.gateway() is False, what="the death")


def test_a_restarted_collector_asks_for_the_births(running: Running, edge: Edge) -> None:
    until(lambda: len(running.values("flow")) == 1, what="the birth's value")
    assert running.collector.stop()
    running.start()
    assert "rebirth" not in edge.heard
    edge.do("data 1 1")
    edge.hears("rebirth")
    edge.hears("born")
    until(lambda: running.gateway() is True, what="the birth")
    before = len(running.values("flow"))
    edge.do("data 50 10")
    until(lambda: len(running.values("flow")) >= before + 10, what="the data")
    assert {item.reason for item in running.quarantine.kept} == {"sparkplug_unborn"}


def test_a_gap_is_stored_as_unsure_and_ends_with_the_births(running: Running, edge: Edge) -> None:
    until(lambda: len(running.values("flow")) == 1, what="the birth's value")
    edge.do("gap")
    edge.do("data 10 1")
    edge.hears("rebirth")
    edge.hears("born")
    until(lambda: len(running.values("running")) == 2, what="the second birth")
    until(lambda: running.counted("sparkplug_gap") == 1, what="the count")
    unsure = [row for row in running.values("flow") if row[1] == Quality.SOURCE]
    assert unsure == [(pytest.approx(0.6), Quality.SOURCE)]
    edge.do("data 20 5")
    until(lambda: len(running.values("flow")) == 8, what="the data")
    assert [quality for _, quality in running.values("flow")].count(0) == 7


def test_what_the_node_takes_for_a_rebirth_is_the_command(edge: Edge, running: Running) -> None:
    """The client decodes the command by the official definition."""
    running.collector.send("spBv1.0/Plant/NCMD/gw1", encode_rebirth(system_clock()))
    edge.hears("rebirth")

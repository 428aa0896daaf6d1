"""From the broker to the durable reading: Plantroom against a C client that only counts.

    python tests/bench/bench_delivery.py [THOUSANDS]

THOUSANDS of messages of one reading (default 60) lie in persistent sessions of a real Mosquitto; then the C
client and Plantroom take theirs in turns, QoS 1, each alone. Plantroom is the whole process without its web
server: it decodes, checks, stores durably, acknowledges, and runs every rule of the full catalogue. Then the
same with 10, 100 and 1,000 readings a message. Seconds are from the first message to the last.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table
from traffic import build

from collector.codecs.json_v1 import encode_batch, encode_equipment
from collector.topics import equipment_topic
from plantroom.model import PointKind, PointTable
from plantroom.times import SECOND, system_clock

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from plantroom.app import Application  # noqa: E402 -- run as a script, the repository is not on the path
from plantroom.settings import MqttSettings, load_settings  # noqa: E402
from tests.collector.broker import Mosquitto  # noqa: E402

EQUIPMENT = 500
ROUND = 10 * SECOND
TURNS = 3
READINGS_A_MESSAGE = (1, 10, 100, 1_000)
MOST_READINGS = 1_000_000
KINDS = (PointKind.ANALOG, PointKind.BINARY)


@dataclass(frozen=True, slots=True)
class Load:
    """Messages of one size. `readings` in all of them together."""

    each: int
    messages: int
    readings: int
    file: Path
    octets: int


def single(table: PointTable, healthy: np.ndarray, count: int, start: int) -> Iterator[tuple[str, bytes]]:
    """Messages of one reading: every point in turn, in no order, one every round."""
    order = np.random.default_rng(5).permutation(table.size).tolist()
    for number in range(count):
        turn, at = divmod(number, table.size)
        point = table.points[order[at]]
        ts = start + turn * ROUND + at * (ROUND // table.size)
        body = encode_equipment(ts, {point.key: float(healthy[point.id])}, {point.key: point.unit})
        yield equipment_topic(point.site, point.equipment), body


def batched(
    table: PointTable, healthy: np.ndarray, each: int, count: int, start: int
) -> Iterator[tuple[str, bytes]]:
    """Messages of ten points of one equipment at each / 10 times, a second apart."""
    rows = each // 10
    found = []
    for item in table.equipment:
        ids = table.of_equipment(item.site, item.key) or {}
        ten = [key for key, point in ids.items() if table.points[point].kind in KINDS][:10]
        if len(ten) == 10:
            found.append(
                (equipment_topic(item.site, item.key), {key: float(healthy[ids[key]]) for key in ten})
            )
    for number in range(count):
        turn, at = divmod(number, len(found))
        topic, values = found[at]
        first = start + turn * max(rows, 10) * SECOND
        if rows == 1:
            yield topic, encode_equipment(first, values)
        else:
            times = [first + row * SECOND for row in range(rows)]
            yield topic, encode_batch(times, {key: [value] * rows for key, value in values.items()})


def written(folder: Path, table: PointTable, healthy: np.ndarray, each: int, count: int) -> Load:
    """The load, its messages in a file for the C publisher."""
    file = folder / f"{each}.messages"
    start = system_clock() // SECOND * SECOND - 86_400 * SECOND
    given = single(table, healthy, count, start) if each == 1 else batched(table, healthy, each, count, start)
    octets = 0
    with file.open("wb") as out:
        for topic, payload in given:
            name = topic.encode()
            out.write(np.array([len(name), len(payload)], np.uint32).tobytes() + name + payload)
            octets += len(payload)
    return Load(each, count, each * count, file, octets // count)


def site_file(folder: Path, table: PointTable) -> Path:
    """The property as a site file (JSON is YAML)."""
    words = {"en": "x", "zh": "x"}
    equipment = [{"key": item.key, "class": item.equipment_class, "name": words} for item in table.equipment]
    file = folder / "site.yaml"
    site = {"key": "bench", "name": words, "zone": "UTC", "equipment": equipment}
    file.write_text(json.dumps({"sites": [site]}))
    return file


def drain(port: int, client_id: str, folder: Path, readings: int) -> None:
    """Print the seconds that Plantroom takes for what lies in the session; in a process of its own."""
    settings = load_settings(
        data=folder / client_id,
        sites=(folder / "site.yaml",),
        mqtt=MqttSettings(port=port, client_id=client_id),
    )
    app = Application(settings)
    app.start()
    collector = app.collector
    while collector.health().last_message_at is None and not collector.health().waiting_messages:
        time.sleep(0.0005)
    began, cpu = time.perf_counter(), time.process_time()
    while app.store.size() < readings or collector.health().waiting_messages:
        time.sleep(0.005)
    print(time.perf_counter() - began, time.process_time() - cpu)
    app.stop()


class Bench:
    """A broker, the C client and the loads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = folder / "mqtt_client"
        source = Path(__file__).parent / "mqtt_client.c"
        subprocess.run(["gcc", "-O2", "-o", self.client, source, "-lmosquitto"], check=True)
        (folder / "broker").mkdir()
        self.broker = Mosquitto(folder / "broker", "autosave_interval 0")
        self.broker.start()

    def run(self, load: Load) -> tuple[float, float]:
        """(seconds of the C client, seconds of Plantroom), the medians of some turns each."""
        ids = [f"{who}-{load.each}-{turn}" for turn in range(TURNS) for who in ("c", "plantroom")]
        for client_id in ids:
            self._c("session", client_id)
        self._c("publish", str(load.file))
        found: dict[str, list[float]] = {"c": [], "plantroom": []}
        for client_id in ids:
            who = client_id.split("-")[0]
            if who == "c":
                found[who].append(float(self._c("count", client_id, str(load.messages))))
            else:
                arguments = [str(self.broker.port), client_id, str(self.folder), str(load.readings)]
                command = [sys.executable, __file__, "--drain", *arguments]
                found[who].append(float(self._said(command).split()[0]))
        return median(found["c"]), median(found["plantroom"])

    def _c(self, what: str, *arguments: str) -> str:
        return self._said([str(self.client), what, str(self.broker.port), *arguments])

    @staticmethod
    def _said(command: list[str]) -> str:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout


def main() -> None:
    """Print the figures, or say what is missing."""
    header = Path("/usr/include/mosquitto.h")
    if not (shutil.which("gcc") and header.exists()):
        print("bench_delivery: left out; it needs a C compiler: apt-get install gcc libmosquitto-dev")
        return
    messages = int(float(sys.argv[1]) * 1e3) if len(sys.argv) > 1 else 20_000
    _, table, healthy = build(EQUIPMENT)
    shown = Table(title=f"from Mosquitto to durable, {table.size:,} points, all rules, QoS 1")
    for heading in ("readings a message", "bytes", "C client, counting", "Plantroom", "ratio", "readings/s"):
        shown.add_column(heading, justify="right")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site_file(folder, table)
        bench = Bench(folder)
        for each in READINGS_A_MESSAGE:
            count = min(messages, MOST_READINGS // each)
            load = written(folder, table, healthy, each, count)
            counting, plantroom = bench.run(load)
            shown.add_row(
                f"{each:,}",
                f"{load.octets:,}",
                f"{count / counting:,.0f}/s",
                f"{count / plantroom:,.0f}/s",
                f"{counting / plantroom:.2f}",
                f"{load.readings / plantroom:,.0f}",
            )
        bench.broker.stop()
    Console(width=110).print(shown)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--drain"]:
        drain(int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]), int(sys.argv[5]))
    else:
        main()

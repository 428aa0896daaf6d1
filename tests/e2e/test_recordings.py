"""Real recorded pump data over a real broker: the alarms and orders that follow."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

import simulators
from plantroom.app import Application
from plantroom.times import SECOND, from_datetime
from simulators.replay import Replayed, replay_file
from simulators.replay_map import load_map
from tests.collector.broker import Mosquitto
from tests.e2e.conftest import alarm_log, has_stored, orders, running, settings_for, until

HERE = Path(simulators.__file__).parent
MAP = HERE / "maps" / "skab.yaml"
SITE = HERE / "skab_site.yaml"
POINTS = 4

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Application]:
    broker = Mosquitto(tmp_path)
    broker.start()
    try:
        with running(settings_for(tmp_path / "data", broker.port, SITE)) as app:
            yield app
    finally:
        broker.stop()


def replayed(app: Application, file: Path) -> Replayed:
    done = replay_file(file, load_map(MAP), app.settings.mqtt)
    until("the readings are stored", lambda: has_stored(app, done.rows * POINTS), 60)
    assert app.collector.stop()  # clean: the rules have had what was stored
    return done


def moments(file: Path, done: Replayed) -> tuple[list[int], list[bool]]:
    """The reading time that each row was given, and whether it is labelled as an anomaly."""
    with file.open() as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    ts = [from_datetime(datetime.fromisoformat(row["datetime"])) for row in rows]
    return [at - ts[0] + done.first for at in ts], [float(row.get("anomaly", 0)) > 0 for row in rows]


@pytest.mark.parametrize("name", ["valve1/15.csv", "valve1/13.csv"])
def test_a_closing_valve_gives_one_alarm_and_one_order(app: Application, recordings: Path, name: str) -> None:
    done = replayed(app, recordings / name)
    ts, anomaly = moments(recordings / name, done)
    assert done.rows == len(ts)
    log = alarm_log(app)
    assert [row[:3] for row in log] == [("rig-01", "low_flow", "raise"), ("rig-01", "low_flow", "clear")]
    labelled = [at for at, flag in zip(ts, anomaly, strict=True) if flag]
    raised = log[0][3]
    assert labelled[0] <= raised <= labelled[-1]
    assert raised > ts[400]
    (order,) = orders(app)
    assert (order.rule, order.state, order.opened_at) == ("low_flow", "open", raised)
    assert order.readings["flow"] < 0.9 * 32 * 0.06
    print(f"{name}: raised {(raised - labelled[0]) / SECOND:.0f} s into the anomaly, order {order.id}")


def test_a_healthy_recording_gives_none(app: Application, recordings: Path) -> None:
    replayed(app, recordings / "anomaly-free.csv")
    assert alarm_log(app) == []
    assert orders(app) == []


def test_the_same_recording_twice_changes_nothing(app: Application, tmp_path: Path) -> None:
    file = tmp_path / "recorded.csv"
    header = "datetime;Accelerometer1RMS;Accelerometer2RMS;Current;Pressure;Temperature;Thermocouple;Voltage;"
    lines = [header + "Volume Flow RateRMS"]
    for second in range(600):
        flow = 23.0 if 300 <= second < 450 else 32.0
        clock = f"2026-03-01 10:{second // 60:02d}:{second % 60:02d}"
        lines.append(f"{clock};0.02;0.04;1.3;0.05;70;25;230;{flow}")
    file.write_text("\n".join(lines) + "\n")
    for _ in range(2):
        done = replay_file(file, load_map(MAP), app.settings.mqtt, keep_time=True)
        until("the readings are stored", lambda: has_stored(app, 600 * POINTS), 60)
    assert app.collector.stop()
    assert done.rows == 600
    assert app.store.size() == 600 * POINTS
    assert [row[:3] for row in alarm_log(app)] == [
        ("rig-01", "low_flow", "raise"),
        ("rig-01", "low_flow", "clear"),
    ]
    assert len(orders(app)) == 1

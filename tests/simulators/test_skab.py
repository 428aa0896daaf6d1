"""The SKAB testbed: recorded rows through map, site, collector and rules, without MQTT.

The recordings themselves are not part of the project (GPL-3.0 data); where they are absent a synthetic one
in their format covers the same way.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import simulators
from plantroom.times import SECOND, Nanos
from simulators.recording import read_recording
from simulators.replay import send_recording
from simulators.replay_map import load_map
from tests.simulators.kit import Box, Changes, Property

PLAN = load_map(Path(simulators.__file__).parent / "maps" / "skab.yaml")
RECORDINGS = Path(os.environ.get("PLANTROOM_SKAB", "/work/shared/data/skab"))
NOW: Nanos = 1_780_000_000 * SECOND
HEADER = (
    "datetime;Accelerometer1RMS;Accelerometer2RMS;Current;Pressure;Temperature;Thermocouple;Voltage;"
    "Volume Flow RateRMS;anomaly;changepoint"
)

recorded = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason=f"needs the SKAB recordings in {RECORDINGS} (or in PLANTROOM_SKAB)"
)


def alarms(testbed: Property, file: Path) -> list[tuple[int, str, str]]:
    """(row from 0, rule, event) of every alarm change of the rig."""
    recording = read_recording(file, PLAN)
    assert recording.skipped == ()
    shift = NOW - int(recording.ts[-1])
    box, changes = Box(), Changes(testbed)
    for _ in send_recording(
        recording, PLAN, "plantroom/v1/skab/rig-01", box, shift=shift, speed=0, clock=lambda: NOW, sleep=print
    ):
        changes.take(box.messages, NOW)
        box.messages.clear()
    row = {int(ts) + shift: index for index, ts in enumerate(recording.ts)}
    return [(row[ts], rule, event) for ts, _, rule, event in changes.found]


def written(folder: Path, flows: Sequence[float], seconds: Sequence[int] | None = None) -> Path:
    """A recording in the testbed's format with these flows, one a second or at `seconds`."""
    begin = datetime(2020, 3, 9, 14, 0)  # noqa: DTZ001 - as the recordings write it
    lines = [HEADER]
    for row, flow in enumerate(flows):
        at = begin + timedelta(seconds=row if seconds is None else seconds[row])
        current = 1.0 + 0.5 * math.sin(row)
        lines.append(f"{at};0.03;0.04;{current:.4f};-0.27;68.7;24.6;230;{flow + (row % 2):.4f};0.0;0.0")
    path = folder / "synthetic.csv"
    path.write_text("\r\n".join([*lines, ""]))
    return path


def test_a_closing_valve_is_one_alarm_that_clears(testbed: Property, tmp_path: Path) -> None:
    flows = [32.0] * 500 + [23.0] * 300 + [32.0] * 200
    found = alarms(testbed, written(tmp_path, flows))
    assert [(rule, event) for _, rule, event in found] == [("low_flow", "raise"), ("low_flow", "clear")]
    assert [row for row, _, _ in found] == [530, 860]


def test_the_normal_loop_raises_nothing(testbed: Property, tmp_path: Path) -> None:
    assert alarms(testbed, written(tmp_path, [31.0] * 600 + [122.0] * 600)) == []


def test_a_gap_of_a_minute_neither_raises_nor_clears(testbed: Property, tmp_path: Path) -> None:
    flows = [32.0] * 100 + [23.0] * 200 + [32.0] * 100
    # the recording pauses while the valve is closed, the alarm standing
    seconds = [row + (76 if row >= 200 else 0) for row in range(len(flows))]
    found = alarms(testbed, written(tmp_path, flows, seconds))
    assert [(rule, event) for _, rule, event in found] == [("low_flow", "raise"), ("low_flow", "clear")]
    # nor does it count towards the delay
    short = [32.0] * 100 + [23.0] * 20 + [32.0] * 100
    seconds = [row + (76 if row >= 110 else 0) for row in range(len(short))]
    assert alarms(testbed, written(tmp_path, short, seconds)) == []


@recorded
@pytest.mark.parametrize("name", ["13", "15"])
def test_a_recorded_closing_valve_is_one_alarm_inside_its_label(testbed: Property, name: str) -> None:
    file = RECORDINGS / "valve1" / f"{name}.csv"
    labels = [float(line.split(";")[9]) > 0 for line in file.read_text().splitlines()[1:]]
    found = alarms(testbed, file)
    assert [(rule, event) for _, rule, event in found] == [("low_flow", "raise"), ("low_flow", "clear")]
    raised = found[0][0]
    assert raised > 400
    assert labels[raised]


@recorded
def test_every_other_recording_of_the_group_is_quiet_outside_its_label(testbed: Property) -> None:
    for file in sorted((RECORDINGS / "valve1").glob("*.csv")):
        labels = [float(line.split(";")[9]) > 0 for line in file.read_text().splitlines()[1:]]
        assert all(labels[row] for row, _, event in alarms(testbed, file) if event == "raise"), file.name


@recorded
def test_the_recording_without_anomalies_raises_nothing(testbed: Property) -> None:
    assert alarms(testbed, RECORDINGS / "anomaly-free.csv") == []

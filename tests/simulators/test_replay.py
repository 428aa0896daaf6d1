"""Replay: what is published of a recording, at which pace."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest

from plantroom.errors import FileError, SettingsError
from plantroom.settings import MqttSettings
from plantroom.times import DAY, SECOND, Nanos
from simulators.recording import Recording, read_recording
from simulators.replay import ROWS_A_MESSAGE, replay_file, send_recording
from simulators.replay_map import DerivedPoint, PointColumn, ReplayMap, TimeColumn
from tests.simulators.kit import Box, local

T0 = local(2026, 10, 19, 9)
PLAN = ReplayMap(
    site="hq",
    equipment="p1",
    time=TimeColumn(column="when", zone="Asia/Shanghai"),
    points={"flow": PointColumn(column="Flow", unit="L/min"), "current": PointColumn(column="Amps")},
    derived={
        "running": DerivedPoint(column="Amps", above=0.2),
        "trip": DerivedPoint(column="Amps", below=0.1),
    },
)


class Wall:
    """A wall clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = T0 + DAY

    def clock(self) -> Nanos:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)


def recording_of(count: int, every: Nanos = SECOND) -> Recording:
    columns = {"Flow": np.arange(count, dtype=np.float64), "Amps": np.linspace(0.0, 1.0, count)}
    return Recording(T0 + every * np.arange(count, dtype=np.int64), columns, ())


def sent(recording: Recording, shift: Nanos = 0, speed: float = 0.0) -> tuple[list[dict[str, object]], Wall]:
    box, wall = Box(), Wall()
    list(
        send_recording(
            recording, PLAN, "t", box, shift=shift, speed=speed, clock=wall.clock, sleep=wall.sleep
        )
    )
    return [msgspec.json.decode(payload) for _, payload in box.messages], wall


def test_values_units_and_derived_points_are_published() -> None:
    flow = np.array([31.5, np.nan, 32.0])
    given = Recording(
        np.array([T0, T0 + SECOND, T0 + 2 * SECOND]),
        {"Flow": flow, "Amps": np.array([1.0, 0.05, np.nan])},
        (),
    )
    (body,), _ = sent(given, shift=DAY)
    assert body == {
        "ts": [T0 + DAY, T0 + DAY + SECOND, T0 + DAY + 2 * SECOND],
        "values": {
            "flow": [31.5, None, 32.0],
            "current": [1.0, 0.05, None],
            "running": [True, False, None],
            "trip": [False, True, None],
        },
        "units": {"flow": "L/min"},
    }


def test_a_single_row_is_a_message_of_one_time() -> None:
    (body,), _ = sent(recording_of(1))
    assert body["ts"] == T0
    assert body["values"] == {"flow": 0.0, "current": 0.0, "running": False, "trip": True}


def test_as_fast_as_it_goes_sends_large_batches_and_never_sleeps() -> None:
    bodies, wall = sent(recording_of(3 * ROWS_A_MESSAGE + 1))
    assert len(bodies) == 4
    assert wall.now == T0 + DAY


def test_at_a_speed_no_row_comes_before_its_time() -> None:
    box, wall = Box(), Wall()
    began = wall.now
    rows = send_recording(
        recording_of(121), PLAN, "t", box, shift=0, speed=60, clock=wall.clock, sleep=wall.sleep
    )
    seen = []
    for count in rows:
        seen.append(count)
        assert count - 1 <= (wall.now - began) / SECOND * 60 + 1e-6
    assert seen[-1] == 121
    assert (wall.now - began) / SECOND == pytest.approx(2, abs=0.3)


def test_a_gap_in_the_recording_is_a_gap_in_the_replay() -> None:
    given = recording_of(3, every=76 * SECOND)
    bodies, wall = sent(given, speed=10)
    assert [body["ts"] for body in bodies] == given.ts.tolist()
    assert wall.now - (T0 + DAY) == pytest.approx(15.2 * SECOND, abs=0.3 * SECOND)


def test_stop_ends_it() -> None:
    stop, box, wall = threading.Event(), Box(), Wall()
    rows = send_recording(
        recording_of(500), PLAN, "t", box, shift=0, speed=0, clock=wall.clock, sleep=wall.sleep, stop=stop
    )
    assert next(rows) == ROWS_A_MESSAGE
    stop.set()
    assert list(rows) == []
    assert len(box.messages) == 1


def written(folder: Path, first: str = "2026-10-19 09:00:00") -> Path:
    path = folder / "rows.csv"
    path.write_text(f"when,Flow,Amps\n{first},31.5,1\n2026-10-19 09:00:01,32,1\n")
    return path


def test_what_cannot_be_sent_is_refused_before_any_broker_is_asked(tmp_path: Path) -> None:
    mqtt, path = MqttSettings(port=1), written(tmp_path)
    with pytest.raises(SettingsError, match="equipment: 'P 1' cannot stand in a topic"):
        replay_file(path, PLAN, mqtt, equipment="P 1")
    with pytest.raises(SettingsError, match="its first row would be before 1974"):
        replay_file(written(tmp_path, "1990-01-01 00:00:00"), PLAN, mqtt, end=local(1995, 1, 1))
    with pytest.raises(FileError, match="cannot be read"):
        replay_file(tmp_path / "none.csv", PLAN, mqtt)


def test_the_file_is_what_send_recording_gets(tmp_path: Path) -> None:
    bodies, _ = sent(read_recording(written(tmp_path), PLAN))
    assert bodies[0]["ts"] == [T0, T0 + SECOND]

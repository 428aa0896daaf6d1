"""Sends a recording over MQTT as the device would have: at a pace, in order, each message acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from collector import topics
from collector.codecs import json_v1
from plantroom.errors import SettingsError
from plantroom.readings import Float64s, Int64s
from plantroom.settings import MqttSettings
from plantroom.times import Clock, Nanos, system_clock
from simulators.link import Link, Sender
from simulators.recording import EARLIEST, Recording, SkippedRow, read_recording
from simulators.replay_map import DerivedPoint, ReplayMap, load_map

__all__ = ["Replayed", "load_map", "replay_file", "send_recording"]

ROWS_A_MESSAGE = 200
INTERVAL_S = 0.2
"""Wall seconds between two looks at what is due."""
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay sent, from which reading time to which, and the file's rows that it could not use."""

    rows: int
    messages: int
    first: Nanos
    last: Nanos
    skipped: tuple[SkippedRow, ...]


def replay_file(
    file: Path,
    plan: ReplayMap,
    mqtt: MqttSettings,
    *,
    speed: float = 0.0,
    equipment: str | None = None,
    keep_time: bool = False,
    end: Nanos | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    clock: Clock = system_clock,
) -> Replayed:
    """What was sent of a recorded CSV file, every message acknowledged (unless `stop` was set).

    The rows keep their spacing and are shifted so that the last is at `end`, which is now if not given;
    with `keep_time` they are not shifted. `speed` is times as fast as recorded, 0 as fast as it goes.
    `equipment` (`key` or `site/key`) stands for the map's. `on_progress` gets rows sent and rows in all.
    Raises: FileError for a file, SettingsError for a name, BrokerError for a broker that cannot be used.
    """
    recording = read_recording(file, plan)
    site, _, key = f"{plan.site}/{plan.equipment}".rpartition("/")
    if equipment is not None:
        site, _, key = (equipment if "/" in equipment else f"{site}/{equipment}").rpartition("/")
    try:
        topic = topics.equipment_topic(site, key)
    except ValueError as failure:
        raise SettingsError(f"equipment: {failure}") from None
    shift = 0 if keep_time else (clock() if end is None else end) - int(recording.ts[-1])
    if int(recording.ts[0]) + shift < EARLIEST:
        raise SettingsError(f"{file}: its first row would be before 1974; give another end or keep the time")
    ended = stop or threading.Event()
    rows = messages = 0
    # one message in flight: a message that has to be sent again is never overtaken by a later one
    with Link(mqtt, site, gateway="replay", window=1, patience_s=PATIENCE_S, stop=ended) as link:
        sending = send_recording(
            recording, plan, topic, link, shift=shift, speed=speed, clock=clock, sleep=ended.wait, stop=ended
        )
        for rows in sending:
            messages += 1
            if on_progress is not None:
                on_progress(rows, len(recording))
    first, last = int(recording.ts[0]) + shift, int(recording.ts[max(rows - 1, 0)]) + shift
    return Replayed(rows, messages, first, last, recording.skipped)


def send_recording(
    recording: Recording,
    plan: ReplayMap,
    topic: str,
    link: Sender,
    *,
    shift: Nanos,
    speed: float,
    clock: Clock,
    sleep: Callable[[float], object],
    stop: threading.Event | None = None,
) -> Iterator[int]:
    """The number of rows sent and acknowledged, after each message."""
    ts = recording.ts
    began = clock()
    sent = 0
    while sent < len(ts) and not (stop and stop.is_set()):
        due = len(ts)
        if speed > 0:
            position = int(ts[0]) + round((clock() - began) * speed)
            due = int(np.searchsorted(ts, position, side="right"))
        if sent >= due:
            sleep(INTERVAL_S)
            continue
        upto = min(due, sent + ROWS_A_MESSAGE)
        link.publish(topic, _payload(recording, plan, slice(sent, upto), shift))
        link.drain()
        if stop and stop.is_set():
            return
        sent = upto
        yield sent


def _payload(recording: Recording, plan: ReplayMap, rows: slice, shift: Nanos) -> bytes:
    ts: Int64s = recording.ts[rows] + shift
    # NaN, an empty field, is encoded as null: no reading
    values: dict[str, list[float | bool | None]] = {
        key: recording.columns[entry.column][rows].tolist() for key, entry in plan.points.items()
    }
    for key, derived in plan.derived.items():
        values[key] = _binary(recording.columns[derived.column][rows], derived)
    units = {key: entry.unit for key, entry in plan.points.items() if entry.unit is not None}
    if len(ts) == 1:
        return json_v1.encode_equipment(int(ts[0]), {key: column[0] for key, column in values.items()}, units)
    return json_v1.encode_batch(ts, values, units)


def _binary(column: Float64s, derived: DerivedPoint) -> list[float | bool | None]:
    """True, False, or None where the column is empty."""
    above, below = derived.above, derived.below
    state = column > above if above is not None else column < (below or 0.0)
    unknown = np.isnan(column)
    return [None if gap else bool(item) for item, gap in zip(state, unknown, strict=True)]

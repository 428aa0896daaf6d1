"""What the collector's tests have in common: a small property, fakes, and a way to read a batch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from collector.inbox import Received
from plantroom.errors import StoreUnavailableError
from plantroom.model import Equipment, Point, PointKind, PointTable, Text
from plantroom.quarantine import QuarantinedMessage
from plantroom.readings import Int32s, Quality, ReadingBatch
from plantroom.stores.base import Aggregates, Appended
from plantroom.times import Nanos, from_datetime, to_iso

GOLDEN = Path(__file__).parent / "golden"
NOW = from_datetime(datetime(2026, 3, 1, 8, tzinfo=UTC))
PUMP = "plantroom/v1/hq/pump-01"


def load_table() -> PointTable:
    """The property of `golden/table.json`."""
    equipment: list[Equipment] = []
    points: list[Point] = []
    for number, item in enumerate(json.loads((GOLDEN / "table.json").read_text())["equipment"]):
        retired_at = NOW if item.get("retired") else None
        name = Text(item["key"], item["key"])
        first = len(points)
        equipment.append(Equipment(number, item["site"], item["key"], "any", name, retired_at=retired_at))
        points.extend(
            Point(
                id=first + index,
                site=item["site"],
                equipment=item["key"],
                key=spec["key"],
                name=Text(spec["key"], spec["key"]),
                kind=PointKind(spec["kind"]),
                unit=spec["unit"],
                valid=tuple(spec["valid"]),
                normal=None,
                sample=10,
                stale_after=30,
                values=spec.get("values", {}),
            )
            for index, spec in enumerate(item["points"])
        )
    return PointTable(equipment, points)


def words(quality: int) -> str:
    """The flags of a quality by name, `good` for none."""
    names = [
        str(flag.name).lower() for flag in Quality if flag and flag is not Quality.BAD and quality & flag
    ]
    return "+".join(names) or "good"


def told(table: PointTable, batch: ReadingBatch) -> list[list[object]]:
    """The readings as [site/equipment/point, time, value or None for NaN, quality], in the batch's order."""
    result: list[list[object]] = []
    for row in range(len(batch)):
        point = table.points[int(batch.point_id[row])]
        value = float(batch.value[row])
        result.append(
            [
                f"{point.site}/{point.equipment}/{point.key}",
                to_iso(int(batch.ts[row])),
                None if np.isnan(value) else value,
                words(int(batch.quality[row])),
            ]
        )
    return result


def message(payload: bytes | str, topic: str = PUMP, **more: object) -> Received:
    """A message as the subscriber would put it down, received at NOW."""
    body = payload.encode() if isinstance(payload, str) else payload
    fields = {"topic": topic, "payload": body, "size": len(body), "received_at": NOW}
    return Received(**(fields | more))  # type: ignore[arg-type]


def until(condition: Callable[[], bool], seconds: float = 20.0, what: str = "the condition") -> None:
    """Nothing, once the condition holds; for end-to-end tests only."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come to be within {seconds} s")
        time.sleep(0.01)


class MemoryStore:
    """A reading store in a dict that can be told to fail: `failures` times, or while `away`."""

    def __init__(self, log: list[str] | None = None) -> None:
        self.log = [] if log is None else log
        self.error: Exception = StoreUnavailableError("the store is away")
        self.rows: dict[tuple[int, Nanos], tuple[float, int]] = {}
        self.batches: list[ReadingBatch] = []
        self.failures = 0
        self.away = False
        self.after_next_batch_away = False
        self.delay_s = 0.0

    def append(self, batch: ReadingBatch) -> Appended:
        if self.away or self.failures:
            self.failures = max(0, self.failures - 1)
            raise self.error
        if self.delay_s:
            time.sleep(self.delay_s)
        new = repeated = replaced = 0
        columns = (batch.point_id.tolist(), batch.ts.tolist(), batch.value.tolist(), batch.quality.tolist())
        for point_id, ts, value, quality in zip(*columns, strict=True):
            known = self.rows.get((point_id, ts))
            new += known is None
            repeated += known == (value, quality)
            replaced += known not in (None, (value, quality))
            self.rows[point_id, ts] = (value, quality)
        self.batches.append(batch)
        self.log.append("stored")
        if self.after_next_batch_away:
            self.after_next_batch_away, self.away = False, True
        return Appended(new, repeated, replaced)

    def latest(self) -> ReadingBatch:
        raise NotImplementedError

    def range(
        self, point_ids: Int32s | None, start: Nanos, end: Nanos, limit: int | None = None
    ) -> ReadingBatch:
        raise NotImplementedError

    def aggregate(self, point_ids: Int32s, start: Nanos, end: Nanos, interval: Nanos) -> Aggregates:
        raise NotImplementedError

    def drop_before(self, ts: Nanos) -> int:
        raise NotImplementedError

    def times(self) -> set[Nanos]:
        return {ts for _, ts in self.rows}

    def size(self) -> int:
        return len(self.rows)

    def close(self) -> None:
        """Nothing to release."""


class MemoryQuarantine:
    """A quarantine in a list that can be told to fail `failures` times."""

    def __init__(self, log: list[str] | None = None) -> None:
        self.log = [] if log is None else log
        self.kept: list[QuarantinedMessage] = []
        self.failures = 0

    def keep(self, messages: Sequence[QuarantinedMessage]) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailableError("the quarantine is away")
        self.kept.extend(messages)
        self.log.append("kept")


class Handed:
    """Takes stored batches, and fails as often as told."""

    def __init__(self, log: list[str] | None = None) -> None:
        self.log = [] if log is None else log
        self.batches: list[ReadingBatch] = []
        self.failures = 0
        self.calls = 0

    def __call__(self, batch: ReadingBatch, now: Nanos) -> None:
        self.calls += 1
        if self.failures:
            self.failures -= 1
            raise RuntimeError("the rules are broken")
        self.batches.append(batch)
        self.log.append("handed on")

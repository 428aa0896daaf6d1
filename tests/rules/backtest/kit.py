"""A property of small machines, a store in memory and drafts as text, for the tests of backtests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from plantroom.catalogue import Catalogue, EquipmentClass
from plantroom.model import Equipment, Point, PointTable, RuleOverride, Text
from plantroom.readings import Int32s, ReadingBatch
from plantroom.stores.base import Aggregates, Appended
from plantroom.times import MINUTE, SECOND, Nanos
from rules.backtest import Draft, Result, backtest, read_draft

T0: Nanos = 1_767_225_600 * SECOND
NAME = {"en": "x", "zh": "x"}
ROWS = {"flow": 0, "heat": 1, "running": 2}
POINTS = [
    {"key": "flow", "kind": "analog", "unit": "m3/h", "valid": [0, 200], "normal": [0, 100]},
    {"key": "heat", "kind": "analog", "unit": "degC", "valid": [0, 200], "normal": [0, 100]},
    {"key": "running", "kind": "binary"},
]
ORDER = {"skill": "mechanical", "fault": "heat"}
RULES: dict[str, dict[str, Any]] = {
    "low_flow": {"when": "running and flow < 10", "on_delay": "20s", "deadband": {"flow": "0 m3/h"}},
    "warm": {"when": "heat > 60", "deadband": {"heat": "0 K"}, "work_order": ORDER},
    "hot": {"when": "heat > 80", "deadband": {"heat": "0 K"}, "work_order": ORDER},
}


def machine_class(rules: Mapping[str, Mapping[str, Any]] = RULES, key: str = "machine") -> EquipmentClass:
    """A class with flow, heat and running, and the limit that rules may name."""
    return EquipmentClass.model_validate(
        {
            "key": key,
            "name": NAME,
            "system": "water",
            "team": NAME,
            "design_life_years": 10,
            "source": "test",
            "parameters": [{"key": "limit", "name": NAME, "unit": "degC", "default": 70, "source": "test"}],
            "points": [{"name": NAME, "source": "test", "sample": "10s", **item} for item in POINTS],
            "rules": [{**rule_parts(), "key": name, **body} for name, body in rules.items()],
        }
    )


def rule_parts() -> dict[str, Any]:
    """What every rule has."""
    words = dict.fromkeys(("name", "cause", "consequence", "remedy"), NAME)
    return {"severity": "major", "source": "test", **words}


class MemoryStore:
    """A reading store over one batch; `scans` are the stretches that were asked for."""

    def __init__(self, batch: ReadingBatch) -> None:
        self.batch = batch
        self.scans: list[tuple[Nanos, Nanos, bool]] = []

    def scan(self, point_ids: Int32s | None, start: Nanos, end: Nanos) -> ReadingBatch:
        """In no order at all."""
        self.scans.append((start, end, point_ids is None))
        mine = (self.batch.ts >= start) & (self.batch.ts < end)
        if point_ids is not None:
            mine &= np.isin(self.batch.point_id, point_ids)
        found = self.batch.take(mine)
        return found.take(np.random.default_rng(len(found)).permutation(len(found)))

    def range(
        self, point_ids: Int32s | None, start: Nanos, end: Nanos, limit: int | None = None
    ) -> ReadingBatch:
        return self.scan(point_ids, start, end).normalised().take(slice(0, limit))

    def latest(self) -> ReadingBatch:
        ids = np.unique(self.batch.point_id)
        return ReadingBatch.of(ids, np.zeros(len(ids)), np.zeros(len(ids)))

    def size(self) -> int:
        return len(self.batch)

    def append(self, batch: ReadingBatch) -> Appended:
        raise NotImplementedError

    def aggregate(self, point_ids: Int32s, start: Nanos, end: Nanos, interval: Nanos) -> Aggregates:
        raise NotImplementedError

    def drop_before(self, ts: Nanos) -> int:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is held."""


class Plant:
    """`count` machines of the class, ids from 1; a point's id is 10 x equipment + row."""

    def __init__(
        self,
        rules: Mapping[str, Mapping[str, Any]] = RULES,
        *,
        count: int = 1,
        overrides: Mapping[str, RuleOverride] | None = None,
    ) -> None:
        self.cls = machine_class(rules)
        other = machine_class({"warm": RULES["warm"]}, "other")
        self.catalogue = Catalogue({"machine": self.cls, "other": other})
        name = Text("x", "x")
        self.equipment = [
            Equipment(
                number, "site", f"m{number}", "machine" if number <= count else "other", name,
                parameters={"limit": 70.0}, rule_overrides=overrides or {},
                parent="m1" if number > 1 else None,
            )
            for number in range(1, count + 2)
        ]  # fmt: skip
        points = [
            Point(
                10 * item.id + row, "site", item.key, spec.key, name, spec.kind, spec.unit,
                spec.valid_span, spec.normal, spec.sample, spec.stale_nanos, {},
            )
            for item in self.equipment
            for row, spec in enumerate(self.cls.points)
        ]  # fmt: skip
        self.table = PointTable(self.equipment, points)

    def draft(self, text: str) -> Draft:
        """The draft that the text makes, `class` understood."""
        return read_draft(f"class: machine\nrules:\n{text}\n".encode(), self.catalogue)

    def run(self, draft: Draft, store: MemoryStore, end: Nanos = T0 + 10 * MINUTE, **given: Any) -> Result:
        """The backtest from T0."""
        return backtest(draft, self.catalogue, self.table, store, **{"start": T0, "end": end, **given})


def series(until: int, *, every: int = 10, equipment: int = 1, begin: int = 0, **points: Any) -> ReadingBatch:
    """Staircases {second: value} of one equipment, read every so many seconds up to before `until`."""
    ids, ts, values = [], [], []
    for at in range(begin, until, every):
        for key, steps in points.items():
            value = [step for since, step in sorted(steps.items()) if since <= at]
            if value:
                ids.append(10 * equipment + ROWS[key])
                ts.append(T0 + at * SECOND)
                values.append(value[-1])
    return ReadingBatch.of(ids, ts, values)


def write(folder: Path, text: str, name: str = "draft.yaml") -> Path:
    """The text as a file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def seconds(ts: Nanos | None) -> float | None:
    """Since T0."""
    return None if ts is None else (ts - T0) / SECOND

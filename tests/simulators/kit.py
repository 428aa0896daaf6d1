"""The demo's property with its catalogue, and models run through the rules engine without MQTT."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from collector.inbox import Received
from collector.ingest import Ingest
from plantroom.alarms import AlarmEvent
from plantroom.catalogue import Catalogue, load_catalogue
from plantroom.model import Equipment, PointTable, Site
from plantroom.readings import ReadingBatch
from plantroom.settings import IngestSettings
from plantroom.site_file import load_site_file
from plantroom.stores.records import Database
from plantroom.stores.records.property import import_sites, load_sites, load_table
from plantroom.times import SECOND, Nanos, from_datetime
from rules.engine import Engine
from simulators.base import Fault, Model, Values
from simulators.registry import models

SHANGHAI = ZoneInfo("Asia/Shanghai")
CHUNK = 360
"""Steps that go to the engine as one batch."""


@dataclass(frozen=True, slots=True)
class Property:
    """A site file, imported."""

    table: PointTable
    sites: list[Site]
    catalogue: Catalogue

    def equipment(self, key: str) -> Equipment:
        """The equipment of this key in whichever site."""
        return next(item for item in self.table.equipment if item.key == key)

    def model(self, key: str, start: Nanos, faults: Iterable[Fault] = (), seed: int = 1) -> Model:
        """The equipment's model."""
        item = self.equipment(key)
        return models()[item.equipment_class](item, SHANGHAI, start, seed=seed, faults=faults)

    def batch(self, item: Equipment, steps: list[tuple[Nanos, Values]]) -> ReadingBatch:
        """The readings of an equipment's steps, as the collector would make them."""
        ids = self.table.of_equipment(item.site, item.key) or {}
        parts = []
        ts = np.array([at for at, _ in steps], dtype=np.int64)
        for key, point in ids.items():
            if key not in steps[0][1]:
                continue  # worked out from the others, not measured
            codes = self.table.points[point].values
            column = [values[key] for _, values in steps]
            numbers = [float(codes[value]) if isinstance(value, str) else float(value) for value in column]
            parts.append(ReadingBatch.of(np.full(len(ts), point), ts, numbers))
        return ReadingBatch.concat(parts).normalised()

    def alarms(self, model: Model, seconds: float, dt_s: int) -> list[tuple[Nanos, str, AlarmEvent]]:
        """(reading time, rule, event) of every alarm change while the model runs."""
        item = model.equipment
        owner = self.table.equipment_id
        one = PointTable(
            [item], [point for point in self.table.points.values() if owner[point.id] == item.id]
        )
        engine = Engine(self.catalogue, one)
        found = []
        steps: list[tuple[Nanos, Values]] = []
        count = round(seconds / dt_s)
        for number in range(1, count + 1):
            ts = model.start + number * dt_s * SECOND
            steps.append((ts, model.step(ts, dt_s)))
            if len(steps) == CHUNK or number == count:
                changes = engine.step(self.batch(item, steps), ts)
                found += [(change.ts, change.rule, change.event) for change in changes]
                steps.clear()
        return found


def load_property(path: Path) -> Property:
    """The property of a site file, through a database in memory."""
    catalogue = load_catalogue()
    document = load_site_file(path, catalogue)
    database = Database("sqlite://")
    database.migrate()
    with database.transaction() as session:
        import_sites(session, document, catalogue, 0)
        found = Property(load_table(session, catalogue), load_sites(session), catalogue)
    database.close()
    return found


def local(*parts: int) -> Nanos:
    """Nanoseconds of a local time in Shanghai: `local(2026, 7, 19, 14)`."""
    return from_datetime(datetime(*parts, tzinfo=SHANGHAI))  # type: ignore[misc, arg-type]


class Box:
    """A Sender that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []

    def publish(self, topic: str, payload: bytes) -> None:
        self.messages.append((topic, payload))

    def drain(self) -> None:
        pass


class Changes:
    """Messages through ingest and engine: alarm changes as (reading time, equipment path, rule, event)."""

    def __init__(self, of: Property) -> None:
        self.found: list[tuple[Nanos, str, str, str]] = []
        self._ingest = Ingest(of.table, IngestSettings())
        self._engine = Engine(of.catalogue, of.table)
        self._paths = {item.id: item.path for item in of.table.equipment}

    def take(self, messages: Iterable[tuple[str, bytes]], now: Nanos) -> None:
        """Run the messages, received at `now`; every reading in them must be good."""
        for topic, payload in messages:
            self._ingest.take(Received(topic, payload, len(payload), now))
        harvest = self._ingest.finish()
        assert not harvest.quarantined
        assert not harvest.readings.is_bad().any()
        self.found += [
            (change.ts, self._paths[change.equipment_id], change.rule, change.event.value)
            for change in self._engine.step(harvest.readings, now)
        ]

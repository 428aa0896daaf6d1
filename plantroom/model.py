"""The property: sites, spaces, equipment and points, and the table from names to dense ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import numpy as np

from plantroom.alarms import Severity
from plantroom.readings import Float64s, Int32s, Int64s
from plantroom.times import Nanos


@dataclass(frozen=True, slots=True)
class Text:
    """A name or a sentence for people, in English and Chinese."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """The text in `zh...` or else in English; whichever exists if one is empty."""
        wanted, other = (self.zh, self.en) if language.startswith("zh") else (self.en, self.zh)
        return wanted or other


class Criticality(StrEnum):
    """How much the property depends on the equipment: A most."""

    A = "A"
    B = "B"
    C = "C"


class PointKind(StrEnum):
    """What a point's values mean: analog a measure, binary 0/1, enum a code, counter a growing total."""

    ANALOG = "analog"
    BINARY = "binary"
    ENUM = "enum"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Site:
    """A property with its own address and time zone (an IANA name)."""

    key: str
    name: Text
    zone: str


@dataclass(frozen=True, slots=True)
class Space:
    """A building, floor or room; `parent` is the key of the space around it."""

    site: str
    key: str
    name: Text
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One measured or reported value of an equipment, with its overrides applied.

    Units: `valid` and `normal` in `unit`; `sample` and `stale_after` in ns.
    """

    id: int
    site: str
    equipment: str
    key: str
    name: Text
    kind: PointKind
    unit: str
    valid: tuple[float, float]
    normal: tuple[float, float] | None
    sample: Nanos
    stale_after: Nanos
    values: Mapping[str, int] = field(default_factory=dict)
    """Enum only: name -> code."""


@dataclass(frozen=True, slots=True)
class RuleOverride:
    """What one equipment has otherwise than its class's rule says; None leaves the class's figure."""

    enabled: bool = True
    on_delay: Nanos | None = None
    off_delay: Nanos | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Equipment:
    """A machine or installation that is watched and maintained."""

    id: int
    site: str
    key: str
    equipment_class: str
    name: Text
    criticality: Criticality = Criticality.B
    space: str | None = None
    location: str = ""
    served_by: str | None = None
    """Key of the equipment that feeds this one."""
    parent: str | None = None
    """Key of the equipment that this one is a part of."""
    maker: str = ""
    model: str = ""
    serial: str = ""
    installed_on: date | None = None
    design_life_years: float | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    """Nameplate values and set-points, in the units that the class declares, defaults applied."""
    rule_overrides: Mapping[str, RuleOverride] = field(default_factory=dict)
    retired_at: Nanos | None = None
    commissioned_at: Nanos = 0
    """When Plantroom first knew it; plans without a last completion count from here."""
    zone: str = "UTC"
    """The site's time zone."""

    @property
    def path(self) -> str:
        """Its name across sites: `site/key`."""
        return f"{self.site}/{self.key}"


class PointTable:
    """Names to dense ids and back, with each point's figures as columns indexed by id.

    Shapes: every column has `size` = highest id + 1 rows; rows without a point have kind code -1.
    """

    KIND_CODES: Mapping[PointKind, int] = {kind: code for code, kind in enumerate(PointKind)}

    def __init__(self, equipment: Iterable[Equipment], points: Iterable[Point]) -> None:
        self.equipment: tuple[Equipment, ...] = tuple(equipment)
        self.points: dict[int, Point] = {point.id: point for point in points}
        self.size = max(self.points, default=-1) + 1
        self.equipment_by_path = {item.path: item for item in self.equipment}
        self.equipment_by_id = {item.id: item for item in self.equipment}
        self.equipment_id: Int32s = np.full(self.size, -1, dtype=np.int32)
        self.kind: Int32s = np.full(self.size, -1, dtype=np.int32)
        self.valid_low: Float64s = np.full(self.size, -np.inf)
        self.valid_high: Float64s = np.full(self.size, np.inf)
        self.stale_after: Int64s = np.zeros(self.size, dtype=np.int64)
        self._ids: dict[str, dict[str, int]] = {item.path: {} for item in self.equipment}
        for point in self.points.values():
            path = f"{point.site}/{point.equipment}"
            self._ids[path][point.key] = point.id
            self.equipment_id[point.id] = self.equipment_by_path[path].id
            self.kind[point.id] = self.KIND_CODES[point.kind]
            self.valid_low[point.id], self.valid_high[point.id] = point.valid
            self.stale_after[point.id] = point.stale_after
        self._children = self._below("parent")
        self._served = self._below("served_by")

    def of_equipment(self, site: str, equipment: str) -> Mapping[str, int] | None:
        """Point key -> id of one equipment; None where the site or equipment is unknown."""
        return self._ids.get(f"{site}/{equipment}")

    def id_of(self, site: str, equipment: str, point: str) -> int | None:
        """The point's id; None where any of the three is unknown."""
        return self._ids.get(f"{site}/{equipment}", {}).get(point)

    def parent_of(self, item: Equipment) -> Equipment | None:
        """The equipment that this one is a part of; None where it stands for itself."""
        return self._at(item.site, item.parent)

    def supplier_of(self, item: Equipment) -> Equipment | None:
        """The equipment that feeds this one; None where none is named."""
        return self._at(item.site, item.served_by)

    def children_of(self, item: Equipment) -> tuple[Equipment, ...]:
        """The parts of this equipment that are in service, by id."""
        return self._children.get(item.path, ())

    def served_from(self, item: Equipment) -> tuple[Equipment, ...]:
        """The equipment in service that this one feeds, by id."""
        return self._served.get(item.path, ())

    def upstream_of(self, item: Equipment) -> tuple[Equipment, ...]:
        """What this equipment is fed by or a part of, and what those are, the nearest first; never itself."""
        return _closure(item, lambda one: (self.parent_of(one), self.supplier_of(one)))

    def downstream_of(self, item: Equipment) -> tuple[Equipment, ...]:
        """What this equipment feeds or consists of, and what those do, the nearest first; never itself."""
        return _closure(item, lambda one: (*self.children_of(one), *self.served_from(one)))

    def _at(self, site: str, key: str | None) -> Equipment | None:
        return None if key is None else self.equipment_by_path.get(f"{site}/{key}")

    def _below(self, relation: str) -> dict[str, tuple[Equipment, ...]]:
        found: dict[str, list[Equipment]] = {}
        for item in sorted(self.equipment, key=lambda one: one.id):
            above = getattr(item, relation)
            if above is not None and item.retired_at is None:
                found.setdefault(f"{item.site}/{above}", []).append(item)
        return {path: tuple(items) for path, items in found.items()}


def _closure(
    item: Equipment, following: Callable[[Equipment], tuple[Equipment | None, ...]]
) -> tuple[Equipment, ...]:
    found: dict[int, Equipment] = {item.id: item}
    edge = [item]
    while edge:
        reached = {one.id: one for start in edge for one in following(start) if one is not None}
        edge = [one for one in reached.values() if one.id not in found]
        found.update((one.id, one) for one in edge)
    return tuple(one for one in found.values() if one is not item)

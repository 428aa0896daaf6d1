"""The overview: a tile for each system of each site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from api.console.views.standing import Standing
from api.console.words import SYSTEM
from plantroom.alarms import Severity
from plantroom.catalogue import Catalogue
from plantroom.catalogue.schema import System
from plantroom.model import PointTable

OPTIONAL = frozenset({System.AUTOMATION})
"""Systems that have a tile only where there is equipment of them."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One system of a site."""

    system: System
    equipment: int = 0
    alarms: int = 0
    unacknowledged: int = 0
    orders: int = 0
    points: int = 0
    unknown: int = 0
    """Points that say nothing of the present."""
    worst: Severity | None = None

    @property
    def is_silent(self) -> bool:
        """Whether none of its points says anything of the present."""
        return self.points > 0 and self.unknown == self.points


def tiles(
    table: PointTable,
    catalogue: Catalogue,
    standing: Standing,
    unknown: Mapping[int, int],
    points: Mapping[int, int],
) -> Mapping[str, list[Tile]]:
    """Site -> its tiles in the order of SYSTEM; retired equipment counts for nothing.

    `unknown` and `points` are numbers of points by equipment id.
    """
    members: dict[str, dict[System, list[int]]] = {}
    for item in table.equipment:
        systems = members.setdefault(item.site, {})
        if item.retired_at is None:
            systems.setdefault(catalogue[item.equipment_class].system, []).append(item.id)
    return {
        site: [
            _tile(system, systems.get(system, ()), standing, unknown, points)
            for system in SYSTEM
            if system in systems or system not in OPTIONAL
        ]
        for site, systems in members.items()
    }


def _tile(
    system: System,
    ids: Iterable[int],
    standing: Standing,
    unknown: Mapping[int, int],
    points: Mapping[int, int],
) -> Tile:
    ids = list(ids)
    here = [standing.of(id_) for id_ in ids]
    return Tile(
        system=system,
        equipment=len(ids),
        alarms=sum(item.alarms for item in here),
        unacknowledged=sum(item.unacknowledged for item in here),
        orders=sum(item.orders for item in here),
        points=sum(points.get(id_, 0) for id_ in ids),
        unknown=sum(unknown.get(id_, 0) for id_ in ids),
        worst=max((item.worst for item in here if item.worst is not None), default=None),
    )


def points_by_equipment(table: PointTable) -> Mapping[int, int]:
    """Equipment id -> how many points it has."""
    counts: dict[int, int] = {}
    for id_ in table.equipment_id[table.kind >= 0].tolist():
        counts[id_] = counts.get(id_, 0) + 1
    return counts

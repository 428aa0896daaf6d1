"""What goes out about sites."""

from __future__ import annotations

from typing import Any

from api.equipment.state import State, Summary
from api.wire import Answer, Words
from plantroom.alarms import Severity
from plantroom.catalogue.schema import System
from plantroom.model import Space as SpaceModel


class Counts(Answer):
    """The worst state of many equipment, and how many there are of what. Retired equipment is not counted."""

    state: State
    equipment: int
    unknown: int
    """Equipment whose state nobody knows."""
    alarms: dict[str, int]
    """Standing alarms by severity."""
    open_orders: int


def counts(summary: Summary) -> dict[str, Any]:
    """The summary as the fields of `Counts`."""
    return {
        "state": summary.state,
        "equipment": summary.equipment,
        "unknown": summary.unknown,
        "alarms": severity_counts(summary.standing),
        "open_orders": summary.open_orders,
    }


def severity_counts(standing: Any) -> dict[str, int]:
    """A count for every severity, the worst first."""
    return {item.name.lower(): standing.get(item, 0) for item in reversed(Severity)}


class _SystemName(Answer):
    system: System


class SystemState(Counts, _SystemName):
    """One building system of a site."""


class _SiteHead(Answer):
    key: str
    name: Words
    zone: str
    """IANA name of its time zone."""


class Site(Counts, _SiteHead):
    """A site."""


class SiteDetail(Site):
    """A site with its building systems, in the order of the catalogue's systems."""

    systems: list[SystemState]


class Space(Answer):
    """A building, floor or room; `parent` is the key of the space around it."""

    key: str
    name: Words
    parent: str | None

    @classmethod
    def of(cls, space: SpaceModel) -> Space:
        """The space as it goes out."""
        return cls(key=space.key, name=Words.of(space.name), parent=space.parent)

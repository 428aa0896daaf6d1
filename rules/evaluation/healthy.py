"""How often healthy equipment raises alarms: every alarm is a false one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from plantroom.times import DAY, Nanos

DAYS_OF_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Quiet:
    """What healthy equipment of a class raised in a stretch of running. Units: `days` of equipment."""

    equipment_class: str
    days: float
    interval_s: int
    alarms: Mapping[str, int]
    """Rule -> how often it was raised; rules that were not are left out."""

    @property
    def count(self) -> int:
        """How many alarms there were."""
        return sum(self.alarms.values())

    @property
    def per_year(self) -> float:
        """Alarms per equipment and year."""
        return self.count / self.days * DAYS_OF_YEAR if self.days else 0.0

    @property
    def per_month(self) -> float:
        """Alarms per equipment and month, a twelfth of a year."""
        return self.per_year / 12


def quiet(equipment_class: str, equipment: int, span: Nanos, interval_s: int, raised: Iterable[str]) -> Quiet:
    """The figures of one stretch, from the rules that were raised."""
    return Quiet(equipment_class, equipment * span / DAY, interval_s, dict(Counter(raised)))


def together(stretches: Iterable[Quiet]) -> list[Quiet]:
    """One for each class, in order, and one of all (class "")."""
    found: dict[str, list[Quiet]] = {}
    for item in stretches:
        found.setdefault(item.equipment_class, []).append(item)
    each = [_sum(name, found[name]) for name in sorted(found)]
    return [*each, _sum("", each)] if each else []


def _sum(name: str, parts: list[Quiet]) -> Quiet:
    alarms: Counter[str] = Counter()
    for part in parts:
        prefix = "" if name else f"{part.equipment_class}."
        alarms.update({f"{prefix}{rule}": count for rule, count in part.alarms.items()})
    return Quiet(
        name,
        sum(part.days for part in parts),
        max(part.interval_s for part in parts),
        dict(sorted(alarms.items())),
    )

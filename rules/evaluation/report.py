"""All figures of an evaluation together, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rules.evaluation import faults, healthy


@dataclass(frozen=True, slots=True)
class Report:
    """What an evaluation found: by kind and by class, what no rule sees yet, and healthy running by class.

    The last line of `classes` and of `quiet` is that of all classes, its name empty.
    """

    kinds: tuple[faults.Line, ...]
    classes: tuple[faults.Line, ...]
    without_rules: tuple[tuple[str, str], ...]
    quiet: tuple[healthy.Quiet, ...]
    outcomes: tuple[faults.Outcome, ...]


def report(outcomes: Sequence[faults.Outcome], stretches: Sequence[healthy.Quiet]) -> Report:
    """The figures of these outcomes and stretches of healthy running."""
    return Report(
        tuple(faults.by_kind(outcomes)),
        tuple(faults.by_class(outcomes)),
        tuple(faults.without_rules(outcomes)),
        tuple(healthy.together(stretches)),
        tuple(outcomes),
    )


def as_json(figures: Report) -> dict[str, Any]:
    """The figures as JSON's dictionaries and lists."""
    return {
        "kinds": [_line(line) for line in figures.kinds],
        "classes": [_line(line) for line in figures.classes],
        "without_rules": [{"class": name, "kind": kind} for name, kind in figures.without_rules],
        "healthy": [
            {
                "class": item.equipment_class or None,
                "equipment_days": round(item.days, 3),
                "interval_s": item.interval_s,
                "alarms": dict(item.alarms),
                "per_equipment_month": round(item.per_month, 4),
                "per_equipment_year": round(item.per_year, 4),
            }
            for item in figures.quiet
        ],
        "runs": [asdict(item) for item in figures.outcomes],
    }


def _line(line: faults.Line) -> dict[str, Any]:
    return {
        "class": line.equipment_class or None,
        "kind": line.kind or None,
        "severity": line.severity,
        "runs": line.runs,
        "found": line.found,
        "rate": round(line.rate, 4),
        "median_s": line.median_s,
        "p90_s": line.slow_s,
        "horizon_s": line.horizon_s,
        "other_rules": dict(line.others),
        "rules_before": dict(line.before),
    }

"""How well simulated faults are found: what was raised, judged against what the faults must raise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plantroom.times import SECOND, Nanos


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one fault. Units: `after_s` seconds from its begin to the first right alarm.

    `before` are alarms of the healthy lead-in, `others` alarms afterwards that the fault should not raise.
    """

    equipment_class: str
    kind: str
    severity: float
    seed: int
    truth: tuple[str, ...]
    horizon_s: float
    after_s: float | None
    by: str | None
    right: tuple[str, ...]
    others: tuple[str, ...]
    before: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one kind, or of a class with all its kinds, at one severity.

    `median_s` and `slow_s` (90 %) are over all runs, those without alarm last; None where that is never.
    """

    equipment_class: str
    kind: str
    severity: float
    runs: int
    found: int
    median_s: float | None
    slow_s: float | None
    horizon_s: float
    others: Mapping[str, int]
    before: Mapping[str, int]

    @property
    def rate(self) -> float:
        """The share of runs in which the fault was found."""
        return self.found / self.runs if self.runs else 0.0


def judge(
    raised: Iterable[tuple[Nanos, str]],
    *,
    equipment_class: str,
    kind: str,
    severity: float,
    seed: int,
    truth: Sequence[str],
    begin: Nanos,
    end: Nanos,
) -> Outcome:
    """What came of a fault that began at `begin`, from the alarms (time, rule) raised up to `end`."""
    in_time = sorted((ts, rule) for ts, rule in raised if ts <= end)
    after = [(ts, rule) for ts, rule in in_time if ts >= begin]
    right = [(ts, rule) for ts, rule in after if rule in truth]
    first = right[0] if right else None
    return Outcome(
        equipment_class,
        kind,
        severity,
        seed,
        tuple(truth),
        (end - begin) / SECOND,
        None if first is None else (first[0] - begin) / SECOND,
        None if first is None else first[1],
        tuple(dict.fromkeys(rule for _, rule in right)),
        tuple(dict.fromkeys(rule for _, rule in after if rule not in truth)),
        tuple(dict.fromkeys(rule for ts, rule in in_time if ts < begin)),
    )


def by_kind(outcomes: Iterable[Outcome]) -> list[Line]:
    """A line for each class, kind and severity, in this order; kinds without rules are left out."""
    groups: dict[tuple[str, str, float], list[Outcome]] = {}
    for item in outcomes:
        if item.truth:
            groups.setdefault((item.equipment_class, item.kind, item.severity), []).append(item)
    return [_line(*key, groups[key]) for key in sorted(groups)]


def by_class(outcomes: Iterable[Outcome]) -> list[Line]:
    """A line for each class and severity over all its kinds that have rules, and one of all classes."""
    groups: dict[tuple[str, float], list[Outcome]] = {}
    for item in outcomes:
        if item.truth:
            groups.setdefault((item.equipment_class, item.severity), []).append(item)
            groups.setdefault(("", item.severity), []).append(item)
    order = sorted(groups, key=lambda key: (key[0] == "", key))
    return [_line(name, "", severity, groups[name, severity]) for name, severity in order]


def without_rules(outcomes: Iterable[Outcome]) -> list[tuple[str, str]]:
    """(class, kind) of the faults that no rule sees yet."""
    return sorted({(item.equipment_class, item.kind) for item in outcomes if not item.truth})


def _line(equipment_class: str, kind: str, severity: float, items: Sequence[Outcome]) -> Line:
    times = [np.inf if item.after_s is None else item.after_s for item in items]
    median, slow = np.percentile(times, [50, 90], method="inverted_cdf").tolist()
    return Line(
        equipment_class,
        kind,
        severity,
        len(items),
        sum(item.after_s is not None for item in items),
        median if np.isfinite(median) else None,
        slow if np.isfinite(slow) else None,
        max(item.horizon_s for item in items),
        dict(Counter(rule for item in items for rule in item.others)),
        dict(Counter(rule for item in items for rule in item.before)),
    )

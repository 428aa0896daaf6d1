"""How a rule stands on an equipment, for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from plantroom.readings import Float64s
from plantroom.times import Nanos
from rules.expression import CompiledRule
from rules.memory import Memory
from rules.panel import Panel
from rules.relations import Past
from rules.timers import TimerTable
from rules.window import NEVER, Window


class RuleStatus(StrEnum):
    """What a rule says of an equipment now."""

    DISABLED = "disabled"
    UNKNOWN = "unknown"
    NORMAL = "normal"
    PENDING = "pending"
    """The condition holds and its on-delay runs."""
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class RuleState:
    """A rule on an equipment: its status, since when (pending or active), and which points are unknown.

    `unknown` maps a point's key to `missing` (the equipment has none), `never` (no reading yet), `bad`
    (quality) or `stale`. An active alarm whose points are unknown stays active.
    """

    status: RuleStatus
    since: Nanos | None
    unknown: Mapping[str, str]


def states_of(
    panel: Panel, memory: Memory, equipment: int, at: Nanos, *, values: Float64s, past: Past
) -> dict[str, RuleState]:
    """Rule key -> its state on an equipment, by its number, at an instant. The panel has its class alone.

    `values` are what windows say.
    """
    [rules] = panel.classes
    column = equipment - rules.first
    kinds = zip(
        (rules.reading, rules.minutely),
        memory.timers_of(rules),
        panel.says(equipment, at, values, past),
        strict=True,
    )
    found = {
        rule.key: _state(
            table, (index, column), int(says[index, 0]), _unknown(rule, rules.window, column, at)
        )
        for own, table, says in kinds
        for index, rule in enumerate(own)
    }
    return {rule.key: found[rule.key] for rule in rules.compiled}


def _unknown(rule: CompiledRule, window: Window, column: int, at: Nanos) -> dict[str, str]:
    rows = zip(rule.points, rule.rows, strict=True)
    why = {key: window.why_unknown(row, column, at) for key, row in rows}
    return {key: reason for key, reason in why.items() if reason is not None}


def _state(table: TimerTable, place: tuple[int, int], says: int, unknown: Mapping[str, str]) -> RuleState:
    status, since = RuleStatus.NORMAL, None
    if not table.of("enabled")[place]:
        status = RuleStatus.DISABLED
    elif table.of("active")[place]:
        status, since = RuleStatus.ACTIVE, table.of("changed")[place]
    elif says == 0:
        status = RuleStatus.UNKNOWN
    elif table.of("since")[place] != NEVER:
        status, since = RuleStatus.PENDING, table.of("since")[place]
    began = None if since is None or since == NEVER else int(since)
    return RuleState(status, began, unknown)

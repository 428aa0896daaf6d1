"""The outcome of a backtest as plain JSON values: what the API answers and the command line prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from plantroom.times import SECOND, to_iso
from rules.backtest.comparison import Occurrence
from rules.backtest.run import Figures, Line, Marked, Result
from rules.backtest.sides import Side

MAX_LISTED = 100
"""Alarms that are listed one by one for each rule on an equipment; the counts are of all."""
MAX_LINES = 5_000

NOTES = (
    {
        "en": "People are not simulated: no acknowledging, shelving, resetting or maintenance mode, and no "
        "suppression of alarms that follow from others.",
        "zh": "不模拟人的操作：没有确认、搁置、复位和检修模式，也不模拟由其他报警引起的抑制。",
    },
    {
        "en": "An order counts as open while an alarm of its fault stands; in service it stays open until "
        "the work is done, and joins more alarms.",
        "zh": "只要同一故障的报警还在，工单就算未关闭；实际中工单在完工前一直未关闭，会并入更多报警。",
    },
    {
        "en": "Precision and recall are of marked alarms only: alarms that nobody marked, and alarms that "
        "only the draft raises, count for neither.",
        "zh": "准确率和召回率只计已标记的报警；无人标记的报警和仅草案产生的报警不计入。",
    },
)


def report_of(result: Result) -> dict[str, Any]:
    """The outcome. Times are ISO 8601 in UTC, durations seconds; an alarm that still stands has no clear."""
    lines = sorted(result.lines, key=lambda line: (result.rules.index(line.rule), line.equipment.path))
    return {
        "class": result.draft.cls.key,
        "start": to_iso(result.start),
        "end": to_iso(result.end),
        "warm_up_s": result.warm_up / SECOND,
        "equipment": len(result.equipment),
        "readings": result.readings,
        "rules": [_rule(result, rule) for rule in result.rules],
        "lines": [_line(line) for line in lines[:MAX_LINES]],
        "lines_left_out": max(0, len(lines) - MAX_LINES),
        "notes": [dict(note) for note in NOTES],
    }


def _rule(result: Result, key: str) -> dict[str, Any]:
    draft = result.draft
    rule = draft.cls.rule(key) or draft.in_force.rule(key)
    lines = [line for line in result.lines if line.rule == key]
    return {
        "rule": key,
        "name": {"en": rule.name.en, "zh": rule.name.zh} if rule is not None else None,
        "change": draft.change_of(key),
        "before": _sum(line.before for line in lines) | _marks(result, Side.BEFORE, key),
        "after": _sum(line.after for line in lines) | _marks(result, Side.AFTER, key),
        "same": sum(line.same for line in lines),
        "moved": sum(len(line.moved) for line in lines),
        "gained": sum(len(line.matched.gained) for line in lines),
        "lost": sum(len(line.matched.lost) for line in lines),
    }


def _sum(figures: Iterable[Figures]) -> dict[str, Any]:
    parts = list(figures)
    return {
        "alarms": sum(part.alarms for part in parts),
        "standing_s": sum(part.standing for part in parts) / SECOND,
        "orders": sum(len(part.orders) for part in parts),
    }


def _marks(result: Result, side: Side, key: str) -> dict[str, Any]:
    found = result.marked.get((side, key), Marked(0, 0, 0, 0))
    return {
        "marked_true": found.true,
        "marked_false": found.false,
        "marked_nuisance": found.nuisance,
        "missed": found.missed,
        "precision": found.precision,
        "recall": found.recall,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "equipment": line.equipment.path,
        "rule": line.rule,
        "before": _sum([line.before]),
        "after": _sum([line.after]),
        "same": line.same,
        "moved": len(line.moved),
        "gained": len(line.matched.gained),
        "lost": len(line.matched.lost),
        "moved_alarms": [
            {
                "raised_at": to_iso(old.raised),
                "instead_at": to_iso(new.raised),
                "by_s": (new.raised - old.raised) / SECOND,
            }
            for old, new in line.moved[:MAX_LISTED]
        ],
        "gained_alarms": _listed(line.matched.gained),
        "lost_alarms": _listed(line.matched.lost),
    }


def _listed(items: Sequence[Occurrence]) -> list[dict[str, Any]]:
    return [
        {
            "raised_at": to_iso(item.raised),
            "cleared_at": None if item.cleared is None else to_iso(item.cleared),
        }
        for item in items[:MAX_LISTED]
    ]

"""The rules of one equipment class: compiled, with what they read and where that stands in the property."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from plantroom.catalogue import Catalogue, EquipmentClass
from plantroom.model import Equipment, PointTable
from plantroom.readings import Int64s
from rules import relations
from rules.expression import compile_class
from rules.language.terms import (
    Calendar,
    Coded,
    Elapsed,
    Flag,
    PointValue,
    Previous,
    Related,
    Term,
    Windowed,
    walk,
)
from rules.timers import RuleSet
from rules.window import Window
from rules.windows.lanes import ClassLanes

_Kind = TypeVar("_Kind", Windowed, Calendar, Related, Previous, Elapsed)


class ClassRules:
    """The rules of a class over its equipment.

    They are of two kinds: `reading` are judged at the evaluations of their equipment, `minutely` at whole
    minutes. What they read from outside is listed here; a panel gives it rows of a board.
    """

    def __init__(self, cls: EquipmentClass, items: list[Equipment], table: PointTable, catalogue: Catalogue):
        self.compiled = compile_class(cls, catalogue)
        self.window = window = Window(cls, items, table)
        self.first = 0
        """The number of the first equipment in the property."""
        self.reading = tuple(rule for rule in self.compiled if not rule.at_minutes)
        self.minutely = tuple(rule for rule in self.compiled if rule.at_minutes)
        windows = list(dict.fromkeys(item for rule in self.compiled for item in rule.windows))
        self.lanes = ClassLanes(windows, window, window.fixed)
        series = self.lanes.expressions
        self.sources: list[Term] = [item.source for item in series]
        self.wheres: list[Term] = [item.where for item in series if item.where is not None]
        entering = [*self.sources, *self.wheres]
        every = [*(rule.raises for rule in self.reading), *entering]
        self.windowed = _found(Windowed, every)
        self.calendar = _found(Calendar, every)
        self.related = _found(Related, every)
        self.previous = _found(Previous, every)
        early = _found(Elapsed, entering)
        self.elapsed = (early, [item for item in _found(Elapsed, every) if item not in early])
        """Conditions whose duration is asked for: before windows move on, and after."""
        self.calendar_at_minutes = _found(Calendar, [rule.raises for rule in self.minutely])
        self.members: Mapping[Term, relations.Rows] = {}

    def relate(self, windows: Mapping[str, Window], table: PointTable, catalogue: Catalogue) -> None:
        """Find the other equipment that rules ask about, once all classes have their places."""
        self.members = {
            term: relations.members(term, self.window, windows, table, catalogue) for term in self.related
        }

    @property
    def previous_rows(self) -> list[int]:
        """The rows of the points whose reading before the last one is asked for."""
        return [term.row for term in self.previous]

    @property
    def width(self) -> int:
        """How many equipment there are."""
        return len(self.window.equipment)

    def other_places(self) -> list[int]:
        """The places of other equipment's points that rules ask about."""
        return [entry[0] for rows in self.members.values() for mine in rows for entry in mine]

    def strip(self, row: int) -> int:
        """Where a point's places are, less the number of the first equipment: see `strips`."""
        return self.window.base + row * self.width - self.first

    def rule_sets(self) -> tuple[RuleSet, RuleSet]:
        """The rules of both kinds, for their timers."""
        return (
            RuleSet(self.reading, self.window, self.first),
            RuleSet(self.minutely, self.window, self.first),
        )

    def gap(self, item: Elapsed) -> Int64s:
        """How far apart two evaluations may be for a condition to last between them, ns: [E]."""
        own = {part.row for part in walk(item.item) if isinstance(part, PointValue)}
        outside = walk(item.item, into_windows=False)
        own |= {part.row for part in outside if isinstance(part, Flag | Coded)}
        return self.window.longest_gap(sorted(own))


def _found(kind: type[_Kind], terms: Sequence[Term]) -> list[_Kind]:
    """The terms of a kind in others, outside of windows, each once."""
    parts: Iterator[Term] = (part for term in terms for part in walk(term, into_windows=False))
    return list(dict.fromkeys(part for part in parts if isinstance(part, kind)))

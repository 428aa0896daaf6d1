"""Rules that are judged at the same times: their conditions, their timers, and the changes that come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

import numpy as np

from plantroom.alarms import AlarmEvent
from plantroom.catalogue import EquipmentClass
from plantroom.readings import Float64s
from plantroom.times import Nanos
from rules.board import Outline
from rules.class_rules import ClassRules
from rules.evaluations import Abreast
from rules.expression import CompiledRule
from rules.language.terms import PointValue, Related, Term, Windowed, walk
from rules.memory import Memory
from rules.program import Int8s, Part, Program
from rules.timers import NO_FLIPS, Flips


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """A rule raised or cleared its alarm on an equipment, at a reading time.

    `readings` are the values of what the rule reads at `ts`, where they are known: its points by key, its
    windows by their text, in their units.
    """

    equipment_id: int
    rule: str
    event: AlarmEvent
    ts: Nanos
    readings: Mapping[str, float]


class Judge:
    """The rules of some classes that are judged at readings, or those that are judged at minutes."""

    def __init__(
        self,
        classes: Sequence[ClassRules],
        rules: Sequence[Sequence[CompiledRule]],
        outline: Outline,
        memory: Memory,
        table: Literal["reading", "minutely"],
    ) -> None:
        """`rules` are those of each class; `outline` is the board that they read."""
        each = list(zip(classes, rules, outline.rows, strict=True))
        self.raises, self.holds = (
            Program(
                [
                    Part([getattr(rule, name) for rule in own], rows, item.window.fixed, item.first)
                    for item, own, rows in each
                ]
            )
            for name in ("raises", "holds")
        )
        self.rules = [rule.key for own in rules for rule in own]
        self._timers = memory.timers[table]
        self._strips = memory.strips(table, classes, [len(own) for own in rules])
        self._class_of_row = np.array(outline.of, dtype=np.int64)
        self._classes = tuple(classes)
        self._facts = [
            [(_name(term, item.window.cls), rows[term]) for term in _facts(rule, rows)]
            for item, own, rows in each
            for rule in own
        ]

    def says(self, abreast: Abreast, board: Float64s) -> Int8s:
        """What the conditions say of each evaluation: int8[R, W]."""
        return self.raises.run(board, abreast.equipment)[1]

    def judge(self, abreast: Abreast, board: Float64s) -> Iterator[AlarmChange]:
        """The alarms that change at evaluations, whose board has been filled from outside.

        Equipment whose alarms rest, with no condition that holds, stays as it is: most of a healthy property.
        """
        if self.rules:
            yield from self._changes(abreast, board, self._flips(abreast, board))

    def _flips(self, abreast: Abreast, board: Float64s) -> Flips:
        found, of = abreast.found, self._strips.of
        up = self.says(abreast, board) == 1
        up &= abreast.real[of]
        runs = self._timers.load[found.owner] > 0
        rule, slot = np.nonzero(up)
        runs[found.run[abreast.index[of[rule], slot]]] = True
        if not runs.any():
            return NO_FLIPS
        part, which = found.take(np.flatnonzero(runs))
        few = Abreast(part, abreast.bounds)
        # where the evaluations that are left stood among all
        slot = which[few.index] - abreast.first[:, np.newaxis]
        slot[few.count == 0] = 0
        own = np.take_along_axis(board, slot[self._class_of_row], axis=1)
        _, holds = self.holds.run(own, few.equipment)
        up = np.take_along_axis(up, slot[of], axis=1)
        flips = self._timers.advance(part, self._strips, few, up, holds == -1)
        return flips._replace(evaluation=which[flips.evaluation])

    def _changes(self, abreast: Abreast, board: Float64s, flips: Flips) -> Iterator[AlarmChange]:
        found, classes = abreast.found, self._strips.of
        for index, at, raised in zip(*(part.tolist() for part in flips), strict=True):
            of = int(classes[index])
            slot = at - int(abreast.first[of])
            facts = [(name, float(board[row, slot])) for name, row in self._facts[index]]
            owner = self._classes[of]
            item = owner.window.equipment[int(found.equipment[at]) - owner.first]
            yield AlarmChange(
                equipment_id=item.id,
                rule=self.rules[index],
                event=AlarmEvent.RAISE if raised else AlarmEvent.CLEAR,
                ts=int(found.at[at]),
                readings={name: value for name, value in facts if isfinite(value)},
            )


def _facts(rule: CompiledRule, rows: Mapping[Term, int]) -> list[Term]:
    points: list[Term] = [PointValue(row) for row in rule.now_rows]
    others = (part for part in walk(rule.raises, into_windows=False) if isinstance(part, Windowed | Related))
    return [term for term in dict.fromkeys([*points, *others]) if term in rows]


def _name(term: Term, cls: EquipmentClass) -> str:
    match term:
        case PointValue(row):
            return cls.points[row].key
        case Windowed():
            return term.text
        case Related(relation, key, how):
            return f"{relation}.{key}" if how == "value" else f"{how}({relation}.{key})"
        case _:
            raise TypeError(term)

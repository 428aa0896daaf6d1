"""What the rules of the whole property remember between evaluations, and each class's part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np

from plantroom.readings import Float64s, Int64s
from rules.class_rules import ClassRules
from rules.states import Before, Lasting
from rules.strips import Strips
from rules.timers import Timers, TimerTable
from rules.window import NEVER, Latest


class Memory:
    """Latest readings, delays and alarms, since when conditions hold: tables over all classes.

    `evaluated` [equipment] is up to when the rules of each equipment have run. `timers` are those of the
    rules judged at readings and of those judged at minutes; `lasting` are the conditions before windows move
    on, and after.
    """

    def __init__(self, classes: Sequence[ClassRules], latest: Latest, equipment: int) -> None:
        self.latest = latest
        self.evaluated: Int64s = np.full(equipment, NEVER, dtype=np.int64)
        sets = [item.rule_sets() for item in classes]
        self.timers = {
            "reading": Timers([own for own, _ in sets], equipment),
            "minutely": Timers([own for _, own in sets], equipment),
        }
        self.lasting = tuple(
            Lasting([item.gap(term) for item in classes for term in item.elapsed[stage]]) for stage in (0, 1)
        )
        asked = [item.window.places[row] for item in classes for row in item.previous_rows]
        self.before = Before(len(latest.ts), asked)
        self._begins = {
            "reading": _begins([own.size for own, _ in sets]),
            "minutely": _begins([own.size for _, own in sets]),
            "lasting 0": _begins([len(item.elapsed[0]) * item.width for item in classes]),
            "lasting 1": _begins([len(item.elapsed[1]) * item.width for item in classes]),
        }
        self._index = {item.window.cls.key: at for at, item in enumerate(classes)}

    def begin(self, table: str, rules: ClassRules) -> int:
        """Where the first strip of a class begins in a table."""
        return self._begins[table][self._index[rules.window.cls.key]]

    def strips(self, table: str, classes: Sequence[ClassRules], counts: Sequence[int]) -> Strips:
        """So many strips of each class in a table."""
        return Strips.listed(
            (self.begin(table, item) + at * item.width - item.first, of)
            for of, (item, count) in enumerate(zip(classes, counts, strict=True))
            for at in range(count)
        )

    def assume_active(self, rules: ClassRules, column: int, key: str) -> None:
        """Take the alarm of a rule of a class on one of its equipment for active, if there is such a rule."""
        kinds = zip((rules.reading, rules.minutely), self.timers_of(rules), self.timers.values(), strict=True)
        for own, table, timers in kinds:
            for index, rule in enumerate(own):
                if rule.key == key and not table.of("active")[index, column]:
                    table.of("active")[index, column] = True
                    table.of("since")[index, column] = NEVER
                    timers.look()

    # ---- the part of a class, as views: what is written there is remembered

    def timers_of(self, rules: ClassRules) -> tuple[TimerTable, TimerTable]:
        """The timers of its rules that are judged at readings, and of those at minutes."""
        found = []
        for table, own in (("reading", rules.reading), ("minutely", rules.minutely)):
            begin = self.begin(table, rules)
            part = slice(begin, begin + len(own) * rules.width)
            found.append(TimerTable(self.timers[table], part, (len(own), rules.width)))
        return found[0], found[1]

    def lasting_of(self, rules: ClassRules) -> Mapping[str, Int64s]:
        """Condition -> since when it holds: [E]."""
        found = {}
        for stage, lasting in enumerate(self.lasting):
            begin = self.begin(f"lasting {stage}", rules)
            for at, term in enumerate(rules.elapsed[stage]):
                start = begin + at * rules.width
                found[repr(term.item)] = lasting.since[start : start + rules.width]
        return found

    def before_of(self, rules: ClassRules) -> Mapping[str, Float64s]:
        """Point -> its readings before the last ones: [E]."""
        found = {}
        for row in rules.previous_rows:
            begin = self.before.index[rules.window.places[row, 0]]
            found[rules.window.cls.points[row].key] = self.before.value[begin : begin + rules.width]
        return found


def _begins(sizes: Sequence[int]) -> list[int]:
    return list(accumulate(sizes, initial=0))[:-1]

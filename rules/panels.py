"""Which classes are run together: all of them, or each by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plantroom.readings import Int64s
from rules.class_rules import ClassRules
from rules.memory import Memory
from rules.panel import Panel

A_PANEL = 10_000
"""What running one panel costs beside its evaluations, in rules judged at one: its calls take about half a
millisecond, a rule at an evaluation about 50 ns. Only the order of magnitude matters."""


class Panels:
    """The panel of all classes, and one of each class, made when it is first asked for."""

    def __init__(self, classes: Sequence[ClassRules], memory: Memory, point_of: Int64s) -> None:
        self._classes, self._memory, self._point_of = tuple(classes), memory, point_of
        self._rules = np.array([len(item.compiled) for item in classes], dtype=np.int64)
        self._of_class: dict[int, Panel] = {}
        self._whole = Panel(classes, memory, point_of) if classes else None

    def of(self, index: int) -> Panel:
        """The panel of one class."""
        if self._whole is not None and len(self._classes) == 1:
            return self._whole
        if index not in self._of_class:
            self._of_class[index] = Panel([self._classes[index]], self._memory, self._point_of)
        return self._of_class[index]

    def choose(self, evaluations: Int64s) -> list[Panel]:
        """The panels that take the least time for so many evaluations of each class.

        Together, every class costs as many columns as the largest; apart, each costs a panel's calls.
        """
        asked = np.flatnonzero(evaluations)
        if self._whole is None or not len(asked):
            return []
        together = int(evaluations.max()) * int(self._rules.sum()) + A_PANEL
        apart = int((evaluations * self._rules).sum()) + A_PANEL * len(asked)
        return [self._whole] if together <= apart else [self.of(index) for index in asked.tolist()]

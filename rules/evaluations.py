"""Evaluations: one equipment at one timestamp of its readings. In a row, and class by class abreast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plantroom.readings import Bools, Int64s
from rules.runs import opens


@dataclass(frozen=True, slots=True, eq=False)
class Evaluations:
    """Evaluations by equipment, then time; equipment is numbered through the property, class by class.

    Shapes: `equipment`, `at`, `before` [G]; a run is the stretch of one equipment, `start` and `count` [S]
    say where it stands, `run` [G] which it is. `at` is the evaluation time, `before` that of the one before.
    """

    equipment: Int64s
    at: Int64s
    before: Int64s
    run: Int64s
    start: Int64s
    count: Int64s

    @property
    def owner(self) -> Int64s:
        """The equipment of each run."""
        found: Int64s = self.equipment[self.start]
        return found

    @property
    def last(self) -> Int64s:
        """The last evaluation of each run."""
        return self.start + self.count - 1

    def take(self, index: Int64s) -> tuple[Evaluations, Int64s]:
        """Some of the runs, by index, and which evaluations those are."""
        count = self.count[index]
        which = stretches(self.start[index], count)
        run = np.arange(len(index)).repeat(count)
        start = np.cumsum(count) - count
        return Evaluations(
            self.equipment[which], self.at[which], self.before[which], run, start, count
        ), which


def stretches(start: Int64s, count: Int64s) -> Int64s:
    """The numbers of stretches one after another: `count` from each `start` on."""
    begin = np.cumsum(count) - count
    found: Int64s = (start - begin).repeat(count) + np.arange(int(count.sum()))
    return found


def evaluations(equipment: Int64s, at: Int64s, evaluated: Int64s) -> Evaluations:
    """Evaluations at times that are sorted by equipment; `evaluated` says when each was asked last."""
    new = opens(equipment)
    start = np.flatnonzero(new)
    before = np.empty_like(at)
    before[1:] = at[:-1]
    before[start] = evaluated[equipment[start]]
    count = np.diff(np.append(start, len(equipment)))
    return Evaluations(equipment, at, before, np.cumsum(new) - 1, start, count)


class Abreast:
    """Evaluations class by class abreast: row c has those of the c-th class, in their order from the left.

    The row of a board that is about one class is filled from the left too, so that one board holds all
    classes: a little room is lost where a class has fewer evaluations than another, and a call does for all
    what would take one for each. Cells beyond a class's evaluations repeat its last one and are not `real`.

    Shapes: `first`, `count` [C] which evaluations are of a class; `index`, `real`, `equipment`, `at` [C, W].
    """

    def __init__(self, found: Evaluations, bounds: Int64s) -> None:
        """`bounds` [C + 1] are the numbers of the equipment with which classes begin."""
        self.found, self.bounds = found, bounds
        edges = np.searchsorted(found.equipment, bounds)
        self.first, self.count = edges[:-1], np.diff(edges)
        self.width = int(self.count.max())
        slot = np.arange(self.width)
        self.real: Bools = slot < self.count[:, np.newaxis]
        none = self.count == 0
        self.index: Int64s = np.minimum(slot, (self.count - 1)[:, np.newaxis])
        self.index[none] = 0
        self.index += np.minimum(self.first, len(found.equipment) - 1)[:, np.newaxis]
        self.equipment: Int64s = found.equipment[self.index]
        # a class without evaluations takes another's cells, but no equipment that its tables do not have
        self.equipment[none] = bounds[:-1][none, np.newaxis]
        self.at: Int64s = found.at[self.index]

    @cached_property
    def before(self) -> Int64s:
        """The evaluation time before each cell's: [C, W]."""
        found: Int64s = self.found.before[self.index]
        return found

    @cached_property
    def opening(self) -> Int64s:
        """The first cell of each cell's run, in its row: [C, W]."""
        start = self.found.start[self.found.run]
        found: Int64s = start[self.index] - self.first[:, np.newaxis]
        return found

    @cached_property
    def closes(self) -> Bools:
        """Where a run ends: [C, W]."""
        ends = np.zeros(len(self.found.equipment), dtype=np.bool_)
        ends[self.found.last] = True
        return ends[self.index] & self.real

    def cells(self, of: Int64s, evaluation: Int64s) -> Int64s:
        """Where evaluations stand in the rows of their classes."""
        found: Int64s = evaluation - self.first[of]
        return found

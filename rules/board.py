"""What comes from outside, as rows of a board: where each kind of it stands, and how it is filled in.

A board has a row for each point, window, related point and so on of each class, and a column for each
evaluation of the row's class (see `evaluations.Abreast`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plantroom.readings import Float64s, Int64s
from plantroom.times import MINUTE
from rules import relations
from rules.alignment import Aligned
from rules.calendar import local, named
from rules.class_rules import ClassRules
from rules.evaluations import Abreast
from rules.language.terms import Calendar, PointValue, Term, Windowed
from rules.memory import Memory
from rules.program import Part, Program
from rules.relations import Members, Past
from rules.strips import Strips


class Outline:
    """Which row of a board each term of each class has, row by row; `of` is the class of each."""

    def __init__(self, classes: int) -> None:
        self.rows: list[dict[Term, int]] = [{} for _ in range(classes)]
        self.of: list[int] = []

    def block(self, terms: Sequence[Sequence[Term]]) -> slice:
        """Rows for terms of each class, side by side."""
        start = len(self.of)
        for at, own in enumerate(terms):
            for term in own:
                self.rows[at][term] = len(self.of)
                self.of.append(at)
        return slice(start, len(self.of))


class Windows:
    """What windows say, on a board."""

    def __init__(
        self, outline: Outline, classes: Sequence[ClassRules], terms: Sequence[Sequence[Windowed]]
    ) -> None:
        self.rows = outline.block(terms)
        self._strips = Strips.listed(
            (item.lanes.strip(term) - item.first, of)
            for of, (item, own) in enumerate(zip(classes, terms, strict=True))
            for term in own
        )

    def fill(self, board: Float64s, abreast: Abreast, values: Float64s, minute: int) -> None:
        """Fill in what the windows of each equipment said at the start of each evaluation's minute.

        `values` float64[minutes, windows] are what they said from `minute` on.
        """
        place = self._strips.at(abreast.equipment)
        if len(values) > 1:
            tick = np.clip(abreast.at // MINUTE - minute, 0, len(values) - 1)
            place += tick[self._strips.of] * values.shape[1]
        # without a mode, numpy would go over a copy of what it writes to
        np.take(values, place, out=board[self.rows], mode="clip")


class Dates:
    """What the calendar says, on a board."""

    def __init__(
        self, outline: Outline, classes: Sequence[ClassRules], terms: Sequence[Sequence[Calendar]]
    ) -> None:
        self._rows: dict[str, tuple[list[int], list[int]]] = {}
        start = outline.block(terms).start
        pairs = ((of, term) for of, own in enumerate(terms) for term in own)
        for row, (of, term) in enumerate(pairs, start=start):
            rows, classes_of = self._rows.setdefault(term.name, ([], []))
            rows.append(row)
            classes_of.append(of)
        zones = [item.zone for rules in classes for item in rules.window.equipment]
        self._zones = sorted(set(zones))
        self._zone_of: Int64s = np.array([self._zones.index(zone) for zone in zones], dtype=np.int64)
        self._first = classes[0].first

    def fill(self, board: Float64s, abreast: Abreast) -> None:
        """Fill in the calendar at each evaluation."""
        if self._rows:
            zone = self._zone_of[abreast.equipment - self._first]
            clock = local(abreast.at, self._zones, zone)
            for name, (rows, of) in self._rows.items():
                board[rows] = named(name, clock)[of]


class Others:
    """Points of other equipment, on a board."""

    def __init__(self, outline: Outline, classes: Sequence[ClassRules]) -> None:
        self._rows = outline.block([item.related for item in classes])
        asks = [(of, item, term) for of, item in enumerate(classes) for term in item.related]
        self._asks = [(of, item.first, Members.of(term.how, item.members[term])) for of, item, term in asks]

    def fill(self, board: Float64s, abreast: Abreast, past: Past | None) -> None:
        """Fill in what each stood at; without a past there is nothing to fill in."""
        if past is None:
            return
        for row, (of, first, members) in enumerate(self._asks, start=self._rows.start):
            count = int(abreast.count[of])
            column = abreast.equipment[of, :count] - first
            board[row, :count] = relations.at(members, column, abreast.at[of, :count], past)


class Earlier:
    """The readings before the last ones, on a board."""

    def __init__(self, outline: Outline, classes: Sequence[ClassRules], memory: Memory) -> None:
        self._before, self._latest = memory.before, memory.latest
        self._rows = outline.block([item.previous for item in classes])
        asked = [(of, item, row) for of, item in enumerate(classes) for row in item.previous_rows]
        self._points = np.array([outline.rows[of][PointValue(row)] for of, _, row in asked], dtype=np.int64)
        self._places = Strips.listed((item.strip(row), of) for of, item, row in asked)

    def fill(self, board: Float64s, aligned: Aligned) -> None:
        """Fill in the reading before each point's last one, at evaluations whose readings come now."""
        if len(self._points):
            place = self._places.at(aligned.abreast.equipment)
            board[self._rows] = self._before.at(self._latest, aligned, place, self._points)

    def fill_now(self, board: Float64s, abreast: Abreast) -> None:
        """The same after the last evaluation."""
        board[self._rows] = self._before.value[self._before.index[self._places.at(abreast.equipment)]]


class Durations:
    """For how long conditions have held, on a board; at the end of what they read themselves."""

    def __init__(
        self, outline: Outline, classes: Sequence[ClassRules], memory: Memory, *, stage: int
    ) -> None:
        terms = [item.elapsed[stage] for item in classes]
        self._program = Program(
            [
                Part(
                    [term.item for term in own],
                    rows,
                    item.window.fixed,
                    item.first,
                )
                for item, own, rows in zip(classes, terms, outline.rows, strict=True)
            ]
        )
        self._lasting = memory.lasting[stage]
        self._strips = memory.strips(f"lasting {stage}", classes, [len(own) for own in terms])
        self._rows = outline.block(terms)

    def fill(self, board: Float64s, abreast: Abreast) -> None:
        """Fill in the times at evaluations that come now, and remember what began and ended."""
        if len(self._strips):
            _, truth = self._program.run(board, abreast.equipment)
            board[self._rows] = self._lasting.elapsed(self._strips, abreast, truth)

    def fill_now(self, board: Float64s, abreast: Abreast) -> None:
        """The same after the last evaluation, with nothing remembered."""
        if len(self._strips):
            _, truth = self._program.run(board, abreast.equipment)
            board[self._rows] = self._lasting.at(self._strips, abreast, truth)

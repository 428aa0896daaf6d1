"""The rules of some classes, run together over the evaluations of their equipment.

A panel may hold all classes or one; what it remembers is in the property's `Memory`, so that panels take
turns as they please.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from plantroom.readings import Float64s, Int64s
from plantroom.times import MINUTE, Nanos
from rules.alignment import Aligned, Placed, Points, aligned
from rules.board import Dates, Durations, Earlier, Others, Outline, Windows
from rules.class_rules import ClassRules
from rules.evaluations import Abreast, evaluations
from rules.judge import AlarmChange, Judge
from rules.language.terms import PointValue
from rules.memory import Memory
from rules.program import Int8s
from rules.relations import Past
from rules.sources import Sources
from rules.strips import Strips
from rules.windows.stream import Stream


@dataclass(slots=True)
class Turn:
    """The evaluations of one batch: what is known of them so far, on the board of the reading rules."""

    aligned: Aligned
    board: Float64s


class Panel:
    """The rules of classes that follow one another in the property."""

    def __init__(self, classes: Sequence[ClassRules], memory: Memory, point_of: Int64s) -> None:
        """`point_of` says of each place which point it is of, counted through all classes."""
        self.classes, self._memory = tuple(classes), memory
        firsts = [item.first for item in classes]
        self.bounds: Int64s = np.array([*firsts, firsts[-1] + classes[-1].width], dtype=np.int64)
        self._lay_out_readings(point_of)
        self._lay_out_minutes()

    def _lay_out_readings(self, point_of: Int64s) -> None:
        classes, memory = self.classes, self._memory
        outline = Outline(len(classes))
        rows = [range(len(item.window.cls.points)) for item in classes]
        self._point_rows = outline.block([[PointValue(row) for row in own] for own in rows])
        places = ((item.strip(row), of) for of, item in enumerate(classes) for row in rows[of])
        self._points = Points(
            self.bounds, Strips.listed(places), point_of, int(point_of[classes[0].window.base])
        )
        self._windows = Windows(outline, classes, [item.windowed for item in classes])
        self._dates = Dates(outline, classes, [item.calendar for item in classes])
        self._others = Others(outline, classes)
        self._earlier = Earlier(outline, classes, memory)
        self._durations = [Durations(outline, classes, memory, stage=stage) for stage in (0, 1)]
        self._sources = Sources(classes, outline.rows)
        self._reading = Judge(classes, [item.reading for item in classes], outline, memory, "reading")
        self._height = len(outline.of)

    def _lay_out_minutes(self) -> None:
        classes = self.classes
        outline = Outline(len(classes))
        self._tick_windows = Windows(outline, classes, [item.lanes.windows for item in classes])
        self._tick_dates = Dates(outline, classes, [item.calendar_at_minutes for item in classes])
        self._minutely = Judge(
            classes, [item.minutely for item in classes], outline, self._memory, "minutely"
        )
        self._tick_height = len(outline.of)

    # ---- one batch

    def begin(self, readings: Placed, equipment: Int64s, past: Past | None) -> Turn:
        """The evaluations that readings call for, with all that is known before windows move on.

        The readings are sorted by `equipment`, then time.
        """
        memory = self._memory
        found = aligned(readings, equipment, self._points, memory.latest, memory.evaluated)
        board = np.empty((self._height, found.abreast.width))
        board[self._point_rows] = found.values
        self._dates.fill(board, found.abreast)
        self._others.fill(board, found.abreast, past)
        self._earlier.fill(board, found)
        self._durations[0].fill(board, found.abreast)
        return Turn(found, board)

    def stream(self, turn: Turn) -> Stream:
        """What the evaluations add to the series that are expressions, by lane and time."""
        return self._sources.stream(turn.board, turn.aligned.abreast, turn.aligned.fresh)

    def finish(self, turn: Turn, values: Float64s, minute: int) -> Iterator[AlarmChange]:
        """The changes at the evaluations. `values` are the windows' at each minute from `minute` on."""
        abreast, board = turn.aligned.abreast, turn.board
        self._windows.fill(board, abreast, values, minute)
        self._durations[1].fill(board, abreast)
        found = abreast.found
        self._memory.evaluated[found.owner] = found.at[found.last]
        yield from self._reading.judge(abreast, board)

    def tick(self, values: Float64s, minute: int) -> Iterator[AlarmChange]:
        """The changes of the rules that read only windows, at the starts of the minutes after `minute`."""
        minutes = len(values) - 1
        if not self._minutely.rules or not minutes:
            return
        equipment = np.arange(self.bounds[0], self.bounds[-1]).repeat(minutes)
        at = np.tile((minute + 1 + np.arange(minutes)) * MINUTE, len(equipment) // minutes)
        found = evaluations(equipment, at, np.full(self.bounds[-1], minute * MINUTE, dtype=np.int64))
        abreast = Abreast(found, self.bounds)
        board = self._tick_board(abreast, values, minute)
        yield from self._minutely.judge(abreast, board)

    def _tick_board(self, abreast: Abreast, values: Float64s, minute: int) -> Float64s:
        board = np.empty((self._tick_height, abreast.width))
        self._tick_windows.fill(board, abreast, values, minute)
        self._tick_dates.fill(board, abreast)
        return board

    # ---- for people

    def says(self, equipment: int, at: Nanos, values: Float64s, past: Past) -> tuple[Int8s, Int8s]:
        """What the conditions of the rules judged at readings, and of those judged at minutes, say of an
        equipment at an instant after its last evaluation: 1 true, 0 unknown, -1 false. Nothing is remembered.
        """
        one = evaluations(np.array([equipment]), np.array([at]), self._memory.evaluated)
        abreast = Abreast(one, self.bounds)
        board = np.empty((self._height, 1))
        latest, place = self._memory.latest, self._points.places.at(abreast.equipment)
        stale = latest.ts[place] < at - latest.stale_after[place]
        board[self._point_rows] = np.where(stale, np.nan, latest.value[place])
        self._dates.fill(board, abreast)
        self._others.fill(board, abreast, past)
        self._earlier.fill_now(board, abreast)
        self._windows.fill(board, abreast, values[np.newaxis], 0)
        for durations in self._durations:
            durations.fill_now(board, abreast)
        ticking = self._tick_board(abreast, values[np.newaxis], 0)
        return self._reading.says(abreast, board), self._minutely.says(abreast, ticking)

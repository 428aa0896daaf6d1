"""What evaluations add to the bars of windows that look at more than a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from plantroom.readings import Bools, Float64s
from rules.class_rules import ClassRules
from rules.evaluations import Abreast
from rules.language.terms import NUMBERS, PointValue, Term
from rules.program import Part, Program
from rules.strips import Strips
from rules.windows.stream import NO_VALUES, Stream


class Sources:
    """The series of some classes that are expressions: what enters their bars, and when."""

    def __init__(self, classes: Sequence[ClassRules], rows: Sequence[Mapping[Term, int]]) -> None:
        each = list(zip(classes, rows, strict=True))
        self._program = Program(
            [Part([*item.sources, *item.wheres], of, item.window.fixed, item.first) for item, of in each]
        )
        series = [(at, item, one) for at, item in enumerate(classes) for one in item.lanes.expressions]
        self._lanes = Strips.listed((item.lanes.base[one] - item.first, at) for at, item, one in series)
        number = [isinstance(one.source, NUMBERS) for _, _, one in series]
        self._numbers = [at for at, is_number in enumerate(number) if is_number]
        self._truths = [at for at, is_number in enumerate(number) if not is_number]
        self._of_where = [at for at, (_, _, one) in enumerate(series) if one.where is not None]
        # among the program's truth values, each class's sources stand before its conditions
        kinds = [
            name
            for item, _ in each
            for name in (
                *("source" for source in item.sources if not isinstance(source, NUMBERS)),
                *("where" for _ in item.wheres),
            )
        ]
        self._source_rows = [at for at, name in enumerate(kinds) if name == "source"]
        self._where_rows = [at for at, name in enumerate(kinds) if name == "where"]
        # what reads no point of its own enters at each evaluation; its row here is not looked at
        reads = [[rows[at][PointValue(row)] for row in one.read] or [0] for at, _, one in series]
        self._reads = np.array([row for own in reads for row in own], dtype=np.int64)
        self._starts = np.cumsum([0, *(len(own) for own in reads)])[:-1]
        self._unread = [at for at, (_, _, one) in enumerate(series) if not one.read]

    def stream(self, board: Float64s, abreast: Abreast, fresh: Bools) -> Stream:
        """The values that enter, by lane and time. `fresh` [points, W] is where a point was read."""
        if not len(self._lanes):
            return NO_VALUES
        numbers, truths = self._program.run(board, abreast.equipment)
        of = self._lanes.of
        value = np.empty((len(of), abreast.width))
        value[self._numbers] = numbers
        says = truths[self._source_rows]
        value[self._truths] = np.where(says == 0, np.nan, says > 0)
        enters = np.logical_or.reduceat(fresh[self._reads], self._starts, axis=0)
        enters[self._unread] = True
        enters &= ~np.isnan(value)
        enters[self._of_where] &= truths[self._where_rows] == 1
        enters &= abreast.real[of]
        which, slot = np.nonzero(enters)
        lane = self._lanes.base[which, 0] + abreast.equipment[of[which], slot]
        return Stream(lane, abreast.at[of[which], slot], value[which, slot])

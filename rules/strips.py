"""Tables of several classes end to end; a strip of one has a value for each equipment of a class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from plantroom.readings import Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Strips:
    """Strips of a table, as the rows of a board.

    Equipment is numbered through the property, class by class. The value of an equipment stands in the table
    at `base + number`: where its class's strip begins, less the number of the class's first equipment.
    Shapes: `base` [R, 1]; `of` [R] is the class of each, as a row of what `at` is asked with.
    """

    base: Int64s
    of: Int64s

    @classmethod
    def listed(cls, rows: Iterable[tuple[int, int]]) -> Strips:
        """Strips from their base and their class."""
        table = np.array(list(rows), dtype=np.int64).reshape(-1, 2)
        return cls(table[:, :1].copy(), table[:, 1].copy())

    def __len__(self) -> int:
        return len(self.of)

    def at(self, equipment: Int64s) -> Int64s:
        """Where the values of the equipment int64[classes, n] of columns stand in the table: int64[R, n]."""
        found: Int64s = equipment[self.of]
        found += self.base
        return found

"""How a property is numbered: every point has a place, every equipment a number, class by class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plantroom.errors import NotFoundError
from plantroom.model import PointTable
from plantroom.readings import Int64s
from rules.class_rules import ClassRules
from rules.window import Latest


class Numbering:
    """Places and numbers, and the latest readings by place.

    Shapes: `place_of` and `point_of` lead from point ids to places and back, -1 where there is none;
    `equipment_of` [places] is whose they are, `row_of` [places] which point it is, counted through all
    classes; `bounds` [classes + 1] are the numbers of the equipment with which classes begin.
    """

    def __init__(self, classes: Sequence[ClassRules], table: PointTable) -> None:
        """Gives the classes their places and numbers."""
        places = sum(rules.window.size for rules in classes)
        self.latest = Latest(places)
        self.place_of: Int64s = np.full(table.size, -1, dtype=np.int64)
        self.point_of: Int64s = np.full(places, -1, dtype=np.int64)
        self.equipment_of: Int64s = np.empty(places, dtype=np.int64)
        self.row_of: Int64s = np.empty(places, dtype=np.int64)
        bounds, base, row = [0], 0, 0
        for rules in classes:
            window = rules.window
            window.bind(self.latest, base)
            rules.first = bounds[-1]
            self.latest.stale_after[window.places] = window.stale_after
            self.place_of[window.point_id[window.present]] = window.places[window.present]
            self.point_of[window.places] = window.point_id
            self.equipment_of[window.places] = rules.first + np.arange(rules.width)
            self.row_of[window.places] = row + np.arange(len(window.places))[:, np.newaxis]
            base, row = base + window.size, row + len(window.places)
            bounds.append(rules.first + rules.width)
        self.bounds: Int64s = np.array(bounds, dtype=np.int64)
        self._of_id = {
            item.id: (rules, column)
            for rules in classes
            for column, item in enumerate(rules.window.equipment)
        }

    @property
    def equipment(self) -> int:
        """How many equipment there are."""
        return int(self.bounds[-1])

    def __contains__(self, equipment_id: object) -> bool:
        return equipment_id in self._of_id

    def find(self, equipment_id: int) -> tuple[ClassRules, int]:
        """The class of an equipment, and its column there.

        Raises: NotFoundError for one that is not in service or whose class the catalogue has not.
        """
        if equipment_id not in self._of_id:
            raise NotFoundError(f"no equipment {equipment_id} in service has fault rules")
        return self._of_id[equipment_id]

    def place_again(self, ids: Int64s) -> Int64s:
        """The places of points by id, -1 for those that are no more."""
        known = np.flatnonzero(ids < len(self.place_of))
        found = np.full(len(ids), -1, dtype=np.int64)
        found[known] = self.place_of[ids[known]]
        return found

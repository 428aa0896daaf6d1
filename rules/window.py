"""The latest reading of every point, in columns by equipment class: what the rules see of the present.

Only the latest values are held. Histories for rules that look back are to stand beside them, by the same rows
and columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plantroom.catalogue import EquipmentClass
from plantroom.model import Equipment, PointTable
from plantroom.readings import Bools, Float64s, Int64s, Quality, UInt8s
from plantroom.times import Nanos
from rules.columns import Columns
from rules.deadband import default_width

NEVER: Nanos = -(2**62)
"""Stands for no time: before every reading, and far enough from the end of int64 to be subtracted."""


class Window:
    """Latest values of the equipment of one class.

    Shapes: `value` (NaN unknown), `ts` (NEVER where nothing came), `quality`, `present`, `stale_after` and
    `widths` [P, E]; `parameters` [Q, E]; `evaluated` and `evaluated_before` [E]. Units: values in their
    point's unit, times in ns.
    """

    def __init__(self, cls: EquipmentClass, equipment: Sequence[Equipment], table: PointTable) -> None:
        self.cls = cls
        self.equipment = tuple(equipment)
        self.column_of = {item.id: column for column, item in enumerate(self.equipment)}
        shape = (len(cls.points), len(self.equipment))
        self.value: Float64s = np.full(shape, np.nan)
        self.ts: Int64s = np.full(shape, NEVER, dtype=np.int64)
        self.quality: UInt8s = np.zeros(shape, dtype=np.uint8)
        self.present: Bools = np.zeros(shape, dtype=np.bool_)
        self.stale_after: Int64s = np.zeros(shape, dtype=np.int64)
        self.widths: Float64s = np.zeros(shape)
        self.point_id: Int64s = np.full(shape, -1, dtype=np.int64)
        self.evaluated: Int64s = np.full(shape[1], NEVER, dtype=np.int64)
        """Up to when the rules of each equipment have run."""
        self.evaluated_before: Int64s = np.full(shape[1], NEVER, dtype=np.int64)
        """The same before the last one, for a timestamp whose readings come in two batches."""
        self.parameters: Float64s = np.empty((len(cls.parameters), shape[1]))
        for column, item in enumerate(self.equipment):
            for row, parameter in enumerate(cls.parameters):
                self.parameters[row, column] = item.parameters.get(parameter.key, parameter.default)
            self._place_points(column, item, table)
        self.parameters[~np.isfinite(self.parameters)] = np.nan

    def _place_points(self, column: int, item: Equipment, table: PointTable) -> None:
        ids = table.of_equipment(item.site, item.key) or {}
        for row, spec in enumerate(self.cls.points):
            if spec.key not in ids:
                continue
            point = table.points[ids[spec.key]]
            self.present[row, column] = True
            self.point_id[row, column] = point.id
            self.stale_after[row, column] = point.stale_after
            self.widths[row, column] = default_width(spec, point.normal or spec.normal)

    def columns(self, points: Float64s, at: Int64s) -> Columns:
        """What conditions are asked: `points` float64[P, n] as seen by the equipment in columns `at`."""
        return Columns(points, self.parameters[:, at], self.widths[:, at])

    def seen(self, column: int, at: Nanos) -> Float64s:
        """The values of one equipment as the rules take them at an instant, NaN unknown.

        Shapes: float64[P, 1].
        """
        fresh = self.ts[:, [column]] >= at - self.stale_after[:, [column]]
        return np.where(fresh, self.value[:, [column]], np.nan)

    def why_unknown(self, row: int, column: int, at: Nanos) -> str | None:
        """`missing`, `never`, `bad` or `stale` where a point is unknown at an instant, else None."""
        if not self.present[row, column]:
            return "missing"
        if self.ts[row, column] == NEVER:
            return "never"
        if self.ts[row, column] < at - self.stale_after[row, column]:
            return "stale"
        if self.quality[row, column] & Quality.BAD or np.isnan(self.value[row, column]):
            return "bad"
        return None

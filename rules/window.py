"""The latest reading of every point, in columns by equipment class: what the rules see of the present.

What they see of the past is kept in `rules/windows`, by the same places.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plantroom.catalogue import EquipmentClass
from plantroom.model import Equipment, PointTable
from plantroom.readings import Bools, Float64s, Int64s, Quality, UInt8s
from plantroom.times import Nanos
from rules.language.deadband import default_width
from rules.program import Fixed

NEVER: Nanos = -(2**62)
"""Stands for no time: before every reading, and far enough from the end of int64 to be subtracted."""


class Latest:
    """The latest reading at every place of the property.

    Shapes: `value` (NaN unknown), `ts` (NEVER where nothing came), `until` when it is stale, `quality`,
    `stale_after`, all [places].
    """

    def __init__(self, places: int) -> None:
        self.value: Float64s = np.full(places, np.nan)
        self.ts: Int64s = np.full(places, NEVER, dtype=np.int64)
        self.until: Int64s = np.full(places, NEVER, dtype=np.int64)
        self.quality: UInt8s = np.zeros(places, dtype=np.uint8)
        self.stale_after: Int64s = np.zeros(places, dtype=np.int64)

    def goes_stale(self, place: Int64s, ts: Int64s) -> Int64s:
        """Until when readings of these times hold at these places."""
        return ts + self.stale_after[place]


class Window:
    """Latest values of the equipment of one class, as tables over their places.

    Shapes: `value`, `ts`, `until`, `quality`, `present`, `stale_after`, `places`, `point_id` [P, E].
    Units: values in their point's unit, times in ns. The place of row r and column c is `base` + r x E + c.
    """

    def __init__(self, cls: EquipmentClass, equipment: Sequence[Equipment], table: PointTable) -> None:
        self.cls = cls
        self.equipment = tuple(equipment)
        shape = (len(cls.points), len(self.equipment))
        self.base = 0
        self.size = shape[0] * shape[1]
        self.bind(Latest(self.size), 0)
        self.present: Bools = np.zeros(shape, dtype=np.bool_)
        self.stale_after: Int64s = np.zeros(shape, dtype=np.int64)
        self.point_id: Int64s = np.full(shape, -1, dtype=np.int64)
        widths = np.zeros(shape)
        parameters = np.empty((len(cls.parameters), shape[1]))
        for column, item in enumerate(self.equipment):
            for row, parameter in enumerate(cls.parameters):
                parameters[row, column] = item.parameters.get(parameter.key, parameter.default)
            self._fit(column, item, table, widths)
        parameters[~np.isfinite(parameters)] = np.nan
        self.fixed = Fixed(parameters, widths)

    def _fit(self, column: int, item: Equipment, table: PointTable, widths: Float64s) -> None:
        ids = table.of_equipment(item.site, item.key) or {}
        for row, spec in enumerate(self.cls.points):
            if spec.key not in ids:
                continue
            point = table.points[ids[spec.key]]
            self.present[row, column] = True
            self.point_id[row, column] = point.id
            self.stale_after[row, column] = point.stale_after
            widths[row, column] = default_width(spec, point.normal or spec.normal)

    def bind(self, latest: Latest, base: int) -> None:
        """Let the tables be a part of the property's, from place `base` on."""
        shape = (len(self.cls.points), len(self.equipment))
        part = slice(base, base + self.size)
        self.base = base
        self.places: Int64s = np.arange(base, base + self.size, dtype=np.int64).reshape(shape)
        self.value = latest.value[part].reshape(shape)
        self.ts = latest.ts[part].reshape(shape)
        self.until = latest.until[part].reshape(shape)
        self.quality = latest.quality[part].reshape(shape)

    def longest_gap(self, rows: Sequence[int]) -> Int64s:
        """How far apart two readings may be to belong together: the smallest `stale_after` of those of the
        points that each equipment has, or longer than time itself, ns.

        Shapes: int64[E].
        """
        own = np.where(self.present, self.stale_after, -NEVER)[list(rows)]
        found: Int64s = own.min(axis=0, initial=-NEVER)
        return found

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

"""What is wrong with readings, found for a whole batch at once against the point table's columns."""

from __future__ import annotations

import numpy as np

from plantroom.model import PointKind, PointTable
from plantroom.readings import Bools, Float64s, Int32s, Int64s, Quality, UInt8s

_BINARY = PointTable.KIND_CODES[PointKind.BINARY]
_ENUM = PointTable.KIND_CODES[PointKind.ENUM]


class QualityCheck:
    """The checks of one point table."""

    def __init__(self, table: PointTable) -> None:
        self._table = table
        pairs = [
            complex(point.id, code)
            for point in table.points.values()
            if point.kind is PointKind.ENUM
            for code in point.values.values()
        ]
        # a pair (point, code) as one complex number: numpy sorts and searches those by both parts
        self._codes = np.sort(np.array(pairs, dtype=np.complex128))

    def flag(self, point_id: Int32s, value: Float64s, quality: UInt8s) -> None:
        """Nothing: sets the flags of each value in `quality`, and makes NaN of values that are none.

        Shapes: three columns of one length. Units: `value` in the point's unit.
        """
        kind = self._table.kind[point_id]
        enum = kind == _ENUM
        if enum.any():
            unknown = np.flatnonzero(enum)[~self._has_code(point_id[enum], value[enum])]
            quality[unknown] |= np.uint8(Quality.ENUM)
            value[unknown] = np.nan
        finite = np.isfinite(value)
        if not finite.all():
            quality[~finite & ~enum] |= np.uint8(Quality.NOT_A_NUMBER)
            value[~finite] = np.nan
        # a value whose unit is not understood cannot be compared with a range
        comparable = finite & ((quality & np.uint8(Quality.UNIT)) == 0)
        outside = (value < self._table.valid_low[point_id]) | (value > self._table.valid_high[point_id])
        outside |= (kind == _BINARY) & (value != 0) & (value != 1)
        quality[comparable & outside & ~enum] |= np.uint8(Quality.OUT_OF_RANGE)

    def _has_code(self, point_id: Int32s, value: Float64s) -> Bools:
        if not len(self._codes):
            return np.zeros(len(value), dtype=np.bool_)
        wanted = np.empty(len(value), dtype=np.complex128)
        wanted.real, wanted.imag = point_id, value
        place = np.searchsorted(self._codes, wanted)
        found: Bools = self._codes[np.minimum(place, len(self._codes) - 1)] == wanted
        return found


def flag_times(
    ts: Int64s, received: Int64s, quality: UInt8s, future_tolerance: int, retention: int
) -> Bools | None:
    """A mask of the readings to keep, None for all of them; those too far ahead get the CLOCK flag.

    Units: ns. A reading older than `retention` when it was received is not kept.
    """
    ahead = ts > received + future_tolerance
    if ahead.any():
        quality[ahead] |= np.uint8(Quality.CLOCK)
    kept: Bools = ts >= received - retention
    return None if kept.all() else kept

"""The readings of many messages on their way into columns, in the order received."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from collector.points import Block, Column, Plan, converted
from plantroom.readings import Float64s, Int32s, Int64s, UInt8s
from plantroom.times import Nanos


@dataclass(frozen=True, slots=True)
class Rows:
    """Readings before they are checked. Shapes: five columns of one length."""

    point_id: Int32s
    ts: Int64s
    value: Float64s
    quality: UInt8s
    received: Int64s


class Parts:
    """Gathers single-time messages in plain lists, and columns as they are.

    The order of messages is kept, because of two readings of a point and time the later received stands.
    """

    def __init__(self) -> None:
        self._closed: list[Rows] = []
        self._closed_size = 0
        self._open()

    def _open(self) -> None:
        # of each reading
        self._ids: list[int] = []
        self._values: list[object] = []
        # of each message
        self._counts: list[int] = []
        self._ts: list[Nanos] = []
        self._received: list[Nanos] = []
        self._flags: list[int] = []
        # of the few messages that need more
        self._to_convert: list[tuple[int, Plan]] = []

    @property
    def size(self) -> int:
        """How many readings there are."""
        return self._closed_size + len(self._ids)

    def add_row(self, plan: Plan, values: list[object], ts: Nanos, received: Nanos, flag: int) -> None:
        """Add the values of one message, all of one time; `flag` is the quality that all of them have."""
        if plan.scale is not None or plan.quality is not None:
            self._to_convert.append((len(self._ids), plan))
        self._ids.extend(plan.ids)
        self._values.extend(values)
        self._counts.append(len(values))
        self._ts.append(ts)
        self._received.append(received)
        self._flags.append(flag)

    def add_column(self, column: Column, ts: Int64s, received: Nanos) -> None:
        """Add one point's values at the times `ts`."""
        self._close()
        times = ts if column.keep is None else ts[column.keep]
        count = len(times)
        rows = Rows(
            point_id=np.full(count, column.point_id, dtype=np.int32),
            ts=times,
            value=column.value,
            quality=np.full(count, column.quality, dtype=np.uint8),
            received=np.full(count, received, dtype=np.int64),
        )
        self._closed.append(rows)
        self._closed_size += count

    def add_block(self, block: Block, ts: Int64s, received: Nanos) -> None:
        """Add many points' values, each at the times `ts`."""
        self._close()
        count, times = len(block.value), len(ts)
        rows = Rows(
            point_id=np.repeat(block.point_id, times),
            ts=np.concatenate([ts] * len(block.point_id)),
            value=block.value,
            quality=np.zeros(count, np.uint8) if block.quality is None else np.repeat(block.quality, times),
            received=np.full(count, received, dtype=np.int64),
        )
        self._closed.append(rows)
        self._closed_size += count

    def _close(self) -> None:
        if not self._ids:
            self._open()
            return
        counts = np.array(self._counts)
        value = np.array(self._values, dtype=np.float64)
        quality = np.repeat(np.array(self._flags, dtype=np.uint8), counts)
        for start, plan in self._to_convert:
            part = slice(start, start + len(plan.ids))
            if plan.scale is not None and plan.offset is not None:
                value[part] = converted(value[part], plan.scale, plan.offset)
            if plan.quality is not None:
                quality[part] |= np.array(plan.quality, dtype=np.uint8)
        rows = Rows(
            point_id=np.array(self._ids, dtype=np.int32),
            ts=np.repeat(np.array(self._ts, dtype=np.int64), counts),
            value=value,
            quality=quality,
            received=np.repeat(np.array(self._received, dtype=np.int64), counts),
        )
        self._closed.append(rows)
        self._closed_size += len(value)
        self._open()

    def rows(self) -> Rows:
        """All readings so far."""
        self._close()
        parts = self._closed
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return Rows(
                np.empty(0, np.int32),
                np.empty(0, np.int64),
                np.empty(0),
                np.empty(0, np.uint8),
                np.empty(0, np.int64),
            )
        return Rows(
            np.concatenate([part.point_id for part in parts]),
            np.concatenate([part.ts for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.quality for part in parts]),
            np.concatenate([part.received for part in parts]),
        )

"""Readings as columns: the one shape in which values travel from the codec to the rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Int32s: TypeAlias = NDArray[np.int32]
Int64s: TypeAlias = NDArray[np.int64]
Float64s: TypeAlias = NDArray[np.float64]
UInt8s: TypeAlias = NDArray[np.uint8]
Bools: TypeAlias = NDArray[np.bool_]


class Quality(IntFlag):
    """What is wrong with a reading; GOOD is none. Rules take a BAD reading as unknown."""

    GOOD = 0
    OUT_OF_RANGE = 1
    """Outside the point's valid range."""
    NOT_A_NUMBER = 2
    """NaN or infinite; stored as NaN."""
    UNIT = 4
    """A unit that does not convert into the point's."""
    CLOCK = 8
    """More than the allowed time in the future."""
    ENUM = 16
    """A value that the point's enumeration does not have."""
    RECEIVE_TIME = 32
    """The message had no time: `ts` is when it was received. Usable."""

    SOURCE = 64
    """The sender itself says that the value is bad or old, or cannot be sure whose value it is."""

    BAD = OUT_OF_RANGE | NOT_A_NUMBER | UNIT | CLOCK | ENUM | SOURCE


@dataclass(frozen=True, slots=True, eq=False)
class ReadingBatch:
    """Readings of many points.

    Shapes: four columns of one length. Units: `ts` ns since 1970 UTC, `value` in the point's unit
    (binary 0 or 1, enum its code, counter a total), `quality` a `Quality`.
    """

    point_id: Int32s
    ts: Int64s
    value: Float64s
    quality: UInt8s

    def __post_init__(self) -> None:
        if not len(self.point_id) == len(self.ts) == len(self.value) == len(self.quality):
            raise ValueError("the columns of a ReadingBatch must have one length")

    def __len__(self) -> int:
        return len(self.point_id)

    @classmethod
    def empty(cls) -> ReadingBatch:
        """A batch of no readings."""
        return cls.of([], [], [])

    @classmethod
    def of(
        cls,
        point_id: object,
        ts: object,
        value: object,
        quality: object = None,
    ) -> ReadingBatch:
        """A batch from anything that numpy takes for a column; `quality` is GOOD if not given."""
        ids = np.asarray(point_id, dtype=np.int32)
        return cls(
            ids,
            np.asarray(ts, dtype=np.int64),
            np.asarray(value, dtype=np.float64),
            np.zeros(len(ids), dtype=np.uint8) if quality is None else np.asarray(quality, dtype=np.uint8),
        )

    @classmethod
    def concat(cls, batches: Iterable[ReadingBatch]) -> ReadingBatch:
        """One batch of all the readings, in the order given."""
        parts = [batch for batch in batches if len(batch)]
        if not parts:
            return cls.empty()
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([part.point_id for part in parts]),
            np.concatenate([part.ts for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.quality for part in parts]),
        )

    def take(self, index: Bools | Int64s | slice) -> ReadingBatch:
        """The readings at a mask, an index array or a slice."""
        return ReadingBatch(self.point_id[index], self.ts[index], self.value[index], self.quality[index])

    def normalised(self) -> ReadingBatch:
        """Sorted by time then point, one reading for each (point, ts): the one received last wins."""
        order = np.lexsort((self.point_id, self.ts))
        batch = self.take(order)
        if len(batch) < 2:
            return batch
        # lexsort is stable, so of equal keys the later received stands last
        last = np.append((np.diff(batch.ts) != 0) | (np.diff(batch.point_id) != 0), True)
        return batch if last.all() else batch.take(last)

    def is_bad(self) -> Bools:
        """A mask of the readings that rules must take as unknown."""
        bad: Bools = (self.quality & np.uint8(Quality.BAD)) != 0
        return bad

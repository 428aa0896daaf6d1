"""Readings as they come in: which of them count, which are new, and pieces to go through at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from plantroom.readings import Int64s, Quality, ReadingBatch
from plantroom.times import MINUTE, Nanos
from rules.alignment import Placed
from rules.runs import opens, order_of

PIECE = 65_536
"""How many readings are gone through at once at most; bounds memory whatever the batch's size."""
LATEST: Nanos = 2**62
"""Times are below this, so that there is room for arithmetic with them."""
NOTHING = Placed(
    np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0), np.empty(0, dtype=np.uint8)
)


class Coming(NamedTuple):
    """The readings of a batch that count, and how many do not."""

    readings: Placed
    unplaced: int
    skewed: int


def placed(batch: ReadingBatch, place_of: Int64s) -> Coming:
    """The readings at their places; without those of no point in service and those from the future."""
    known = (batch.point_id >= 0) & (batch.point_id < len(place_of))
    place = place_of[batch.point_id if known.all() else np.where(known, batch.point_id, 0)]
    known &= place >= 0
    skewed = (batch.quality & np.uint8(Quality.CLOCK)) != 0
    # times before 1970 and after 2100 are of no clock that is set, and would not bear arithmetic
    skewed = known & (skewed | (batch.ts < 0) | (batch.ts > LATEST))
    value = np.where(batch.is_bad() | ~np.isfinite(batch.value), np.nan, batch.value)
    found = Placed(place, batch.ts, value, batch.quality)
    take = known & ~skewed
    unplaced = len(known) - int(known.sum())
    return Coming(found if take.all() else found.take(take), unplaced, int(skewed.sum()))


def in_order(readings: Placed) -> Placed:
    """The readings in the order of time."""
    if len(readings.ts) > 1 and (readings.ts[1:] < readings.ts[:-1]).any():
        return readings.take(np.argsort(readings.ts, kind="stable"))
    return readings


def pieces(ts: Int64s, minute: int, block: int) -> Iterator[tuple[int, int]]:
    """Pieces of sorted times: not too many readings, no more than `block` minutes, no timestamp cut in two.

    `minute` is the one that stands open.
    """
    start, size = 0, len(ts)
    while start < size:
        opened = max(int(ts[start]) // MINUTE, minute)
        end = min(start + PIECE, int(np.searchsorted(ts, (opened + block) * MINUTE)))
        if end < size and ts[end] == ts[end - 1]:
            whole = int(np.searchsorted(ts, ts[end]))
            end = whole if whole > start else int(np.searchsorted(ts, ts[end], side="right"))
        yield start, end
        start = end


class Sifted(NamedTuple):
    """The readings that are new to their points, their order by place and time, and how many are not."""

    readings: Placed
    order: Int64s
    late: int
    repeated: int


def sifted(piece: Placed, latest: Int64s) -> Sifted:
    """What is new among readings, in the order of time; `latest` [places] are the newest times of before."""
    last = latest[piece.place]
    new = piece.ts > last
    late = repeated = 0
    if not new.all():
        late = int((piece.ts < last).sum())
        repeated = len(new) - int(new.sum()) - late
        piece = piece.take(new)
    order = order_of(piece.place, len(latest))
    place, ts = piece.place[order], piece.ts[order]
    again = ~opens(place, ts)
    if again.any():
        # the one received first stands: it may have been judged before the second came
        repeated += int(again.sum())
        keep = np.ones(len(order), dtype=np.bool_)
        keep[order[again]] = False
        order = (np.cumsum(keep) - 1)[order[~again]]
        piece = piece.take(keep)
    return Sifted(piece, order, late, repeated)

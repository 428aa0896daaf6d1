"""Figures by point and interval put together from several answers, exactly: sums and counts, not means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from plantroom.readings import Float64s
from plantroom.stores.base import Aggregates
from plantroom.stores.influx_answers import Figures
from plantroom.times import Nanos


def figures_of_tier(found: Mapping[str, Figures]) -> Aggregates:
    """The answers `sum`, `count`, `low` and `high` side by side; a row that one of them lacks is left out."""
    empty = Figures.empty()
    names = ("sum", "count", "low", "high")
    parts = [found.get(name, empty) for name in names]
    ts = np.concatenate([part.ts for part in parts])
    point_id = np.concatenate([part.point_id for part in parts])
    value = np.concatenate([part.value for part in parts])
    kind = np.repeat(np.arange(len(names)), [len(part.ts) for part in parts])
    order = np.lexsort((kind, ts, point_id))
    ts, point_id, value, kind = ts[order], point_id[order], value[order], kind[order]
    first = np.flatnonzero(kind[: len(kind) - 3] == 0) if len(kind) > 3 else np.zeros(0, dtype=np.intp)
    whole = first[(ts[first] == ts[first + 3]) & (point_id[first] == point_id[first + 3])]
    total, count, low, high = (value[whole + at] for at in range(4))
    return Aggregates(point_id[whole], ts[whole], _mean(total, count), low, high, count.astype(np.int64))


def combined(parts: Sequence[Aggregates], interval: Nanos) -> Aggregates:
    """One row for each point and interval out of rows of the same or finer intervals."""
    ts = np.concatenate([np.zeros(0, dtype=np.int64), *(part.ts for part in parts)])
    point_id = np.concatenate([np.zeros(0, dtype=np.int32), *(part.point_id for part in parts)])
    count = np.concatenate([np.zeros(0, dtype=np.int64), *(part.count for part in parts)])
    mean, low, high = (
        np.concatenate([np.zeros(0), *(getattr(part, name) for part in parts)])
        for name in ("mean", "low", "high")
    )
    ts = ts // interval * interval
    order = np.lexsort((ts, point_id))
    ts, point_id, count = ts[order], point_id[order], count[order]
    starts = np.flatnonzero(np.append(True, (np.diff(ts) != 0) | (np.diff(point_id) != 0))[: len(order)])
    if not len(starts):
        return Aggregates(point_id, ts, mean, low, high, count)
    counts = np.add.reduceat(count, starts)
    return Aggregates(
        point_id[starts],
        ts[starts],
        _mean(np.add.reduceat(mean[order] * count, starts), counts),
        np.minimum.reduceat(low[order], starts),
        np.maximum.reduceat(high[order], starts),
        counts,
    )


def _mean(total: Float64s, count: Float64s | np.ndarray) -> Float64s:
    mean: Float64s = total / count
    return mean

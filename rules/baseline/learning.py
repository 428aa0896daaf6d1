"""A baseline from the readings of a commissioning period."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from plantroom.readings import Bools, Float64s, Int64s
from rules.baseline.levels import Levels
from rules.baseline.model import Baseline, Settings

DEFAULTS = Settings()
_Array = TypeVar("_Array", Bools, Float64s, Int64s)
KNOWN = 0.5
"""Share of the learning period that a point must be known in to be judged later."""
_TAIL = 0.005
"""Share of the readings at each end that do not widen a point's scale: spikes while learning."""
RIDGE = 0.1
"""Least noise of any combination of points, as a share of a level's noise where readings are unrelated.
Points that agreed exactly while learning would otherwise raise an alarm over their last digit."""
_ABSURD = 1e100
"""Values from here on are unknown: their squares would not be numbers."""
STEPS = 8.0
"""Furthest that one reading to the next counts, in scales."""


def learn(ts: Int64s, values: Float64s, settings: Settings = DEFAULTS) -> Baseline:
    """What is normal, from readings of one equipment's points while it was healthy.

    Points that never moved or were mostly unknown are left out: nothing says what is normal for them.
    Shapes: `ts` [T], rising; `values` [T, P], NaN unknown. Units: ts in ns.
    Raises: ValueError where shapes or times do not fit, readings are too few or no point is left.
    Source: practice; after multivariate process control (Hotelling's T-squared on EWMA levels,
    Lowry et al. 1992) with the slow part of the covariance widened for prediction.
    """
    ts, values = checked(ts, values)
    least = max(10 * settings.smoothing, 10 * values.shape[1])
    if len(ts) < least:
        raise ValueError(
            f"{len(ts)} readings are too few to learn {values.shape[1]} points from; "
            f"at least {least} are needed"
        )
    interval = int(np.median(np.diff(ts)))
    used, mean, scale = _scales(values)
    if not used.any():
        raise ValueError(
            "no point moved, or none was known for half of the learning period: nothing to learn"
        )
    scaled = (values[:, used] - mean) / scale
    levels = Levels.blank(scaled.shape[1])
    smooth = levels.advance(ts, scaled, settings.weight, settings.smoothing, settings.gap * interval)
    count = smooth.known.sum(axis=0)
    if count.min() < 5 * settings.smoothing:
        raise ValueError(
            "the learning period is too broken up by silence: "
            f"each point needs at least {5 * settings.smoothing} readings without a long gap before them"
        )
    centre = np.nansum(smooth.level, axis=0) / count
    noise, wander = _covariances(scaled, smooth.level - centre, settings.weight)
    return Baseline(
        settings=settings, rows=len(ts), interval=interval, period=int(ts[-1] - ts[0]),
        used=_frozen(used), mean=_frozen(mean), scale=_frozen(scale), centre=_frozen(centre),
        noise=_frozen(noise), wander=_frozen(wander),
        level=_frozen(levels.level), count=_frozen(levels.count), seen=_frozen(levels.seen),
    )  # fmt: skip


def checked(ts: Int64s, values: Float64s) -> tuple[Int64s, Float64s]:
    """Times and values as arrays, infinities and what cannot be squared as unknown.

    Raises: ValueError where they do not fit together or times do not rise.
    """
    ts, values = np.asarray(ts, dtype=np.int64), np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or ts.shape != values.shape[:1]:
        raise ValueError(f"times of shape {ts.shape} do not fit values of shape {values.shape}")
    wrong = np.flatnonzero(np.diff(ts) <= 0)
    if len(wrong):
        raise ValueError(f"times must rise: row {wrong[0] + 1} is not after the one before it")
    return ts, np.where(np.abs(values) < _ABSURD, values, np.nan)


def _scales(values: Float64s) -> tuple[Bools, Float64s, Float64s]:
    """Which points can be judged, and their mean and standard deviation without the ends."""
    known = np.isfinite(values)
    used = known.mean(axis=0) >= KNOWN
    for point in np.flatnonzero(used):
        column = values[known[:, point], point]
        used[point] = np.ptp(column) > still(np.abs(column).max())
    kept = values[:, used]
    low, high = np.nanquantile(kept, [_TAIL, 1 - _TAIL], axis=0) if kept.size else (0.0, 0.0)
    trimmed = np.clip(kept, low, high)
    mean = np.nanmean(trimmed, axis=0) if kept.size else np.empty(0)
    scale = np.nanstd(trimmed, axis=0) if kept.size else np.empty(0)
    # a point that moved only in its ends: what it did once is no fault the next time
    flat = scale <= still(np.abs(mean))
    if flat.any():
        scale[flat] = np.ptp(np.where(known[:, used], kept, mean)[:, flat], axis=0) / 2
    return used, mean, scale


def still(size: Float64s) -> Float64s:
    """How little a point of this size may move to count as not moving."""
    return np.asarray(1e-12 * size + 1e-90)


def _covariances(scaled: Float64s, offsets: Float64s, weight: float) -> tuple[Float64s, Float64s]:
    """Covariances of the levels: what readings' scatter leaves in them, and what is left for slow wander."""
    left = weight / (2.0 - weight)
    steps = np.diff(np.clip(scaled, -STEPS, STEPS), axis=0)
    noise = _pairwise(steps) * (0.5 * left)
    wander = positive(_pairwise(offsets) - noise)
    return positive(noise) + RIDGE * left * np.eye(len(noise)), wander


def _pairwise(values: Float64s) -> Float64s:
    """Mean products of every two columns where both are known."""
    known = np.isfinite(values).astype(np.float64)
    filled = np.where(known > 0, values, 0.0)
    return np.asarray(filled.T @ filled / np.maximum(known.T @ known, 1.0))


def positive(matrix: Float64s) -> Float64s:
    """The matrix without directions of negative variance."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)


def _frozen(array: _Array) -> _Array:
    array.flags.writeable = False
    return array

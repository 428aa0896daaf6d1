"""Learning row by row what `learning` learns from a whole period, so that no history has to be kept.

The figures are the same (mean, scale, noise from steps, wander from levels), with spikes bounded by the scale
as it stands instead of by quantiles, and with steps only between minutes that are neighbours.
"""

from __future__ import annotations

import numpy as np

from plantroom.readings import Bools, Float64s, Int64s
from rules.baseline.fleet import NEVER, STEP, Fleet
from rules.baseline.learning import KNOWN, RIDGE, STEPS, positive, still
from rules.baseline.model import Settings


def gather(fleet: Fleet, at: Int64s, minute: Int64s, values: Float64s, warm: Bools) -> None:
    """Take a row of each learning equipment `at` into what it learns; `warm` are its known levels.

    Shapes: at, minute [n], values and warm [n, P].
    """
    scale, known = fleet.scales(at), np.isfinite(values)
    bound = np.where(np.isfinite(scale), STEP * scale, np.inf)
    number, mean = fleet.number[at] + known, fleet.mean[at]
    # before there is a scale to bound by, the first value is the mean
    off = np.clip(np.where(known, values - mean, 0.0), -bound, bound)
    after = mean + off / np.maximum(number, 1)
    fleet.square[at] += off * (mean + off - after)
    fleet.number[at], fleet.mean[at] = number, after
    before = fleet.before[at]
    step = known & np.isfinite(before) & (fleet.last[at] == minute - 1)[:, None]
    limit = np.where(np.isfinite(scale), STEPS * scale, np.inf)
    size = np.clip(np.where(step, values - before, 0.0), -limit, limit)
    fleet.steps[at] += size[:, :, None] * size[:, None, :]
    fleet.step_pairs[at] += step[:, :, None] & step[:, None, :]
    level, reference = fleet.level[at], fleet.reference[at]
    reference = np.where(np.isnan(reference) & warm, level, reference)
    moved = np.where(warm, level - reference, 0.0)
    fleet.reference[at] = reference
    fleet.moved[at] += moved
    fleet.known[at] += warm
    fleet.products[at] += moved[:, :, None] * moved[:, None, :]
    fleet.pairs[at] += warm[:, :, None] & warm[:, None, :]
    fleet.before[at] = values
    fleet.first[at] = np.where(fleet.first[at] == NEVER, minute, fleet.first[at])
    fleet.last[at] = minute
    fleet.rows[at] += 1


def conclude(fleet: Fleet, column: int, settings: Settings) -> None:
    """End the learning of one equipment; where there was nothing to learn it begins anew."""
    rows, number = int(fleet.rows[column]), fleet.number[column]
    deviation = np.sqrt(fleet.square[column] / np.maximum(number, 1))
    used = (
        (number >= KNOWN * rows)
        & (deviation > still(np.abs(fleet.mean[column])))
        & (fleet.known[column] >= 5 * settings.smoothing)
    )
    if not used.any():
        fleet.forget(column)
        return
    scale = np.where(used, deviation, 1.0)
    both, unit = np.ix_(used, used), np.outer(scale[used], scale[used])
    left = settings.weight / (2.0 - settings.weight)
    mean = (fleet.moved[column] / np.maximum(fleet.known[column], 1))[used]
    steps = fleet.steps[column][both] / np.maximum(fleet.step_pairs[column][both], 1) / unit
    levels = (fleet.products[column][both] / np.maximum(fleet.pairs[column][both], 1)) - np.outer(mean, mean)
    noise = steps * (0.5 * left)
    fleet.noise[column], fleet.wander[column] = np.eye(len(scale)), 0.0
    fleet.noise[column][both] = positive(noise) + RIDGE * left * np.eye(len(noise))
    fleet.wander[column][both] = positive(levels / unit - noise)
    fleet.used[column], fleet.scale[column] = used, scale
    fleet.centre[column] = 0.0
    fleet.centre[column, used] = fleet.reference[column, used] + mean
    fleet.period[column] = max(1, fleet.last[column] - fleet.first[column])
    fleet.reach[column] = settings.wander
    fleet.cell_from[column] = fleet.last[column]
    fleet.ready[column] = True

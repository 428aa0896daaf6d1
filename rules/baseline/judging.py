"""The judgement of one row of each of many equipment: what `scoring` does, side by side."""

from __future__ import annotations

import numpy as np

from plantroom.readings import Bools, Float64s, Int64s
from rules.baseline.fleet import Fleet, added
from rules.baseline.model import Settings
from rules.baseline.scoring import LEAST_KNOWN


def judge(
    fleet: Fleet, at: Int64s, minute: Int64s, warm: Bools, away: Int64s, *, settings: Settings
) -> tuple[Float64s, Float64s]:
    """Deviations [n], 1 at the limit, NaN unknown, and each point's share of them [n, P].

    Shapes: at, minute, away [n], warm [n, P]: the known levels after this row, which `Fleet.smooth` gives.
    """
    used = fleet.used[at]
    known = warm & used
    offsets = np.where(known, (fleet.level[at] - fleet.centre[at]) / fleet.scale[at], 0.0)
    judged = known.sum(axis=1) >= np.maximum(1.0, LEAST_KNOWN * used.sum(axis=1))
    _turn(fleet, at[judged], known[judged])
    found, parts = _deviation(fleet, at, offsets, known)
    deviation = np.where(judged, found, np.nan)
    limit, clear = settings.limit, settings.clear * settings.limit
    on = np.where(deviation > limit, True, np.where(deviation <= clear, False, fleet.on[at]))
    fleet.on[at] = on
    healthy = judged & ~on
    fleet.offsets[at] += np.where(healthy[:, None], offsets, 0.0)
    fleet.cell[at] += 1
    fleet.healthy[at] += healthy
    fleet.alarmed[at] += judged & on
    fleet.away[at] = np.maximum(fleet.away[at], away)
    fleet.last[at] = minute
    _follow(fleet, at[fleet.cell[at] == settings.smoothing], settings)
    return deviation / limit, np.where(judged[:, None], parts, 0.0)


def _turn(fleet: Fleet, at: Int64s, known: Bools) -> None:
    """Make directions anew where other points are known than last time (see `scoring.independent`)."""
    changed = (fleet.pattern[at] != known).any(axis=1)
    if not changed.any():
        return
    at, known = at[changed], known[changed]
    both = known[:, :, None] & known[:, None, :]
    # an unknown point is one beside the others that never moves
    noise = np.where(both, fleet.noise[at], np.eye(known.shape[1]))
    whiten = np.linalg.inv(np.linalg.cholesky(noise))
    wander = np.where(both, fleet.wander[at], 0.0)
    spread, turn = np.linalg.eigh(whiten @ wander @ whiten.transpose(0, 2, 1))
    fleet.spread[at] = np.maximum(spread, 0.0)
    fleet.turn[at] = turn.transpose(0, 2, 1) @ whiten
    fleet.pattern[at] = known


def _deviation(fleet: Fleet, at: Int64s, offsets: Float64s, known: Bools) -> tuple[Float64s, Float64s]:
    """See `scoring._deviation`, whose figures these are."""
    turn = fleet.turn[at]
    inverse = 1.0 / (1.0 + fleet.reach[at][:, None] * fleet.spread[at])
    along = added(turn * offsets[:, None, :])
    weighted = along * inverse
    square = added(along * weighted)
    across = turn.transpose(0, 2, 1)
    pull = added(across * weighted[:, None, :])
    own = added(across * across * inverse[:, None, :])
    parts = np.where(known & (own > 0), pull * pull / np.where(own > 0, own, 1.0), 0.0)
    total = added(parts)
    width = np.maximum(known.sum(axis=1), 1)
    spread = 2.0 / (9.0 * width)
    deviation = (np.cbrt(square / width) - (1.0 - spread)) / np.sqrt(spread)
    return np.maximum(deviation, 0.0), parts / np.where(total > 0, total, 1.0)[:, None]


def _follow(fleet: Fleet, at: Int64s, settings: Settings) -> None:
    """End the cell of these equipment (see `scoring._follow`)."""
    if not len(at):
        return
    cell = settings.smoothing
    share = -np.expm1(-cell / (settings.memory * fleet.rows[at]))
    fleet.centre[at] += share[:, None] * fleet.offsets[at] / cell * fleet.scale[at]
    kept = (1.0 - share * fleet.healthy[at] / cell) ** 2
    lost = np.maximum(fleet.away[at], (fleet.last[at] - fleet.cell_from[at]) * fleet.alarmed[at] // cell)
    growth = settings.wander * lost / fleet.period[at]
    fleet.reach[at] = settings.wander + (fleet.reach[at] - settings.wander) * kept + growth
    fleet.offsets[at] = 0.0
    fleet.cell_from[at] = fleet.last[at]
    fleet.cell[at] = fleet.healthy[at] = fleet.alarmed[at] = fleet.away[at] = 0

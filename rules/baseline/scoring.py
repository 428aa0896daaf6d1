"""How far readings are from the learned baseline, and which points carry it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from plantroom.readings import Bools, Float64s, Int64s
from rules.baseline.learning import checked
from rules.baseline.model import Baseline, State

LEAST_KNOWN = 0.5
"""Share of the used points that must be known for a judgement."""
_PATTERNS = 64
"""Sets of known points whose directions are kept."""


class Scores(NamedTuple):
    """The judgement of N rows of readings.

    Shapes: `deviation`, `alarm` [N], `contributions` [N, P]. A row of too few known points has deviation NaN:
    unknown, and no alarm. Contributions are shares of 1; all 0 where unknown.
    """

    deviation: Float64s
    limit: float
    alarm: Bools
    contributions: Float64s


def step(state: State, ts: Int64s, values: Float64s) -> Scores:
    """The judgement of the rows, each from itself and those before it; takes them into the state.

    The same rows cut into other pieces get the very same judgements. Shapes: `ts` [N], rising and after all
    before; `values` [N, P], NaN unknown. Units: ts in ns.
    Raises: ValueError where shapes or times do not fit; the state is then as before.
    """
    baseline = state.baseline
    ts, values = checked(ts, values)
    if values.shape[1] != len(baseline.used):
        raise ValueError(f"the baseline knows {len(baseline.used)} points, these are {values.shape[1]}")
    if len(ts) and ts[0] <= state.last:
        raise ValueError("the first reading is not after the last one judged or learned from")
    settings = baseline.settings
    scaled = (values[:, baseline.used] - baseline.mean) / baseline.scale
    smooth = state.levels.advance(
        ts, scaled, settings.weight, settings.smoothing, settings.gap * baseline.interval
    )
    scores = Scores(
        np.full(len(ts), np.nan), settings.limit, np.zeros(len(ts), dtype=np.bool_), np.zeros(values.shape)
    )
    start = 0
    while start < len(ts):
        piece = slice(start, min(len(ts), start + settings.smoothing - state.rows))
        _judge(state, smooth.level[piece], smooth.known[piece], scores, piece)
        state.away = max(state.away, int(smooth.away[piece].max()))
        state.last = int(ts[piece.stop - 1])
        if state.rows == settings.smoothing:
            _follow(state)
        start = piece.stop
    return scores


def _judge(state: State, level: Float64s, known: Bools, scores: Scores, piece: slice) -> None:
    """Write the judgement of a piece of one cell, and count it into the cell."""
    settings = state.baseline.settings
    offsets = level - state.centre
    deviation = np.full(len(level), np.nan)
    shares = np.zeros(level.shape)
    judged = known.sum(axis=1) >= max(1.0, LEAST_KNOWN * level.shape[1])
    if judged.any():
        patterns = known[:1] if known.all() else np.unique(known[judged], axis=0)
        for pattern in patterns:
            rows = np.flatnonzero((known == pattern).all(axis=1))
            points = np.flatnonzero(pattern)
            found, parts = _deviation(
                offsets[np.ix_(rows, points)], *_directions(state, pattern), state.reach
            )
            deviation[rows] = found
            shares[np.ix_(rows, points)] = parts
    on = _latch(deviation, settings.limit, settings.clear * settings.limit, state.on)
    state.on = bool(on[-1])
    alarm = on & judged
    scores.deviation[piece], scores.alarm[piece] = deviation, alarm
    scores.contributions[piece, state.baseline.used] = shares
    healthy = judged & ~on
    calm = np.where(healthy[:, None] & known, offsets, 0.0)
    state.offsets = _added(np.concatenate([state.offsets[None], calm]))
    state.rows += len(level)
    state.healthy += int(healthy.sum())
    state.alarmed += int(alarm.sum())


def _follow(state: State) -> None:
    """End a cell: the normal level goes after healthy readings, and reach grows while it cannot."""
    baseline, cell = state.baseline, state.rows
    settings = baseline.settings
    share = -math.expm1(-cell / (settings.memory * baseline.rows))
    state.centre = state.centre + share * state.offsets / cell
    kept = (1.0 - share * state.healthy / cell) ** 2
    lost = max(state.away, (state.last - state.cell_from) * state.alarmed // cell)
    growth = settings.wander * lost / baseline.period
    state.reach = settings.wander + (state.reach - settings.wander) * kept + growth
    state.offsets = np.zeros(len(state.centre))
    state.cell_from, state.rows, state.healthy, state.alarmed, state.away = state.last, 0, 0, 0, 0


def _directions(state: State, pattern: Bools) -> tuple[Float64s, Float64s]:
    """Independent directions of the known points, of noise 1 each, and the wander along them."""
    key = pattern.tobytes()
    if key not in state.cache:
        if len(state.cache) >= _PATTERNS:
            state.cache.clear()
        state.cache[key] = independent(state.baseline, pattern)
    return state.cache[key]


def independent(baseline: Baseline, pattern: Bools) -> tuple[Float64s, Float64s]:
    """Directions A [K, K] and wander w [K] over K known points: A noise A' is 1, A wander A' is diag(w)."""
    points = np.flatnonzero(pattern)
    both = np.ix_(points, points)
    whiten = np.linalg.inv(np.linalg.cholesky(baseline.noise[both]))
    wander, turn = np.linalg.eigh(whiten @ baseline.wander[both] @ whiten.T)
    return np.asarray(turn.T @ whiten), np.maximum(wander, 0.0)


def _deviation(
    offsets: Float64s, directions: Float64s, wander: Float64s, reach: float
) -> tuple[Float64s, Float64s]:
    """Deviations [n] and each point's share of them [n, K].

    The square is Hotelling's T-squared, made a standard normal by Wilson and Hilferty's cube root so that
    equipment of few and of many points share one limit. A point's part is what the square would lose if the
    point read what the others say it should.
    Source: practice; Alcala and Qin 2009 (reconstruction-based contributions).
    """
    width = len(wander)
    inverse = 1.0 / (1.0 + reach * wander)
    along = _added(offsets.T[:, :, None] * directions.T[:, None, :])
    weighted = along * inverse
    square = _added((along * weighted).T)
    pull = _added(weighted.T[:, :, None] * directions[:, None, :])
    parts = pull * pull / _added(directions * directions * inverse[:, None])
    total = _added(parts.T)
    spread = 2.0 / (9.0 * width)
    deviation = (np.cbrt(square / width) - (1.0 - spread)) / np.sqrt(spread)
    return np.maximum(deviation, 0.0), parts / np.where(total > 0, total, 1.0)[:, None]


def _added(terms: Float64s) -> Float64s:
    """The sum along the first axis, one after the other.

    A matrix product or `sum` may add in another order, and round differently, for another number of rows.
    """
    return np.asarray(np.add.accumulate(terms, axis=0)[-1])


def _latch(deviation: Float64s, raising: float, clearing: float, before: bool) -> Bools:
    """Whether each row is in alarm: from above `raising` to not above `clearing`; unknown changes nothing."""
    up, down = deviation > raising, deviation <= clearing
    last = np.maximum.accumulate(np.where(up | down, np.arange(len(deviation)), -1))
    return np.where(last >= 0, up[last], before)

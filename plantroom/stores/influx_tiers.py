"""Which bucket answers which part of a trend: raw readings, figures by the minute, figures by the hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plantroom.times import DAY, HOUR, MINUTE, YEAR, Nanos

SETTLED: Nanos = 2 * DAY
"""Younger than this raw readings answer: late ones may not have reached the figures, which a nightly task
works out again for the last three days."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A bucket with figures for each `step`; raw readings have the step 0. `keep` 0 is for ever."""

    bucket: str
    step: Nanos
    keep: Nanos


@dataclass(frozen=True, slots=True)
class Part:
    """start <= ts < end out of one tier."""

    tier: Tier
    start: Nanos
    end: Nanos


def tiers_of(
    bucket: str, raw_keep: Nanos = 30 * DAY, minute_keep: Nanos = YEAR, hour_keep: Nanos = 10 * YEAR
) -> tuple[Tier, Tier, Tier]:
    """The three buckets of one property, the finest first."""
    return (
        Tier(bucket, 0, raw_keep),
        Tier(f"{bucket}_1m", MINUTE, minute_keep),
        Tier(f"{bucket}_1h", HOUR, hour_keep),
    )


def parts_of(
    tiers: Sequence[Tier], start: Nanos, end: Nanos, interval: Nanos, now: Nanos
) -> tuple[Part, ...]:
    """The range cut into parts, each of the coarsest tier that gives its figures exactly.

    What a tier does not keep any more comes from the next coarser one, in steps as coarse as it has them.
    """
    parts: list[Part] = []
    for wanted in _exact(tiers, start, end, interval, now):
        for part in _kept(tiers, wanted, now):
            if parts and parts[-1].tier == part.tier:
                parts[-1] = Part(part.tier, parts[-1].start, part.end)
            else:
                parts.append(part)
    return tuple(parts)


def _exact(tiers: Sequence[Tier], start: Nanos, end: Nanos, interval: Nanos, now: Nanos) -> tuple[Part, ...]:
    """The range cut as if every tier kept everything: the coarsest inside, finer ones at ragged ends."""
    if start >= end:
        return ()
    *finer, tier = tiers
    if not finer:
        return (Part(tier, start, end),)
    first = -(-start // tier.step) * tier.step
    last = min(end, now - SETTLED) // tier.step * tier.step
    if interval % tier.step or first >= last:
        return _exact(finer, start, end, interval, now)
    return (
        *_exact(finer, start, first, interval, now),
        Part(tier, first, last),
        *_exact(finer, last, end, interval, now),
    )


def _kept(tiers: Sequence[Tier], part: Part, now: Nanos) -> tuple[Part, ...]:
    """The part, the older piece of it from coarser tiers where its own does not keep that."""
    coarser = tiers[tiers.index(part.tier) + 1 :]
    if not coarser or not part.tier.keep or part.start >= now - part.tier.keep:
        return (part,)
    step = coarser[0].step
    cut = min(-((part.tier.keep - now) // step) * step, part.end)
    older = Part(coarser[0], part.start // step * step, cut)
    newer = (Part(part.tier, cut, part.end),) if cut < part.end else ()
    return (*_kept(tiers, older, now), *newer)

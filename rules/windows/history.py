"""The bars of the whole property, moved on from minute to minute, and what every window says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plantroom.readings import Bools, Float64s, Int64s
from plantroom.times import MINUTE
from rules.windows import trends
from rules.windows.functions import FUNCTIONS, Ask, named
from rules.windows.lanes import Lanes, Look
from rules.windows.rings import KINDS, Ring
from rules.windows.stream import NEUTRAL, Before, Stream, figures, merge

LEAST_BLOCK, LARGEST_BLOCK = 8, 60
FIGURES_AT_ONCE = 2**20
CHUNK = 8_192
"""How many lanes are looked over at once; bounds the memory beside the bars."""


@dataclass
class _Learned:
    """The mean of the first bars of each lane: their sum and number so far, and how many it takes."""

    look: Look
    total: Float64s
    count: Float64s


class History:
    """Bars and windows of all lanes.

    `minute` is the number (from 1970) of the minute that stands open; `values` [windows] what every window
    says at its start; both before anything came are 0 and unknown.
    """

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes
        self.block = min(LARGEST_BLOCK, max(LEAST_BLOCK, FIGURES_AT_ONCE // (lanes.size + 1)))
        """How many minutes are moved on at once: few where there are many lanes, for memory."""
        self.minute = 0
        self.late = 0
        """How many values came for minutes that were done."""
        self.values: Float64s = np.full(lanes.values, np.nan)
        self.before = Before(lanes.size)
        self.born: Int64s = np.zeros(lanes.size, dtype=np.int64)
        """Since which minute each lane has been watched without a break."""
        self.rings = {(ring.kind, ring.step): ring for ring in _rings(lanes.looks, self.block)}
        self.wanted: dict[str, Bools] = {}
        """Of each figure, which lanes have it."""
        for ring in self.rings.values():
            for name in KINDS[ring.kind].figures:
                of = self.wanted.setdefault(name, np.zeros(lanes.size, dtype=np.bool_))
                of[ring.lanes] = True
        self.open = self._new_bar()
        self.learned = [
            _Learned(look, np.zeros(len(look.lanes)), np.zeros(len(look.lanes)))
            for look in lanes.looks
            if look.function == "learned"
        ]
        self._places = [self._place(look) for look in lanes.looks]

    def _new_bar(self) -> dict[str, Float64s]:
        return {name: np.full(self.lanes.size, NEUTRAL[name]) for name in self.wanted}

    def _place(self, look: Look) -> dict[str, Int64s]:
        """Where the lanes of a look stand in each ring that it needs."""
        found: dict[str, Int64s] = {}
        for kind in FUNCTIONS[named(look.function, counter=look.counter)].rings:
            found[kind] = np.searchsorted(self.rings[kind, look.step].lanes, look.lanes)
        return found

    def begin(self, minute: int) -> None:
        """Start at a minute, where nothing came before."""
        self.minute = minute
        self.born[:] = minute

    def add(self, stream: Stream, minutes: int) -> list[dict[str, Float64s]]:
        """The bars of the open minute and of the `minutes` after it, with a stream added to them.

        What belongs to minutes before is counted as late and left out.
        """
        late = stream.ts < self.minute * MINUTE
        if late.any():
            self.late += int(late.sum())
            stream = Stream(stream.lane[~late], stream.ts[~late], stream.value[~late])
        found = [self.open, *(self._new_bar() for _ in range(minutes))]
        if not len(stream.lane):
            return found
        for name, part in figures(stream, self.before, self.lanes.gap, self.wanted):
            for offset in range(minutes + 1):
                mine = slice(None) if minutes == 0 else part.minute == self.minute + offset
                merge(name, found[offset][name], part.lane[mine], part.value[mine])
        return found

    def advance(self, bars: Sequence[dict[str, Float64s]]) -> Float64s:
        """What every window says at the start of each minute that `bars` stand for: float64[M + 1, windows].

        All but the last of the bars are done with this.
        """
        minutes = len(bars) - 1
        found = np.empty((minutes + 1, self.lanes.values))
        found[:] = self.values
        for start in range(0, minutes, self.block):
            block = bars[start : min(start + self.block, minutes)]
            stacked = {name: np.array([bar[name] for bar in block]) for name in self.wanted}
            for ring in self.rings.values():
                ring.push(stacked, self.minute)
            self._look(found[start : start + len(block) + 1])
            self.minute += len(block)
            found[start + len(block) + 1 :] = found[start + len(block)]
        self.open = bars[-1]
        self.values = found[-1].copy()
        return found

    def interval(self, out: int, minute: int) -> Float64s:
        """Expected, earliest and latest (s) of what a `time_to` said at a minute, and its limit: float64[4].

        `out` is its place in `values`. The minute is one that the last `advance` moved over, or its first.
        """
        look = next(item for item in self.lanes.looks if item.function == "time_to" and out in item.out)
        at = np.flatnonzero(look.out == out)
        ring = self.rings["mean", look.step]
        place = np.searchsorted(ring.lanes, look.lanes[at])
        since = self.minute // look.step - minute // look.step
        bars = ring.view(look.span_bars, 1 + since, place)[: look.span_bars]
        ask = Ask(look.span_bars, look.step * 60.0, look.need, look.limit[at])
        with np.errstate(all="ignore"):
            return np.append(trends.interval(bars, ask)[:, 0], look.limit[at])

    def skip(self, minutes: int) -> None:
        """Pass over minutes in which nothing came from anywhere; what was watched is watched anew."""
        for ring in self.rings.values():
            ring.push({name: held[np.newaxis] for name, held in self.open.items()}, self.minute)
            ring.skip(self.minute + 1, minutes - 1)
        for name, held in self.open.items():
            held.fill(NEUTRAL[name])
        self.minute += minutes
        self.born[:] = self.minute
        self.values[:] = np.nan

    def _look(self, found: Float64s) -> None:
        """Fill in float64[m + 1, windows] from its first row on, for a block that the rings have taken."""
        minutes = len(found) - 1
        for look, places in zip(self.lanes.looks, self._places, strict=True):
            done = self.rings[next(iter(places)), look.step].done(self.minute, minutes)
            if not done:
                found[1:, look.out] = found[0, look.out]
                continue
            values = self._values(look, places, len(done), done)
            # a window keeps its value until its next bar is done
            index = np.searchsorted(done, np.arange(1, minutes + 1), side="right") - 1
            kept = found[0, look.out]
            for at, which in enumerate(index.tolist(), start=1):
                found[at, look.out] = kept if which < 0 else values[which]

    def _values(self, look: Look, places: dict[str, Int64s], ends: int, done: list[int]) -> Float64s:
        needs = FUNCTIONS[named(look.function, counter=look.counter)]
        if look.function == "learned":
            return self._learn(look, places, ends)
        values = np.empty((ends, len(look.lanes)))
        for start in range(0, len(look.lanes), CHUNK):
            part = slice(start, start + CHUNK)
            ask = Ask(look.span_bars, look.step * 60.0, look.need, look.limit[part])
            views = {
                kind: self.rings[kind, look.step].view(look.span_bars, ends, place[part])
                for kind, place in places.items()
            }
            with np.errstate(all="ignore"):
                values[:, part] = needs.function(views, ask)
        if look.function == "readings":
            # silence means something only of what is fitted and has been watched for so long
            watched = self.minute + np.array(done)[:, np.newaxis] - self.born[look.lanes]
            enough = self.lanes.fitted[look.lanes] & (watched >= look.span_bars * look.step)
            values = np.where(enough, values, np.nan)
        return values

    def _learn(self, look: Look, places: dict[str, Int64s], ends: int) -> Float64s:
        account = next(item for item in self.learned if item.look is look)
        bars = self.rings["mean", look.step].view(1, ends, places["mean"])
        values = np.empty((ends, len(look.lanes)))
        for at, bar in enumerate(bars):
            takes = ~np.isnan(bar) & (account.count < look.span_bars)
            account.total[takes] += bar[takes]
            account.count[takes] += 1
            whole = account.count >= look.span_bars
            values[at] = np.where(whole, account.total / look.span_bars, np.nan)
        return values


def _rings(looks: Sequence[Look], block: int) -> list[Ring]:
    lanes: dict[tuple[str, int], list[Int64s]] = {}
    bars: dict[tuple[str, int], int] = {}
    for look in looks:
        for kind in FUNCTIONS[named(look.function, counter=look.counter)].rings:
            key = (kind, look.step)
            lanes.setdefault(key, []).append(look.lanes)
            length = 1 if look.function == "learned" else look.span_bars
            bars[key] = max(bars.get(key, 1), length)
    return [
        Ring(kind, step, np.unique(np.concatenate(found)), bars[kind, step], at_once=block)
        for (kind, step), found in lanes.items()
    ]

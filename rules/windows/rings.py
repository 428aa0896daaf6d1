"""Bars of one kind and length, the newest last, as many as the longest window needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from plantroom.readings import Float64s, Int64s
from rules.windows.stream import NEUTRAL, merge, quantised


class Kind(NamedTuple):
    """What a bar holds: made of which figures, and how."""

    figures: tuple[str, ...]
    finish: Callable[[Mapping[str, Float64s]], Float64s]


def _mean(of: Mapping[str, Float64s]) -> Float64s:
    with np.errstate(all="ignore"):
        return quantised(of["sum"] / of["count"])  # NaN where nothing was read


def _square(of: Mapping[str, Float64s]) -> Float64s:
    with np.errstate(all="ignore"):
        found: Float64s = (of["squares"] + of["remainders"]) / of["count"]
        return found


def _as_is(name: str) -> Kind:
    return Kind((name,), lambda of: of[name])


KINDS: Mapping[str, Kind] = {
    "mean": Kind(("sum", "count"), _mean),
    "square": Kind(("squares", "remainders", "count"), _square),
    **{name: _as_is(name) for name in NEUTRAL if name not in ("sum", "squares", "remainders")},
}


class Ring:
    """Bars of some lanes.

    `push` takes whole minutes; a bar is done when as many minutes as its step have passed, counted from 1970,
    so that it does not matter when the engine was started.
    """

    def __init__(self, kind: str, step: int, lanes: Int64s, bars: int, *, at_once: int) -> None:
        self.kind, self.step, self.lanes, self.bars = kind, step, lanes, bars
        self._room = bars + max(at_once, bars // 8)
        neutral = self._finish({name: np.full(1, NEUTRAL[name]) for name in KINDS[kind].figures})
        self._empty = float(neutral[0])
        self._bars: Float64s = np.full((self._room, len(lanes)), self._empty)
        self._end = bars
        self._open = {name: np.full(len(lanes), NEUTRAL[name]) for name in KINDS[kind].figures}

    def _finish(self, figures: Mapping[str, Float64s]) -> Float64s:
        return KINDS[self.kind].finish(figures)

    def push(self, minutes: Mapping[str, Float64s], first: int) -> None:
        """Take over minutes [M, lanes of the property] that are done, the first numbered `first`."""
        count = len(next(iter(minutes.values())))
        if self.step == 1:
            self._append(self._finish({name: minutes[name][:, self.lanes] for name in self._open}))
            return
        everywhere = np.arange(len(self.lanes))
        done: list[Float64s] = []
        for at in range(count):
            for name, held in self._open.items():
                merge(name, held, everywhere, minutes[name][at, self.lanes])
            if (first + at + 1) % self.step == 0:
                done.append(np.array(self._finish(self._open)))
                for name, held in self._open.items():
                    held.fill(NEUTRAL[name])
        if done:
            # all at once: what one look needs must stand together
            self._append(np.array(done))

    def skip(self, first: int, minutes: int) -> None:
        """Pass over minutes in which nothing came."""
        done = (first + minutes) // self.step - first // self.step
        if not done:
            return
        # what stood open is done too, with what came before the silence
        self._append(self._finish(self._open)[np.newaxis])
        for name, held in self._open.items():
            held.fill(NEUTRAL[name])
        nothing = np.broadcast_to(np.float64(self._empty), (min(done - 1, self.bars), len(self.lanes)))
        self._append(nothing)

    def _append(self, bars: Float64s) -> None:
        for start in range(0, len(bars), self._room - self.bars):
            part = bars[start : start + self._room - self.bars]
            if self._end + len(part) > self._room:
                self._begin_anew()
            self._bars[self._end : self._end + len(part)] = part
            self._end += len(part)

    def _begin_anew(self) -> None:
        """Move what windows still need to the front, piece by piece: a whole copy would double the memory."""
        shift = self._end - self.bars
        for start in range(0, self.bars, shift):
            end = min(start + shift, self.bars)
            self._bars[start:end] = self._bars[start + shift : end + shift]
        self._end = self.bars

    def view(self, bars: int, ends: int, lanes: Int64s | slice) -> Float64s:
        """The bars that `ends` windows of `bars` bars see together, the last one ending with the newest.

        Shapes: float64[bars + ends - 1, lanes].
        """
        found: Float64s = self._bars[self._end - bars - ends + 1 : self._end, lanes]
        return found

    def done(self, first: int, minutes: int) -> list[int]:
        """After which of `minutes` minutes from `first` on a bar is done, counted from 1."""
        return [at + 1 for at in range(minutes) if (first + at + 1) % self.step == 0]

    # what a checkpoint keeps

    def state(self) -> dict[str, Float64s]:
        """The bars and what stands open: name -> [.., lanes]."""
        bars = self._bars[self._end - self.bars : self._end]
        return {"bars": bars, **{name: held[np.newaxis] for name, held in self._open.items()}}

    def put(self, state: Mapping[str, Float64s], to: Int64s, out_of: Int64s) -> None:
        """Take over the state of some lanes from a ring that may have been longer or shorter."""
        bars = state["bars"][-self.bars :]
        self._bars[self._end - len(bars) : self._end, to] = bars[:, out_of]
        for name, held in self._open.items():
            held[to] = state[name][0, out_of]

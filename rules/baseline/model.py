"""The settings of a learned baseline, what was learned, and where judging stands."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

import msgspec
import numpy as np

from plantroom.errors import StoreCorruptError
from plantroom.readings import Bools, Float64s, Int64s
from plantroom.times import Nanos
from rules.baseline.levels import NEVER, Levels

VERSION = 1
_Decoded = TypeVar("_Decoded")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a baseline is learned and applied.

    Raises: ValueError where a figure cannot work.
    """

    smoothing: int = 15
    """Readings over which a level is averaged (time constant of the EWMA). Longer finds smaller shifts, and
    finds and clears all of them later."""
    memory: float = 0.5
    """Time constant with which the normal level follows healthy equipment, in learning periods. Shorter
    forgives seasons, heating up and ageing; longer finds faults that creep."""
    wander: float = 10.0
    """How many times the slow variance seen while learning counts as normal later. A random walk that varied
    by 1 in one period strays by 5 in the next, 8 in the next two; the rest is for what one period hides."""
    limit: float = 5.0
    """Deviation that raises the alarm, in standard deviations of a normal distribution of equal rarity."""
    clear: float = 0.8
    """Share of the limit below which the alarm clears."""
    gap: int = 30
    """Silence, in learned reading intervals, after which a level starts anew."""

    def __post_init__(self) -> None:
        for name in ("smoothing", "gap"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1 reading, not {getattr(self, name)}")
        for name in ("memory", "wander", "limit", "clear"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a number above 0, not {value}")
        if self.clear > 1:
            raise ValueError(f"clear is a share of the limit, at most 1, not {self.clear}")

    @property
    def weight(self) -> float:
        """The weight of one new reading in a level."""
        return float(-np.expm1(-1.0 / self.smoothing))


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What is normal for one equipment.

    Shapes: `used` [P], over all points; the rest over the U used ones: `mean`, `scale`, `centre`, `level`,
    `count`, `seen` [U], `noise`, `wander` [U, U]. Units: `mean` and `scale` in those of the points, the
    others in scales; times in ns.
    """

    settings: Settings
    rows: int
    """Readings learned from."""
    interval: Nanos
    """Median time between two readings."""
    period: Nanos
    """Time from the first reading learned from to the last."""
    used: Bools
    """Which points can be judged: those that were known often enough and moved at all."""
    mean: Float64s
    scale: Float64s
    centre: Float64s
    """The mean level while learning."""
    noise: Float64s
    """Covariance of a level round the true one: what smoothing leaves of the readings' scatter."""
    wander: Float64s
    """Covariance of the true level: how the equipment moved, slowly and together, while learning."""
    level: Float64s
    """Where smoothing stood at the end of learning; `count` and `seen` belong to it."""
    count: Int64s
    seen: Int64s

    def start(self) -> State:
        """The state to judge the readings after the learning period from."""
        return State(
            baseline=self,
            levels=Levels(self.level.copy(), self.count.copy(), self.seen.copy()),
            centre=self.centre.copy(),
            reach=self.settings.wander,
            offsets=np.zeros(len(self.centre)),
            last=int(self.seen.max()),
            cell_from=int(self.seen.max()),
        )

    def to_bytes(self) -> bytes:
        """The baseline as bytes for `from_bytes`; equal baselines give equal bytes."""
        plain = _PlainBaseline(self.rows, self.interval, self.period, self.settings, _to_bytes(self))
        return msgspec.msgpack.encode(plain)

    @classmethod
    def from_bytes(cls, data: bytes) -> Baseline:
        """The baseline that `to_bytes` wrote.

        Raises: StoreCorruptError for anything else.
        """
        plain = _decode(data, _PlainBaseline)
        if "used" not in plain.arrays:
            raise StoreCorruptError("the baseline lacks the list of its points")
        used = np.frombuffer(plain.arrays["used"], np.bool_)
        one, two = (int(used.sum()),), (int(used.sum()),) * 2
        arrays = _from_bytes(
            plain.arrays,
            {"used": used.shape, "mean": one, "scale": one, "centre": one, "noise": two, "wander": two,
             "level": one, "count": one, "seen": one},
        )  # fmt: skip
        return cls(plain.settings, plain.rows, plain.interval, plain.period, **arrays)


@dataclass(slots=True, eq=False)
class State:
    """Where judging one equipment stands; `step` moves it on.

    Readings are judged in cells of `smoothing` rows, counted from the start, against one normal level; at a
    cell's end that level follows. So the cut of the readings into batches changes nothing.
    """

    baseline: Baseline
    levels: Levels
    centre: Float64s
    """The normal level now, [U], in scales."""
    reach: float
    """How many times the learned wander is normal now: more the longer the level could not be followed."""
    offsets: Float64s
    """Sum of the healthy offsets from the centre in this cell, [U]."""
    last: Nanos = NEVER
    """Time of the last row."""
    cell_from: Nanos = NEVER
    """Time of the last row before this cell."""
    rows: int = 0
    """Rows of this cell so far; `healthy` and `alarmed` of them."""
    healthy: int = 0
    alarmed: int = 0
    away: Nanos = 0
    """Longest silence that ended in this cell."""
    on: bool = False
    """Whether the deviation passed the limit and has not fallen below the clearing one since."""
    cache: dict[bytes, tuple[Float64s, Float64s]] = field(default_factory=dict, repr=False)
    """Independent directions by which points are known; derived, not kept."""

    def to_bytes(self) -> bytes:
        """The state, without its baseline, as bytes for `from_bytes`."""
        arrays = _to_bytes(self) | _to_bytes(self.levels)
        numbers = (self.last, self.cell_from, self.rows, self.healthy, self.alarmed, self.away)
        return msgspec.msgpack.encode(_PlainState(self.reach, numbers, self.on, arrays))

    @classmethod
    def from_bytes(cls, data: bytes, baseline: Baseline) -> State:
        """The state that `to_bytes` wrote, to judge by the same baseline.

        Raises: StoreCorruptError for anything else.
        """
        plain = _decode(data, _PlainState)
        width = baseline.centre.shape
        arrays = _from_bytes(
            plain.arrays, dict.fromkeys(("centre", "offsets", "level", "count", "seen"), width)
        )
        levels = Levels(*(arrays[name].copy() for name in ("level", "count", "seen")))
        return cls(
            baseline, levels, arrays["centre"].copy(), plain.reach, arrays["offsets"].copy(),
            *plain.numbers, plain.on,
        )  # fmt: skip


class _PlainBaseline(msgspec.Struct, frozen=True, tag=f"baseline {VERSION}"):
    rows: int
    interval: int
    period: int
    settings: Settings
    arrays: dict[str, bytes]


class _PlainState(msgspec.Struct, frozen=True, tag=f"baseline state {VERSION}"):
    reach: float
    numbers: tuple[int, int, int, int, int, int]
    on: bool
    arrays: dict[str, bytes]


_TYPES = {"used": "?", "count": "<i8", "seen": "<i8"}


def _to_bytes(holder: Baseline | State | Levels) -> dict[str, bytes]:
    values = {item.name: getattr(holder, item.name) for item in fields(holder)}
    return {
        name: value.astype(_TYPES.get(name, "<f8")).tobytes()
        for name, value in values.items()
        if isinstance(value, np.ndarray)
    }


def _from_bytes(data: dict[str, bytes], shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """Read-only arrays by name.

    Raises: StoreCorruptError where one is missing or of the wrong length.
    """
    try:
        return {
            name: np.frombuffer(data[name], _TYPES.get(name, "<f8")).reshape(shape)
            for name, shape in shapes.items()
        }
    except (KeyError, ValueError) as failure:
        raise StoreCorruptError(f"the baseline does not add up: {failure}") from failure


def _decode(data: bytes, kind: type[_Decoded]) -> _Decoded:
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except msgspec.DecodeError as failure:
        raise StoreCorruptError(f"the baseline cannot be read: {failure}") from failure

"""The few pieces of physics and instrumentation that every equipment model is made of."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from statistics import NormalDist
from zoneinfo import ZoneInfo

from plantroom.times import Nanos, to_datetime

LONGEST_STEP_S = 5.0
"""Step of the explicit integration; every time constant here is several times as long."""


_BITS = 13
_NORMAL = tuple(NormalDist().inv_cdf((number + 0.5) / 2**_BITS) for number in range(2**_BITS))


def normal(rng: random.Random) -> float:
    """A draw of the normal distribution, within 3.8 sigma; from a table, at twice the speed of `gauss`."""
    return _NORMAL[rng.getrandbits(_BITS)]


def first_order(value: float, target: float, tau_s: float, dt_s: float) -> float:
    """Where a first-order lag stands `dt_s` later; exact for a constant target."""
    return target + (value - target) * math.exp(-dt_s / tau_s)


def substeps(dt_s: float) -> Iterator[float]:
    """Equal parts of `dt_s`, none longer than LONGEST_STEP_S."""
    count = max(1, math.ceil(dt_s / LONGEST_STEP_S))
    for _ in range(count):
        yield dt_s / count


def clip(value: float, low: float, high: float) -> float:
    """The value, or the bound that it exceeds."""
    return low if value < low else min(value, high)


def interpolate(value: float, low: float, high: float, at_low: float, at_high: float) -> float:
    """A straight line from `at_low` to `at_high`, level outside [low, high]."""
    share = clip((value - low) / (high - low), 0.0, 1.0)
    return at_low + share * (at_high - at_low)


@dataclass(frozen=True, slots=True)
class Sensor:
    """An instrument: its noise (one standard deviation) and its resolution, in the point's unit."""

    noise: float
    resolution: float
    low: float = -math.inf
    high: float = math.inf
    _parts: float = field(init=False, repr=False)
    """Steps of the resolution in one unit."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_parts", round(1.0 / self.resolution, 6))

    def read(self, rng: random.Random, true: float) -> float:
        """What the instrument shows for the true value."""
        raw = true + self.noise * _NORMAL[rng.getrandbits(_BITS)]
        if raw < self.low:
            raw = self.low
        elif raw > self.high:
            raw = self.high
        # divided by a whole number, so that 0.1 comes out as it is written
        return round(raw * self._parts) / self._parts


@dataclass(slots=True)
class PiLoop:
    """A proportional-integral controller whose output stays within [low, high] without wind-up."""

    gain: float
    reset_s: float
    low: float
    high: float
    integral: float = 0.0

    def step(self, error: float, dt_s: float) -> float:
        """The output for this error."""
        self.integral = clip(self.integral + self.gain * error * dt_s / self.reset_s, self.low, self.high)
        return clip(self.gain * error + self.integral, self.low, self.high)


@dataclass(slots=True)
class Wander:
    """Something that strays about zero and comes back (an Ornstein-Uhlenbeck process), never over 3 sigma."""

    sigma: float
    tau_s: float
    value: float = 0.0
    _dt_s: float = -1.0
    _keep: float = 0.0
    _kick: float = 0.0

    def step(self, rng: random.Random, dt_s: float) -> float:
        """Where it stands `dt_s` later."""
        if dt_s != self._dt_s:
            self._dt_s = dt_s
            self._keep = math.exp(-dt_s / self.tau_s)
            self._kick = self.sigma * math.sqrt(1.0 - self._keep**2)
        value = self.value * self._keep + self._kick * _NORMAL[rng.getrandbits(_BITS)]
        bound = 3.0 * self.sigma
        self.value = -bound if value < -bound else min(value, bound)
        return self.value


def hour_of_day(local: datetime) -> float:
    """Hours since local midnight, by the clock on the wall."""
    return local.hour + local.minute / 60 + local.second / 3600


def is_between(hour: float, start: float, end: float) -> bool:
    """Whether the hour lies in [start, end), over midnight where `end` is the smaller."""
    return start <= hour < end if start <= end else hour >= start or hour < end


@dataclass(frozen=True, slots=True)
class Climate:
    """Outdoor air of a humid subtropical city (Shanghai's yearly mean and swing): season and day only."""

    zone: ZoneInfo
    mean: float = 17.0
    season: float = 12.0
    day: float = 3.5

    def temperature(self, ts: Nanos) -> float:
        """Outdoor dry-bulb temperature, degC; hottest on 25 July and at 15:00."""
        local = to_datetime(ts, self.zone)
        day_of_year = local.timetuple().tm_yday + hour_of_day(local) / 24
        season = math.cos(2 * math.pi * (day_of_year - 206) / 365.25)
        day = math.cos(2 * math.pi * (hour_of_day(local) - 15) / 24)
        return self.mean + self.season * season + self.day * day

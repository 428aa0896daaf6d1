"""What every equipment model has in common: its faults, its seed, its clock and its instruments."""

from __future__ import annotations

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias
from zoneinfo import ZoneInfo

from plantroom.errors import NotFoundError
from plantroom.model import Criticality, Equipment
from plantroom.times import DAY, HOUR, MINUTE, SECOND, Nanos, from_datetime, to_datetime
from simulators.physics import Climate, clip

Value: TypeAlias = float | bool | str
Values: TypeAlias = dict[str, Value]
Truth: TypeAlias = Mapping[str, tuple[str, ...]]
"""Fault kind -> keys of the fault rules that it raises at severity 1: at least one, and no others.

Which of several depends on weather, time and traffic; a kind without rules is one that no rule sees yet.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """A defect put into one equipment: nothing before `start_ts`, then rising to `severity`.

    Units: `severity` 0 to 1, `ramp_s` seconds; it is repaired at `end_ts`, or never.
    """

    kind: str
    equipment: str
    start_ts: Nanos
    ramp_s: float = 0.0
    severity: float = 1.0
    end_ts: Nanos | None = None
    site: str | None = None
    """Only where more than one site has an equipment of this key."""

    def level(self, ts: Nanos) -> float:
        """How far the defect has gone at `ts`, 0 to `severity`."""
        if ts < self.start_ts or (self.end_ts is not None and ts >= self.end_ts):
            return 0.0
        if self.ramp_s <= 0:
            return self.severity
        return self.severity * min(1.0, (ts - self.start_ts) / SECOND / self.ramp_s)


@dataclass(frozen=True, slots=True)
class SensorFault:
    """Where the sensor faults of a class act, and how far the drift goes at severity 1, in the unit.

    `stuck` is the point of `sensor_stuck` where it is another than that of `sensor_drift`. What is shown
    stays within [`low`, `high`], the ends of the instrument's range.
    """

    point: str
    drift: float
    stuck: str | None = None
    low: float = -math.inf
    high: float = math.inf


class Model(ABC):
    """One simulated equipment. The same seed, faults and sequence of steps give the same values."""

    equipment_class: ClassVar[str]
    faults: ClassVar[Truth]
    period_s: ClassVar[int] = 5
    """Seconds between two readings of the equipment."""
    sensor: ClassVar[SensorFault | None] = None

    def __init__(
        self,
        equipment: Equipment,
        zone: ZoneInfo,
        start: Nanos,
        *,
        seed: int = 1,
        faults: Iterable[Fault] = (),
    ) -> None:
        self.equipment = equipment
        self.zone = zone
        self.start = start
        self.rng = random.Random(f"{seed}/{equipment.path}")  # noqa: S311 - physics, not secrets
        self.climate = Climate(zone)
        self.active: tuple[Fault, ...] = tuple(faults)
        unknown = sorted({fault.kind for fault in self.active} - set(self.faults))
        if unknown:
            raise NotFoundError(
                f"{equipment.key}: a {self.equipment_class} has no fault {unknown[0]!r}; "
                f"it has {', '.join(self.faults)}"
            )
        self._stuck: Value | None = None
        """What a stuck sensor shows since it is stuck; a controller behind it believes it."""
        self._zone_block: Nanos | None = None
        self._zone_offset: Nanos = 0
        self._weather_minute: Nanos | None = None
        self._weather = 0.0
        self.begin()

    def begin(self) -> None:  # noqa: B027  most models have more
        """Nothing; the true state is that of `start`."""

    def step(self, ts: Nanos, dt_s: float) -> Values:
        """The readings at `ts`, `dt_s` after the step before: point key -> value in the class's unit.

        Binary points are bool, enum points the name of their value.
        """
        self.move(ts, dt_s)
        return self._through_sensor(ts, self.read(ts))

    @abstractmethod
    def move(self, ts: Nanos, dt_s: float) -> None:
        """Nothing; the true state goes on by `dt_s` and stands at `ts`."""

    @abstractmethod
    def read(self, ts: Nanos) -> Values:
        """What the instruments show of the true state."""

    def level(self, kind: str, ts: Nanos) -> float:
        """How far the fault of this kind has gone, 0 without one."""
        if not self.active:
            return 0.0
        return max((fault.level(ts) for fault in self.active if fault.kind == kind), default=0.0)

    def has(self, kind: str, ts: Nanos) -> bool:
        """Whether a fault that is there or not (a trip, a contact) is there: from half severity on."""
        return self.level(kind, ts) >= 0.5

    def hour(self, ts: Nanos) -> float:
        """The local hour of day."""
        return (ts + self._offset(ts)) % DAY / HOUR

    def day_of_week(self, ts: Nanos) -> int:
        """The local day of the week, 1 Monday to 7 Sunday."""
        # the epoch was a Thursday
        return ((ts + self._offset(ts)) // DAY + 3) % 7 + 1

    def outdoor_air(self, ts: Nanos) -> float:
        """Outdoor temperature at the minute in which `ts` lies, degC."""
        minute = ts // MINUTE
        if minute != self._weather_minute:
            self._weather_minute = minute
            self._weather = self.climate.temperature(minute * MINUTE)
        return self._weather

    @property
    def runs_around_the_clock(self) -> bool:
        """Whether no schedule ever switches it off: equipment of criticality A."""
        return self.equipment.criticality is Criticality.A

    def parameter(self, key: str, default: float) -> float:
        """The equipment's parameter in the class's unit."""
        return float(self.equipment.parameters.get(key, default))

    def days_in_service(self) -> int:
        """Whole days from installation to the day of the start; with the hour, where counters begin.

        Counters that begin from them go on growing where time drives them, though the models of a second
        run know nothing of the first; where chance does, they may fall by a few.
        """
        installed = self.equipment.installed_on
        today = to_datetime(self.start, self.zone).date()
        return 1000 if installed is None else max(0, (today - installed).days)

    def _offset(self, ts: Nanos) -> Nanos:
        """How far the local clock is ahead of UTC; zones change at quarters of an hour only."""
        block = ts // (15 * MINUTE)
        if block != self._zone_block:
            self._zone_block = block
            wall = to_datetime(block * 15 * MINUTE, self.zone).replace(tzinfo=None)
            # read as UTC, the clock on the wall is ahead by the offset
            self._zone_offset = from_datetime(wall) - block * 15 * MINUTE
        return self._zone_offset

    def _through_sensor(self, ts: Nanos, values: Values) -> Values:
        if self.sensor is None:
            return values
        sensor = self.sensor
        if not self.active or sensor is None:
            return values
        drift, shown = self.level("sensor_drift", ts), values[sensor.point]
        if drift and isinstance(shown, float):
            values[sensor.point] = round(clip(shown + drift * sensor.drift, sensor.low, sensor.high), 6)
        if self.has("sensor_stuck", ts):
            point = sensor.stuck or sensor.point
            self._stuck = values[point] if self._stuck is None else self._stuck
            values[point] = self._stuck
        else:
            self._stuck = None
        return values

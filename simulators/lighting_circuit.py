"""Lighting circuit: lamps behind a contactor, switched by the clock, or always on at criticality A."""

from __future__ import annotations

from typing import ClassVar

from plantroom.times import Nanos
from simulators.base import Model, SensorFault, Truth, Values
from simulators.physics import Sensor, clip, first_order, is_between

POWER_SHARE = Sensor(noise=0.0006, resolution=0.0001, low=0.0)
"""In shares of the full power: a meter of class 0.5 on a steady LED load."""
ILLUMINANCE = Sensor(noise=1.0, resolution=1.0, low=0.0)
VOLTS, POWER_FACTOR = 230.0, 0.95
LAMP_LIFE_H = 40_000.0
"""After which the lamps are renewed together and the hours count from nothing."""
EVENING, NIGHT, MORNING, DAY = 17.5, 23.5, 6.0, 8.0
"""Local hours between which the circuit burns: morning to day and evening to night."""


class LightingCircuitModel(Model):
    """One circuit of equal lamps with its contactor, meter and light sensor."""

    equipment_class = "lighting_circuit"
    faults: ClassVar[Truth] = {
        "lamp_failure": ("lamp_failure", "light_fading"),
        "contactor_stuck": ("contactor_stuck", "burning_outside_schedule"),
        "no_power": ("no_power",),
        "sensor_drift": ("light_low",),
        "sensor_stuck": ("illuminance_frozen",),
    }
    sensor = SensorFault("illuminance", drift=-250.0, low=0.0)

    def begin(self) -> None:
        self.lamps = max(1.0, self.parameter("lamp_count", 20.0))
        self.full_power = self.parameter("full_power", self.lamps * self.parameter("lamp_power", 18.0))
        self.full_light = self.parameter("target_illuminance", 100.0) * self.rng.uniform(1.1, 1.3)
        self.late = self.rng.uniform(0.0, 0.3)
        """Hours by which this circuit's clock runs behind the others'."""
        self.burn_hours = self._burnt(self.start) % LAMP_LIFE_H
        self.commanded = self.closed = False
        self.burning = 0.0
        """Lamps that burn."""
        self.light = self.full_light if self._is_commanded(self.start) else 0.0

    def move(self, ts: Nanos, dt_s: float) -> None:
        """Nothing; the true state goes on by `dt_s` and stands at `ts`."""
        self.commanded = self._is_commanded(ts)
        stuck = self.has("contactor_stuck", ts)
        self.closed = (self.commanded or stuck) and not self.has("no_power", ts)
        dead = 0.0
        if self.level("lamp_failure", ts) > 0:
            dead = max(1.0, round(0.2 * self.lamps * self.level("lamp_failure", ts)))
        self.burning = max(0.0, self.lamps - dead) if self.closed else 0.0
        self.light = first_order(self.light, self.full_light * self.burning / self.lamps, 3.0, dt_s)
        if self.closed:
            self.burn_hours += dt_s / 3600

    def read(self, ts: Nanos) -> Values:  # noqa: ARG002 - its true state is all in move()
        """What the instruments show of the true state."""
        share = self.burning / self.lamps
        power = self.full_power * (share * POWER_SHARE.read(self.rng, 1.0))
        return {
            "command": self.commanded,
            "state": self.closed,
            "schedule_on": self.commanded,
            "power": round(power, 1),
            "current": round(power / (VOLTS * POWER_FACTOR), 2),
            "illuminance": ILLUMINANCE.read(self.rng, self.light),
            "burn_hours": round(self.burn_hours, 2),
        }

    def _burnt(self, start: Nanos) -> float:
        """Hours since installation for which the clock had the circuit on."""
        days, hour = self.days_in_service(), self.hour(start)
        if self.runs_around_the_clock:
            return days * 24.0 + hour
        spans = ((MORNING, DAY), (EVENING, NIGHT))
        today = sum(clip(hour - self.late, begin, end) - begin for begin, end in spans)
        return days * sum(end - begin for begin, end in spans) + today

    def _is_commanded(self, ts: Nanos) -> bool:
        hour = self.hour(ts) - self.late
        return (
            self.runs_around_the_clock or is_between(hour, MORNING, DAY) or is_between(hour, EVENING, NIGHT)
        )


MODEL = LightingCircuitModel

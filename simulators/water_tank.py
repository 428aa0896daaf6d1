"""Drinking water tank: mains, fill valve, the building's draw, and the quality of what is stored.

The valve opens at 60 % and closes at 88 %, by the level transmitter. Chlorine comes with the mains and decays
in the tank; filling stirs the sediment up; the water warms towards its room.
"""

from __future__ import annotations

import math
from typing import ClassVar

from plantroom.times import MINUTE, Nanos
from simulators.base import Model, SensorFault, Truth, Values
from simulators.physics import Sensor, Wander, clip, first_order, normal

LEVEL = Sensor(noise=0.12, resolution=0.1, low=-5.0, high=110.0)
HEIGHT = Sensor(noise=0.003, resolution=0.001, low=0.0)
CHLORINE = Sensor(noise=0.006, resolution=0.01, low=0.0)
TURBIDITY = Sensor(noise=0.006, resolution=0.01, low=0.0)
TEMPERATURE = Sensor(noise=0.06, resolution=0.1)
METER_NOISE = 0.01
"""Of the flows, in shares of the value."""

VOLUME_M3, DEPTH_M = 30.0, 2.5
FILL_M3H = 16.0
"""What the open valve lets in at the mains pressure of the night."""
OPEN_AT, CLOSE_AT = 60.0, 88.0
MAINS_CHLORINE, DECAY_PER_H = 0.45, 0.03
LEAK_M3H = 13.0
SENSOR = SensorFault("level", drift=-31.0, low=-5.0, high=110.0)

_WORKDAY = (
    0.3, 0.2, 0.15, 0.15, 0.2, 0.6, 2.2, 5.2, 7.8, 7.4, 6.2, 5.8,
    7.6, 6.6, 5.4, 5.2, 5.4, 6.2, 6.8, 6.0, 4.8, 3.4, 1.8, 0.8,
)  # fmt: skip
_REST_DAY = (
    0.4, 0.25, 0.15, 0.15, 0.2, 0.4, 1.0, 2.2, 3.6, 4.6, 4.8, 4.8,
    4.6, 4.2, 3.8, 3.6, 3.8, 4.4, 5.0, 4.8, 4.0, 3.0, 1.8, 0.9,
)  # fmt: skip
"""What the building draws at each whole hour, m3/h."""


class WaterTankModel(Model):
    """A tank of 30 m3 that feeds the building's pumps."""

    equipment_class = "water_tank"
    faults: ClassVar[Truth] = {
        "supply_lost": ("no_inflow", "level_low", "level_very_low", "level_forecast"),
        "inlet_stuck": ("inlet_leaks", "level_high", "inlet_stuck", "overflow"),
        "leak": ("makeup_without_demand", "level_low", "level_very_low", "level_forecast"),
        "turbid_supply": ("turbidity_high",),
        "chlorine_loss": ("chlorine_low", "chlorine_forecast"),
        "warm_backflow": ("water_warm",),
        "hatch_open": ("hatch_open",),
        "sensor_drift": ("overflow", "makeup_without_demand", "level_low", "level_sensors_differ"),
        "sensor_stuck": (
            "level_sensors_differ",
            "level_stuck",
            "level_frozen",
            "overflow",
            "makeup_without_demand",
        ),
    }
    sensor = SENSOR

    def begin(self) -> None:
        rng = self.rng
        self.filling = False
        # a run begins when the tank is about to be filled
        self.level_true = rng.uniform(59.5, 60.8)
        self.busy = rng.uniform(0.85, 1.1)
        self.draw, self.mains = Wander(0.16, 180.0), Wander(0.03, 900.0)
        self.dosing, self.dirt = Wander(0.02, 7200.0), Wander(0.015, 3600.0)
        self.minute: Nanos | None = None
        self.demand = self._demand(self.start)
        self.inlet = self.outlet = 0.0
        self.chlorine = 0.36
        self.turbidity = 0.2
        self.temperature = self._supplied(self.start) + 0.5

    def move(self, ts: Nanos, dt_s: float) -> None:
        """Nothing; the true state goes on by `dt_s` and stands at `ts`."""
        rng, hours = self.rng, dt_s / 3600
        for wander in (self.draw, self.mains, self.dosing, self.dirt):
            wander.step(rng, dt_s)
        self._control(ts)
        # the mains are weaker while the quarter washes and cooks
        pressure = 1.0 + self.mains.value - 0.02 * self.demand
        opening = 1.0 if self.filling else self.level("inlet_stuck", ts)
        self.inlet = FILL_M3H * pressure * opening * (1.0 - self.level("supply_lost", ts))
        wanted = self._demand(ts) * (1.0 + self.draw.value)
        self.outlet = wanted if self.level_true > 1.0 else 0.0
        lost = LEAK_M3H * self.level("leak", ts) * clip(self.level_true / 5.0, 0.0, 1.0)
        change = (self.inlet - self.outlet - lost) * hours * 100.0 / VOLUME_M3
        self.level_true = clip(self.level_true + change, 0.0, 100.0)
        self._mix(ts, dt_s)

    def read(self, ts: Nanos) -> Values:
        """What the instruments show of the true state."""
        rng = self.rng
        return {
            "level": LEVEL.read(rng, self.level_true),
            "level_height": HEIGHT.read(rng, DEPTH_M * self.level_true / 100),
            "overflow": self.level_true >= 99.9,
            "inlet_valve_open": self.filling or self.has("inlet_stuck", ts),
            "outlet_valve_open": True,
            "inlet_flow": round(self.inlet * (1.0 + METER_NOISE * normal(rng)), 2),
            "outlet_flow": round(self.outlet * (1.0 + METER_NOISE * normal(rng)), 2),
            "residual_chlorine": CHLORINE.read(rng, self.chlorine),
            "turbidity": TURBIDITY.read(rng, self.turbidity),
            "water_temperature": TEMPERATURE.read(rng, self.temperature),
            "hatch_open": self.has("hatch_open", ts),
        }

    def _control(self, ts: Nanos) -> None:
        """The fill valve, by the level that the transmitter shows."""
        shown = self.level_true + SENSOR.drift * self.level("sensor_drift", ts)
        if self._stuck is not None:
            shown = float(self._stuck)
        self.filling = shown < OPEN_AT or (self.filling and shown < CLOSE_AT)

    def _mix(self, ts: Nanos, dt_s: float) -> None:
        """Chlorine, turbidity and temperature of the stored water, well mixed."""
        stored = VOLUME_M3 * max(self.level_true, 2.0) / 100
        inflow = self.inlet / stored
        decay = DECAY_PER_H + 6.0 * self.level("chlorine_loss", ts)
        dosed = MAINS_CHLORINE + self.dosing.value
        rest = inflow + decay
        self.chlorine = first_order(self.chlorine, dosed * inflow / rest, 3600.0 / rest, dt_s)
        stirred = 0.16 + self.dirt.value + 0.06 * (self.inlet > 1.0)
        turbid = stirred + 1.7 * self.level("turbid_supply", ts)
        self.turbidity = first_order(self.turbidity, turbid, 900.0, dt_s)
        supplied = self._supplied(ts)
        warm = self.level("warm_backflow", ts)
        target = supplied + 0.5 + warm * (33.0 - supplied)
        self.temperature = first_order(self.temperature, target, 600.0 if warm else 14400.0, dt_s)

    def _demand(self, ts: Nanos) -> float:
        minute = ts // MINUTE
        if minute != self.minute:
            self.minute = minute
            at = minute * MINUTE
            hour = self.hour(at)
            draws = _REST_DAY if self.day_of_week(at) >= 6 else _WORKDAY
            first = int(hour)
            share = hour - math.floor(hour)
            self.demand = self.busy * (draws[first] + share * (draws[(first + 1) % 24] - draws[first]))
        return self.demand

    def _supplied(self, ts: Nanos) -> float:
        """Temperature of the mains: the ground follows the season at half and never the day."""
        return clip(9.5 + 0.45 * self.outdoor_air(ts), 7.0, 23.5)


MODEL = WaterTankModel

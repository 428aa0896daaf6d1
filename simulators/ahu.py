"""Air handling unit: mixing box with economiser, filter, heating and cooling coil, fan, one zone.

One PI demand is split over heating valve, free cooling and cooling valve, as ASHRAE Guideline 36 has it;
a second holds the duct pressure. `outdoor_damper` and the valves are the controller's commands, so that a
stuck damper shows in the temperatures only. It runs from 06:30 to 21:30, or always at criticality A.
"""

from __future__ import annotations

import math
from typing import ClassVar

from plantroom.times import SECOND, Nanos
from simulators.base import Model, SensorFault, Truth, Values
from simulators.physics import PiLoop, Sensor, clip, first_order, interpolate, is_between, normal, substeps

TEMPERATURE = Sensor(noise=0.05, resolution=0.1)
PRESSURE = Sensor(noise=2.0, resolution=1.0, low=0.0)
HUMIDITY = Sensor(noise=0.4, resolution=0.1, low=0.0, high=100.0)
CURRENT = Sensor(noise=0.08, resolution=0.1, low=0.0)
CO2 = Sensor(noise=6.0, resolution=1.0, low=380.0)

MIN_OUTDOOR = 0.2
"""Least opening of the outdoor damper while people breathe."""
HEATING_K, COOLING_K = 26.0, 20.0
"""What the coils do to the air at full valve and rated flow."""
FAN_HEAT_K = 1.0
NEUTRAL_K, LEAST_MOVE = 0.25, 0.02
"""What spares the actuators: an error that the loop takes for none, and the least that they are told."""
DUCT_SETPOINT = 250.0
FAN_PRESSURE = 620.0
"""Fan pressure less the other resistances at full speed, Pa."""
SENSOR = SensorFault("supply_temperature", drift=-8.0)
SETTLING_S = 2 * 3600


class AhuModel(Model):
    """An air handling unit and the zone that it serves."""

    equipment_class = "ahu"
    faults: ClassVar[Truth] = {
        "stuck_damper": ("outdoor_air_fraction",),
        "filter_clogged": ("filter_clogged",),
        "fan_belt_failure": ("fan_failure",),
        "simultaneous_heating_cooling": ("simultaneous_heating_cooling", "fc11", "supply_temperature_high"),
        "freeze": ("freeze_stat",),
        "left_running": ("running_outside_schedule",),
        "sensor_drift": ("heating_without_effect", "fc08", "fc09"),
        "sensor_stuck": (
            "supply_temperature_frozen",
            "cooling_without_effect",
            "heating_without_effect",
            "fc08",
            "fc09",
            "fc11",
        ),
    }
    sensor = SENSOR

    def begin(self) -> None:
        self.clean_filter = self.rng.uniform(75.0, 95.0)
        self.busy = self.rng.uniform(0.8, 1.0)
        self.opens = self.rng.uniform(6.25, 6.75)
        self.zone_temperature = 23.0
        self.supply, self.mixed, self.setpoint = 18.0, 22.0, 18.0
        self.co2, self.humidity = 500.0, 50.0
        self.outdoor = self.people = 0.0
        self.demand = PiLoop(gain=0.05, reset_s=240.0, low=-1.0, high=1.0)
        self.fan_loop = PiLoop(gain=0.0006, reset_s=20.0, low=0.2, high=1.0, integral=0.68)
        self.free_cooling = False
        self.sent = 0.0
        """The demand that valves and dampers were told last."""
        self.heating = self.cooling = self.damper = 0.0
        self.speed = self.flow = self.duct = self.filter_drop = 0.0
        self.scheduled = self.commanded = self.turning = self.frozen = False
        for earlier_s in range(SETTLING_S, 0, -20):
            self.move(self.start - earlier_s * SECOND, 20.0)

    def move(self, ts: Nanos, dt_s: float) -> None:
        """Nothing; the true state goes on by `dt_s` and stands at `ts`."""
        self.scheduled = self.runs_around_the_clock or is_between(
            self.hour(ts), self.opens, self.opens + 15.0
        )
        on = self.scheduled or self.has("left_running", ts)
        self.frozen = self.has("freeze", ts) and (self.frozen or self.mixed < 3.0)
        self.commanded = on and not self.frozen
        self.turning = self.commanded and not self.has("fan_belt_failure", ts)
        self.people = self._people(ts)
        # the fault `freeze` brings its own frost, so that it shows in every season
        weather = self.outdoor_air(ts)
        self.outdoor = weather + self.level("freeze", ts) * (-12.0 - weather)
        for step_s in substeps(dt_s):
            self._fan(ts, step_s)
            self._control(ts, step_s)
            self._air(ts, step_s)

    def read(self, ts: Nanos) -> Values:  # noqa: ARG002 - its true state is all in move()
        """What the instruments show of the true state."""
        rng = self.rng
        return {
            "supply_temperature": TEMPERATURE.read(rng, self.supply),
            "return_temperature": TEMPERATURE.read(rng, self.zone_temperature),
            "mixed_temperature": TEMPERATURE.read(rng, self.mixed),
            "outdoor_temperature": TEMPERATURE.read(rng, self.outdoor),
            "supply_setpoint": round(self.setpoint * 2) / 2,
            "heating_valve": round(self.heating * 100, 1),
            "cooling_valve": round(self.cooling * 100, 1),
            "outdoor_damper": round(self.damper * 100, 1),
            "fan_speed": round(self.speed * 100, 1),
            "fan_current": CURRENT.read(rng, 6.0 + 15.0 * self.speed**2 * self.flow) if self.turning else 0.0,
            "duct_pressure": PRESSURE.read(rng, self.duct) if self.turning else 0.0,
            "duct_pressure_setpoint": DUCT_SETPOINT,
            "filter_pressure_drop": PRESSURE.read(rng, self.filter_drop) if self.turning else 0.0,
            "fan_command": self.commanded,
            "fan_status": self.turning,
            "schedule_on": self.scheduled,
            "freeze_stat": self.frozen,
            "return_humidity": HUMIDITY.read(rng, self.humidity),
            "return_co2": CO2.read(rng, self.co2),
        }

    def _fan(self, ts: Nanos, dt_s: float) -> None:
        """Speed after the duct pressure; flow and filter drop after the speed and the dirt."""
        seen = self.duct + 2.0 * normal(self.rng)
        wanted = self.fan_loop.step(DUCT_SETPOINT - seen, dt_s) if self.commanded else 0.0
        self.speed = first_order(self.speed, wanted, 5.0, dt_s)
        dirt = 500.0 * self.level("filter_clogged", ts)
        flow = self.speed / math.sqrt(1.0 + dirt / 900.0) if self.turning else 0.0
        self.flow = first_order(self.flow, flow, 5.0, dt_s)
        self.filter_drop = (self.clean_filter + dirt) * self.flow**2
        duct = max(0.0, FAN_PRESSURE * self.speed**2 - self.filter_drop) if self.turning else 0.0
        self.duct = first_order(self.duct, duct, 5.0, dt_s)

    def _control(self, ts: Nanos, dt_s: float) -> None:
        wanted = clip(18.0 - 2.5 * (self.zone_temperature - 23.0), 13.0, 26.0)
        self.setpoint = first_order(self.setpoint, wanted, 1200.0, dt_s)
        if not self.turning:
            self.demand.integral = self.sent = 0.0
            self.heating, self.cooling = (1.0 if self.frozen else 0.0), 0.0
            self.damper = MIN_OUTDOOR if self.commanded else 0.0
            return
        self._choose_free_cooling()
        # the controller believes its sensor, and its output trembles with it
        shown = self.supply + 0.05 * normal(self.rng) + SENSOR.drift * self.level("sensor_drift", ts)
        if self._stuck is not None:
            shown = float(self._stuck)
        error = shown - round(self.setpoint * 2) / 2
        error -= clip(error, -NEUTRAL_K, NEUTRAL_K)
        wanted = self.demand.step(error, dt_s)
        if abs(wanted - self.sent) >= LEAST_MOVE:
            self.sent = wanted
        demand = self.sent
        free = 1.0 if self.free_cooling else 0.0
        self.heating = clip(-demand, 0.0, 1.0)
        self.damper = MIN_OUTDOOR + (1.0 - MIN_OUTDOOR) * clip(demand, 0.0, free)
        self.cooling = clip(demand - free, 0.0, 1.0)
        self.heating = max(self.heating, 0.45 * self.level("simultaneous_heating_cooling", ts))

    def _choose_free_cooling(self) -> None:
        """Free cooling from 2 K below the return air, until it is as warm; the change-over is bumpless."""
        difference = self.zone_temperature - self.outdoor
        free = difference > (0.0 if self.free_cooling else 2.0)
        if free != self.free_cooling and self.demand.integral > 0:
            self.demand.integral = max(0.0, self.demand.integral + (1.0 if free else -1.0))
            self.sent = max(0.0, self.sent + (1.0 if free else -1.0))
        self.free_cooling = free
        self.demand.high = 2.0 if free else 1.0

    def _air(self, ts: Nanos, dt_s: float) -> None:
        outdoor, people = self.outdoor, self.people
        if self.turning:
            fraction = self._true_damper(ts)
            mixed = self.zone_temperature + fraction * (outdoor - self.zone_temperature)
            hot_water = 1.0 - clip(2.0 * self.level("freeze", ts), 0.0, 1.0)
            coils = HEATING_K * self.heating * hot_water - COOLING_K * self.cooling
            supply = max(mixed + coils, 5.0 if self.cooling else -40.0) + FAN_HEAT_K
            self.mixed = first_order(self.mixed, mixed, 20.0, dt_s)
            self.supply = first_order(self.supply, supply, 60.0, dt_s)
        else:
            fraction = 0.02
            self.mixed = first_order(self.mixed, self.zone_temperature, 900.0, dt_s)
            self.supply = first_order(self.supply, self.zone_temperature, 900.0, dt_s)
        ventilation = 1.15 * self.flow
        # without ventilation the building's mass holds the temperature
        inside, envelope = (2.5, 0.12) if self.turning else (0.4, 0.04)
        gain = ventilation * (self.supply - self.zone_temperature) + inside + 3.5 * people
        gain += envelope * (outdoor - self.zone_temperature)
        self.zone_temperature += gain * dt_s / 1800.0
        fresh = max(0.03, ventilation * fraction / MIN_OUTDOOR)
        self.co2 = first_order(self.co2, 420.0 + min(420.0 * people / fresh, 480.0), 1500.0, dt_s)
        drying = 10.0 * self.cooling * self.flow
        self.humidity = first_order(
            self.humidity, 46.0 + 0.35 * outdoor - drying + 3.0 * people, 3600.0, dt_s
        )

    def _true_damper(self, ts: Nanos) -> float:
        if self.level("freeze", ts) > 0:
            return 1.0
        return self.damper + self.level("stuck_damper", ts) * (0.95 - self.damper)

    def _people(self, ts: Nanos) -> float:
        hour = self.hour(ts)
        present = interpolate(hour, 7.5, 9.5, 0.05, 1.0) - interpolate(hour, 17.5, 20.0, 0.0, 0.95)
        return self.busy * present


MODEL = AhuModel

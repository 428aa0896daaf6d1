"""Chiller: a water-cooled centrifugal machine with its chilled water loop, condenser water and tower.

The building's load follows weather, hour and weekday; the loop's water is the store between it and the
machine, whose vanes hold the leaving water at its set-point. Approaches grow with load, the coefficient of
performance is a share of Carnot's over the lift. Below a wet bulb of 9 degC a plate exchanger cools in its
place and it rests, at criticality A too; else it runs from 06:30 to 21:30, at weekends from 08:30 to 18:30,
or always at criticality A.
"""

from __future__ import annotations

import math
from typing import ClassVar

from plantroom.times import MINUTE, SECOND, Nanos
from simulators.ambient import AmbientModel, parts
from simulators.base import SensorFault, Truth, Values
from simulators.physics import clip, first_order, interpolate, is_between

RATED_POWER_KW = 276.0
"""Of 1400 kW of cooling, all shares here being of that."""
RATED_FLOW = 241.0
"""Chilled water at full flow, m3/h."""
DESIGN_K = 5.0
"""Difference of chilled water, and of condenser water, at full load and flow."""
LOOP_S = 60.0
"""How long full capacity takes to cool the loop's water by 1 K: 20 m3."""
RATED_COP = 5.07
LEAST_CAPACITY = 0.12
"""Below it the machine stops and rests for RECYCLE."""
RECYCLE = 30 * MINUTE
LEAST_CONDENSER_WATER = 17.0
PLANT_PRESSURE = 1.6
SETTLING_S = 3 * 3600


class ChillerModel(AmbientModel):
    """A chiller with its loop, pumps and tower."""

    equipment_class = "chiller"
    months = (6, 7, 8, 9)
    faults: ClassVar[Truth] = {
        "condenser_fouling": ("condenser_approach",),
        "refrigerant_leak": ("evaporator_approach", "chilled_off_setpoint"),
        "tower_fan_failure": ("tower_approach", "condensing_hot"),
        "bypass_open": ("low_delta_t",),
        "oil_filter_clogged": ("oil_pressure_low",),
        "oil_cooler_blocked": ("oil_hot",),
        "vanes_stuck": ("chilled_off_setpoint", "freezing", "evaporating_cold"),
        "overload": ("overload", "chilled_off_setpoint"),
        "strainer_blocked": ("plant_pressure_off",),
        "basin_makeup_failed": ("basin_low",),
        "flow_lost": ("no_flow",),
        "surge": ("surge", "condenser_pressure_spiky"),
        "short_cycling": ("short_cycling", "water_hunting"),
        "trip": ("trip", "idle_flow", "start_failure"),
        "start_failed": ("start_failure", "idle_flow"),
        "tower_fan_imbalance": ("tower_fan_vibration",),
        "sensor_drift": ("evaporator_approach", "low_delta_t"),
        "sensor_stuck": ("condenser_pressure_frozen",),
    }
    sensor = SensorFault("chilled_leaving", drift=4.0, stuck="condenser_pressure")

    def begin(self) -> None:
        super().begin()
        self.oil_pump = self.rng.uniform(2.1, 2.5)
        self.evaporator_k = self.rng.uniform(1.0, 1.3)
        self.condenser_k = self.rng.uniform(1.2, 1.6)
        """What the clean approaches gain from no to full load."""
        self.busy = self.rng.uniform(0.9, 1.05)
        self.mood = 0.0
        """How far the load is off what weather and hour say, as a share."""
        self.load = self.wet_bulb = 0.0
        self.setpoint = 7.0
        self.cool_weather = self.enabled = self.running = self.tripped = self.commanded = False
        self.pump_until = self.rest_until = self.toggle_at = self.pumped_from = (
            self.start - SETTLING_S * SECOND
        )
        self.flow, self.capacity, self.cop, self.power = 0.0, 0.0, 8.0, 0.0
        self.entering = self.leaving = 14.0
        self.condenser_in = self.condenser_out = 24.0
        self.evaporating = self.condensing = 20.0
        self.oil_pressure, self.oil, self.basin = 0.0, 50.0, 76.0
        days = self.days_in_service() + self.hour(self.start) / 24
        self.starts = self.run_hours = 0.0
        self.look(self.start - SETTLING_S * SECOND)
        for earlier_s in range(SETTLING_S, 0, -20):
            self.move(self.start - earlier_s * SECOND, 20.0)
        self.look(self.start)
        self.starts = float(math.floor(days * 1.2))
        self.run_hours = days * (16.0 if self.runs_around_the_clock else 9.0)

    def look(self, ts: Nanos) -> None:
        """Nothing; weather, load, set-point and season are those of `ts`."""
        super().look(ts)
        outdoor = self.outdoor
        self.wet_bulb = outdoor - 1.0 - 0.16 * max(0.0, outdoor - 8.0)
        self.cool_weather = self.wet_bulb < (10.0 if self.cool_weather else 9.0)
        week = self.day_of_week(ts) <= 5
        opens, closes = (6.5, 21.5) if week else (8.5, 18.5)
        scheduled = self.runs_around_the_clock or is_between(self.clock, opens, closes)
        self.enabled = scheduled and not self.cool_weather
        present = interpolate(self.clock, 6.5, 9.5, 0.0, 1.0) - interpolate(self.clock, 17.5, 21.0, 0.0, 1.0)
        people = self.busy * present * (1.0 if week else 0.5)
        self.mood = 0.97 * self.mood + self.rng.gauss(0.0, 0.006)
        weather = 0.03 * max(0.0, outdoor - 14.0) * (0.45 + 0.55 * people)
        self.load = (0.05 + weather + 0.14 * people) * (1.0 + self.mood)
        self.setpoint = round(interpolate(outdoor, 18.0, 28.0, 9.0, 7.0), 1)

    def move(self, ts: Nanos, dt_s: float) -> None:
        """Nothing; the true state goes on by `dt_s` and stands at `ts`."""
        self.perceive(ts)
        was_running = self.running
        self._decide(ts)
        if self.running:
            self.starts += not was_running
            self.run_hours += dt_s / 3600
        elif was_running:
            self.rest_until = ts + RECYCLE
            self.pump_until = ts + 3 * MINUTE
        for part_s in parts(dt_s):
            self._water(part_s, ts < self.pump_until or self.enabled)
            self._refrigerant(part_s)
        self._auxiliaries(dt_s)

    def read(self, ts: Nanos) -> Values:  # noqa: ARG002 - its true state is all in move()
        """What the instruments show of the true state."""
        show, running, pumping = self.show, self.running, self.flow > 0.05
        swing = 1.0 + self.defects["surge"] * self.rng.uniform(-0.18, 0.18) if running else 1.0
        power = self.power * swing
        flow_proved = pumping and not (running and self.is_there("flow_lost"))
        plant = PLANT_PRESSURE * (1.0 - 0.4 * self.defects["strainer_blocked"])
        return {
            "running": running,
            "command": self.commanded,
            "trip": self.tripped,
            "flow_switch_closed": flow_proved,
            "chilled_leaving": show(self.leaving, 0.04, 2),
            "chilled_entering": show(self.entering, 0.04, 2),
            "chilled_setpoint": self.setpoint,
            "condenser_entering": show(self.condenser_in, 0.05, 2),
            "condenser_leaving": show(self.condenser_out, 0.05, 2),
            "evaporating_temperature": show(self.evaporating, 0.06, 2),
            "condensing_temperature": show(self.condensing, 0.06, 2),
            "evaporator_pressure": show(_saturation(self.evaporating), 0.006, 3),
            "condenser_pressure": show(_saturation(self.condensing) * swing, 0.012, 3),
            "oil_pressure_difference": show(self.oil_pressure, 0.02, 2) if running else 0.0,
            "oil_temperature": show(self.oil, 0.15, 1),
            "current": show(100.0 * math.hypot(0.22, 0.975 * power), 0.4, 1) if running else 0.0,
            "power": show(RATED_POWER_KW * power, 0.8, 1) if running else 0.0,
            "plant_pressure": show(plant, 0.012, 3) if pumping else 0.0,
            "plant_pressure_setpoint": PLANT_PRESSURE,
            "wet_bulb_temperature": show(self.wet_bulb, 0.08, 1),
            "tower_basin_level": show(self.basin, 0.25, 1),
            "tower_fan_vibration": abs(show(self._shaking(), 0.05, 2)),
            "chilled_flow": max(0.0, show(RATED_FLOW * self.flow, 0.8, 1)) if flow_proved else 0.0,
            "starts": self.starts,
            "run_hours": round(self.run_hours, 2),
        }

    def _decide(self, ts: Nanos) -> None:
        """Whether the machine runs: schedule, weather, safeties, least load, and its rest after a stop."""
        self.tripped = self.is_there("trip")
        if not self.enabled or self.tripped:
            self.running = False
            self.pumped_from = self.pumped_from if self.enabled else ts
        elif self.running:
            idle = self.capacity < LEAST_CAPACITY + 0.02 and self.leaving < self._target() - 0.7
            self.running = not idle
        else:
            ready = ts >= max(self.rest_until, self.pumped_from + 2 * MINUTE)
            self.running = ready and self.leaving > self._target() + 1.5
        cycling = self.defects["short_cycling"]
        if cycling and self.enabled and not self.tripped:
            # a control that stops it for no reason and forgets its rest
            if ts >= self.toggle_at:
                self.running = not self.running
                self.toggle_at = ts + round((330.0 if self.running else 210.0) / cycling) * SECOND
            elif self.capacity > 0.05:
                self.running = self.running or self.toggle_at - ts > 210 * SECOND
        # what stops it in spite of its control leaves the command standing
        failed = self.is_there("start_failed")
        self.commanded = self.running or (self.enabled and (self.tripped or failed))
        self.running = self.running and not failed

    def _shaking(self) -> float:
        """Vibration of the tower's fan, mm/s; it turns with the machine."""
        return 1.6 + 0.8 * self.capacity + 9.0 * self.defects["tower_fan_imbalance"] if self.running else 0.1

    def _target(self) -> float:
        """What the leaving water truly comes to where the control believes its sensor."""
        return self.setpoint - 4.0 * self.defects["sensor_drift"]

    def _water(self, dt_s: float, pumping: bool) -> None:
        """Flow, capacity and the loop's two temperatures."""
        bypass = 1.0 + 1.3 * self.defects["bypass_open"]
        wanted = (
            clip(max(self.load, self.defects["overload"]) * bypass, 0.4, 1.1 * bypass) if pumping else 0.0
        )
        self.flow = first_order(self.flow, wanted, 60.0, dt_s)
        flow = max(self.flow, 0.2)
        if self.running:
            self.capacity = first_order(self.capacity, self._wanted(flow), 80.0, dt_s)
        else:
            self.capacity = first_order(self.capacity, 0.0, 15.0, dt_s)
        leaving = self.entering - DESIGN_K * self.capacity / flow
        self.leaving = first_order(self.leaving, leaving, 15.0, dt_s)
        # warm water takes less heat from the rooms; a loop at rest warms towards its plant room
        # an overload: every valve of the building stands open, and the load limit is set too high
        load = max(self.load, 1.2 * self.defects["overload"])
        heat = load * clip((24.0 - self.leaving) / 15.0, 0.0, 1.0) if self.enabled else 0.0
        heat += 0.002 * (17.0 - self.entering)
        self.entering += (heat - self.capacity) * dt_s / LOOP_S

    def _wanted(self, flow: float) -> float:
        """The capacity that the vanes are set to."""
        defects = self.defects
        limit = min(1.05, self.cop / RATED_COP) * (1.0 - 0.45 * defects["refrigerant_leak"])
        limit *= 1.0 + 0.35 * defects["overload"]
        # near freezing the suction pressure gives way
        limit *= interpolate(self.leaving, 1.0, 3.0, 0.1, 1.0)
        wanted = flow * (self.entering - self._target()) / DESIGN_K
        return clip(max(wanted, defects["vanes_stuck"]), LEAST_CAPACITY, max(limit, LEAST_CAPACITY))

    def _refrigerant(self, dt_s: float) -> None:
        """Approaches, lift, coefficient of performance, power, and the condenser's water."""
        defects, load = self.defects, self.capacity
        if not self.running:
            self.power = 0.0
            self.evaporating = first_order(self.evaporating, self.leaving, 600.0, dt_s)
            self.condensing = first_order(self.condensing, self.condenser_in, 600.0, dt_s)
            outside = max(self.wet_bulb + 3.0, LEAST_CONDENSER_WATER)
            self.condenser_in = first_order(self.condenser_in, outside, 3600.0, dt_s)
            self.condenser_out = first_order(self.condenser_out, self.condenser_in, 300.0, dt_s)
            return
        poor = 0.5 + 0.5 * load
        evaporator_k = 0.4 + self.evaporator_k * load + 6.0 * defects["refrigerant_leak"] * poor
        condenser_k = 0.5 + self.condenser_k * load + 6.5 * defects["condenser_fouling"] * poor
        self.evaporating = first_order(self.evaporating, self.leaving - evaporator_k, 30.0, dt_s)
        self.condensing = first_order(self.condensing, self.condenser_out + condenser_k, 30.0, dt_s)
        lift = max(8.0, self.condensing - self.evaporating)
        efficiency = 0.62 - 0.3 * (0.75 - load) ** 2
        self.cop = min(12.0, efficiency * (273.15 + self.evaporating) / lift)
        self.power = load / self.cop * RATED_COP
        rejected = load * (1.0 + 1.0 / self.cop) / 1.2
        tower = self.wet_bulb + 1.2 + 2.8 * rejected
        # the fans keep the water from becoming too cold; without them the tower draws by itself
        tower = max(tower, LEAST_CONDENSER_WATER) + 10.0 * defects["tower_fan_failure"] * poor
        self.condenser_in = first_order(self.condenser_in, tower, 400.0, dt_s)
        self.condenser_out = first_order(
            self.condenser_out, self.condenser_in + DESIGN_K * rejected, 60.0, dt_s
        )

    def _auxiliaries(self, dt_s: float) -> None:
        """Oil and the tower's basin."""
        defects, running = self.defects, self.running
        self.oil_pressure = self.oil_pump * (1.0 - 0.8 * defects["oil_filter_clogged"]) if running else 0.0
        warm = 50.0 + (10.0 * self.capacity + 28.0 * defects["oil_cooler_blocked"] if running else 0.0)
        self.oil = first_order(self.oil, warm, 900.0, dt_s)
        level = 76.0 - 5.0 * self.capacity - 62.0 * defects["basin_makeup_failed"]
        self.basin = first_order(self.basin, level, 900.0, dt_s)


def _saturation(temperature: float) -> float:
    """Gauge pressure of saturated R134a, bar, at degC; Clausius-Clapeyron through 5 and 40 degC."""
    return math.exp(10.8 - 2655.8 / (temperature + 273.15)) - 1.013


MODEL = ChillerModel

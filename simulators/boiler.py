"""Boiler and heating plant: a gas boiler, its plate heat exchanger and the building's heating circuit.

The heating season follows the outdoor temperature of the last day. In season the burner, modulating between
20 and 100 %, holds the supply on its weather curve, 5 K lower from 22:00 to 05:00 unless at criticality A;
in mild weather it cycles. Radiator valves hold the rooms; rooms and water are the stores. In summer the plant
stands by under pressure, warm as its room.
"""

from __future__ import annotations

from typing import ClassVar

from plantroom.times import HOUR, SECOND, Nanos
from simulators.ambient import AmbientModel, parts
from simulators.base import SensorFault, Truth, Values
from simulators.physics import PiLoop, clip, first_order, is_between

LEAST_FIRE = 0.2
"""Least output of the burner, in shares of the rated output as all heat here."""
PURGE_S = 35.0
"""From the command to the flame: air, spark, gas."""
WATER_K_S = 0.019
"""How fast the full output heats the circuit's water: 400 kW on 5 m3."""
RADIATOR, ENVELOPE, GAINS = 0.0177, 0.041, 0.12
"""Heat per K of water over room, of room over outdoor air, and from people and sun."""
ROOM_K_S = 2.3e-4
"""How fast the full output would heat the building: its time constant is 30 h."""
DESIGN_K = 20.0
"""Difference of supply and return at full output and flow."""
SETBACK_K, RAMP_K_H = 5.0, 12.0
LIMITER, LIMITER_RESET = 105.0, 95.0
SETTLING_S = 6 * 3600


class BoilerModel(AmbientModel):
    """A boiler with its circuit, its gas detector and the building that it heats."""

    equipment_class = "boiler"
    months = (12, 1, 2)
    faults: ClassVar[Truth] = {
        "flame_failure": ("flame_failure", "supply_off_curve", "rooms_cold"),
        "ignition_failure": ("no_flame", "supply_off_curve", "no_circulation", "rooms_cold"),
        "gas_pressure_low": ("supply_off_curve", "no_circulation", "rooms_cold"),
        "burner_runaway": ("supply_too_hot", "supply_off_curve", "flue_hot", "flue_rising"),
        "gas_leak": ("gas_warning", "gas_alarm"),
        "water_leak": ("leak", "pressure_off", "makeup_high", "expansion_lost"),
        "low_water": ("low_water", "supply_off_curve", "rooms_cold"),
        "bypass_open": ("no_circulation", "rooms_cold"),
        "soot": ("flue_hot", "flue_rising"),
        "exchanger_fouled": ("exchanger_fouled",),
        "sensor_drift": ("pressure_off",),
        "sensor_stuck": ("system_pressure_frozen",),
    }
    sensor = SensorFault("system_pressure", drift=-0.7)

    def begin(self) -> None:
        super().begin()
        self.fill = self.parameter("fill_pressure", 2.0)
        self.exchanger_k = self.rng.uniform(1.8, 2.4)
        self.flue_k = self.rng.uniform(60.0, 75.0)
        self.gas = self.rng.uniform(0.8, 1.6)
        """What a detector shows in clean air, % LEL."""
        begin = self.start - SETTLING_S * SECOND
        hours = [self.climate.temperature(begin - number * HOUR) for number in range(24)]
        self.damped = sum(hours) / 24
        self.demand = self.damped < 12.5
        self.setpoint = 40.0
        self.look(begin)
        self.setpoint = self._curve()
        self.commanded = self.flame = self.limited = False
        self.purged_s = 0.0
        self.fire = 0.0
        self.loop = PiLoop(gain=0.04, reset_s=900.0, low=LEAST_FIRE, high=1.0, integral=0.45)
        self.supply = self.setpoint if self.demand else max(21.0, self.damped)
        self.indoor = 20.6 if self.demand else clip(self.damped, 20.0, 26.0)
        self.heat, self.valves = 0.0, 1.0
        self.flue, self.room = self.supply, 22.0
        self.lost = self.rng.uniform(0.0, 0.05)
        """Pressure that has seeped away since the last make-up, bar."""
        self.leaked = 0.0
        self.makeup = self.run_hours = 0.0
        for earlier_s in range(SETTLING_S, 0, -20):
            self.move(self.start - earlier_s * SECOND, 20.0)
        self.look(self.start)
        days = self.days_in_service() + self.hour(self.start) / 24
        self.makeup = days * 0.06
        self.run_hours = days * 24.0 / 3

    def look(self, ts: Nanos) -> None:
        """Nothing; weather, season and set-point are those of `ts`."""
        passed_s = max(60.0, (ts - self._look_at) / SECOND + 60.0)
        super().look(ts)
        self.damped = first_order(self.damped, self.outdoor, 86_400.0, passed_s)
        self.demand = self.damped < (13.0 if self.demand else 12.0)
        most = RAMP_K_H * passed_s / 3600
        self.setpoint += clip(self._curve() - self.setpoint, -most, most)
        self.room = 20.0 + clip(self.outdoor, 0.0, 30.0) / 4

    def move(self, ts: Nanos, dt_s: float) -> None:
        """Nothing; the true state goes on by `dt_s` and stands at `ts`."""
        self.perceive(ts)
        if self.demand:
            self.run_hours += dt_s / 3600
        for part_s in parts(dt_s):
            self._burner(part_s)
            self._water(part_s)
        self._pressure(dt_s)

    def read(self, ts: Nanos) -> Values:  # noqa: ARG002 - its true state is all in move()
        """What the instruments show of the true state."""
        show, defects = self.show, self.defects
        spread = 0.2 + 0.8 * self.valves
        difference = DESIGN_K * self.heat / spread * (1.0 - 0.95 * defects["bypass_open"])
        back = self.supply - difference
        approach = self.heat * self.exchanger_k + 9.0 * defects["exchanger_fouled"] * (0.3 + 0.7 * self.heat)
        return {
            "running": self.demand and not self._locked(),
            "heat_demand": self.demand,
            "burner_command": self.commanded,
            "flame_on": self.flame,
            "flame_failure": self.is_there("flame_failure"),
            "low_water": self.is_there("low_water"),
            "leak": self.is_there("water_leak"),
            "supply_temperature": show(self.supply, 0.06, 2),
            "return_temperature": show(back, 0.06, 2),
            "supply_setpoint": round(self.setpoint, 1),
            "outdoor_temperature": show(self.outdoor, 0.06, 1),
            "indoor_temperature": show(self.indoor, 0.06, 1),
            "system_pressure": show(self._gauge(), 0.006, 3),
            "flue_temperature": show(self.flue, 0.4, 1),
            "gas_concentration": max(0.0, show(self.gas + 40.0 * defects["gas_leak"], 0.15, 1)),
            "primary_return": show(back + approach, 0.06, 2),
            "makeup_volume": round(self.makeup, 3),
            "run_hours": round(self.run_hours, 2),
        }

    def _curve(self) -> float:
        """The supply that the weather asks for now."""
        night = not self.runs_around_the_clock and is_between(self.clock, 22.0, 5.0)
        return clip(62.0 - 1.8 * self.outdoor, 35.0, 85.0) - (SETBACK_K if night else 0.0)

    def _locked(self) -> bool:
        """Whether a safety holds the burner off until somebody resets it."""
        return self.is_there("flame_failure") or self.is_there("low_water")

    def _burner(self, dt_s: float) -> None:
        """Command, purge, flame and fire."""
        defects = self.defects
        runaway = defects["burner_runaway"]
        self.limited = self.supply > (LIMITER_RESET if self.limited else LIMITER)
        error = self.setpoint - self.supply
        too_warm = error < -3.0 and self.fire <= max(LEAST_FIRE, 1e-6) + 0.01
        wanted = self.demand and not self._locked() and not self.limited
        wanted = wanted and (error > 2.0 or (self.commanded and not too_warm) or runaway > 0)
        self.commanded = wanted
        if not wanted:
            self.flame, self.purged_s, self.fire = False, 0.0, 0.0
            self.loop.integral = LEAST_FIRE
            return
        if not self.flame:
            self.purged_s += dt_s
            # a weak ignition needs more attempts, a dead one never comes
            lit = self.purged_s >= PURGE_S * (1.0 + 4.0 * defects["ignition_failure"])
            self.flame = lit and not self.is_there("ignition_failure")
        elif self.is_there("ignition_failure"):
            self.flame, self.purged_s = False, 0.0
        most = max(0.08, 1.0 - 0.92 * defects["gas_pressure_low"])
        asked = self.loop.step(error, dt_s)
        self.fire = min(most, max(asked, runaway)) if self.flame else 0.0

    def _water(self, dt_s: float) -> None:
        """Supply, radiators and rooms."""
        pumped = self.demand and not self.is_there("low_water")
        valves = clip(1.0 - 0.45 * (self.indoor - 20.3), 0.15, 1.0)
        self.valves = first_order(self.valves, valves, 600.0, dt_s)
        heat = RADIATOR * self.valves * (self.supply - self.indoor) if pumped else 0.0
        heat *= 1.0 - 0.8 * self.defects["bypass_open"]
        self.heat = first_order(self.heat, max(0.0, heat), 60.0, dt_s)
        standing = 5e-4 * (self.supply - self.room)
        self.supply += (self.fire - self.heat - standing) * WATER_K_S * dt_s
        if self.demand:
            gain = self.heat + GAINS - ENVELOPE * (self.indoor - self.outdoor)
            self.indoor += gain * ROOM_K_S * dt_s
        else:
            comfortable = clip(self.damped, 20.0, 26.0)
            self.indoor = first_order(self.indoor, comfortable, 86_400.0, dt_s)
        if self.flame:
            hot = self.supply + 15.0 + self.flue_k * self.fire + 130.0 * self.defects["soot"]
            self.flue = first_order(self.flue, hot, 90.0, dt_s)
        else:
            self.flue = first_order(self.flue, 0.5 * (self.supply + self.room), 900.0, dt_s)

    def _pressure(self, dt_s: float) -> None:
        """Seepage and its make-up in small doses; a leak takes more than the make-up can give."""
        self.lost += 0.004 * dt_s / 3600
        if self.lost > 0.06:
            self.lost = 0.0
            self.makeup += 0.03
        leak = self.defects["water_leak"]
        self.leaked = first_order(self.leaked, 0.9 * leak, 600.0, dt_s)
        self.makeup += 0.4 * leak * dt_s / 3600

    def _gauge(self) -> float:
        """System pressure; the expansion vessel lets it follow the water's temperature a little."""
        return self.fill + 0.004 * (self.supply - 45.0) - self.lost - self.leaked


MODEL = BoilerModel

"""Low-voltage main switchboard: supply, load by the building's day, joints, generator behind it.

Phase voltages from the transformer less the drop of the load; line voltages, unbalance and neutral current
follow from the phases; joints heat with the current. When the normal supply is lost, the generator carries
the board after ten seconds, unless a fault forbids it.
"""

from __future__ import annotations

import math
from typing import ClassVar

from plantroom.times import MINUTE, Nanos
from simulators.base import Model, SensorFault, Truth, Values
from simulators.building import BUSIEST, electrical_load
from simulators.physics import Sensor, Wander, first_order, normal

VOLTAGE = Sensor(noise=0.12, resolution=0.1, low=0.0)
FREQUENCY = Sensor(noise=0.004, resolution=0.01, low=0.0)
PERCENT = Sensor(noise=0.03, resolution=0.01, low=0.0)
FACTOR = Sensor(noise=0.0015, resolution=0.001, low=-1.0, high=1.0)
RESIDUAL = Sensor(noise=1.5, resolution=0.1, low=0.0)
JOINT = Sensor(noise=0.12, resolution=0.1)
BATTERY = Sensor(noise=0.012, resolution=0.01, low=0.0)
FUEL = Sensor(noise=0.08, resolution=0.1, low=0.0, high=100.0)
METER_NOISE = 0.003
"""Of currents and power, in shares of the value."""

TAP, DROP = 1.028, 0.03
"""Voltage without load, and what full load takes off it, in shares of the nominal."""
JOINT_RISE_K, JOINT_S = 20.0, 900.0
"""What a sound joint warms at the rated current, and its time constant."""
DARK_S = 10.0
"""From the loss of the normal supply until the generator carries the board."""
OUTAGES = ("supply_lost", "transfer_failed", "generator_start_failed")
NOTHING = (0.0, 0.0, 0.0)
DEAD: Values = dict.fromkeys(
    (
        *("voltage_l1", "voltage_l2", "voltage_l3", "voltage_l12", "voltage_l23", "voltage_l31"),
        *("voltage_unbalance", "voltage_thd", "frequency"),
    ),
    0.0,
)
"""What the meter shows of a bus without voltage."""


class SwitchboardModel(Model):
    """A main board with its meter, joint sensors, transfer switch and generator."""

    equipment_class = "switchboard"
    faults: ClassVar[Truth] = {
        "loose_joint": ("joint_uneven", "joint_warm", "joint_hot", "joint_rising"),
        "phase_loss": (
            "phase_voltage",
            "line_voltage",
            "voltage_unbalance",
            "voltage_unbalance_short",
            "neutral_high",
            "load_note",
            "load_unbalance",
            "voltage_week",
        ),
        "neutral_broken": ("phase_voltage",),
        "compensation_failed": ("power_factor_low", "load_note", "power_factor_month"),
        "harmonics": ("harmonics",),
        "overload": ("load_note", "load_high", "overload"),
        "earth_fault": ("residual_note", "residual_high", "residual_trend"),
        "supply_lost": ("supply_lost",),
        "transfer_failed": ("supply_lost", "transfer_failed", "bus_dead"),
        "generator_start_failed": ("supply_lost", "generator_start_failed", "bus_dead"),
        "breaker_trip": ("breaker_trip", "bus_dead"),
        "surge_arrester": ("surge_arrester_fault",),
        "generator_battery": ("generator_battery_low",),
        "fuel_leak": ("generator_fuel_low", "fuel_disappears"),
        "sensor_drift": ("joint_uneven", "joint_warm", "joint_rising"),
        "sensor_stuck": ("joint_temperature_l1_frozen",),
    }
    sensor = SensorFault("joint_temperature_l1", drift=30.0, low=-40.0, high=250.0)

    def begin(self) -> None:
        rng = self.rng
        self.nominal = self.parameter("nominal_phase", 220.0)
        self.rated = self.parameter("rated_current", 630.0)
        self.spread = [rng.uniform(-0.025, 0.025) for _ in range(3)]
        """How far each phase carries more than its third."""
        self.offsets = [rng.uniform(0.0, 0.005), 0.0, -rng.uniform(0.001, 0.005)]
        """How far the network's own phases are off."""
        self.clean_residual = rng.uniform(60.0, 110.0)
        self.full_fuel = rng.uniform(78.0, 92.0)
        self.network, self.activity = Wander(0.004, 900.0), Wander(0.012, 240.0)
        self.grid, self.uneven = Wander(0.014, 45.0), Wander(0.006, 1500.0)
        self.reactive, self.distortion = Wander(0.003, 600.0), Wander(0.12, 900.0)
        # as if the load had always been a little more than it ever is, so that a later run never begins lower
        hours = self.days_in_service() * 24.0 + self.hour(self.start)
        self.energy = hours * 3.0 * self.nominal * self.rated * BUSIEST / 1000
        self.normal = self.live = True
        self.standby = self.on_standby = self.tripped = False
        self.dark_s = 0.0
        """Seconds since the normal supply was lost."""
        self.minute: Nanos | None = None
        self.demand = self.load = self.room = 0.0
        self._look(self.start, 60.0)
        self.frequency, self.factor, self.power, self.unbalance = 50.0, 0.965, 0.0, 0.0
        self.phases = self.lines = (self.nominal, self.nominal, self.nominal)
        self.currents, self.neutral = NOTHING, 0.0
        self.battery, self.fuel = 27.2, self.full_fuel
        self.joints = [self.room + JOINT_RISE_K * self.demand**1.7] * 3

    def move(self, ts: Nanos, dt_s: float) -> None:
        """Nothing; the true state goes on by `dt_s` and stands at `ts`."""
        if ts // MINUTE != self.minute:
            self.minute = ts // MINUTE
            self._look(self.minute * MINUTE, max(60.0, dt_s))
        self.grid.step(self.rng, dt_s)
        self.load = self.demand + self.activity.step(self.rng, dt_s)
        if self.active:
            self._supplies(ts, dt_s)
            self.load += self.level("overload", ts) * (1.12 - self.load)
        self.frequency = 50.0 + (2.0 if self.on_standby else 1.0) * self.grid.value
        self._carry(ts)
        self.energy += self.power * dt_s / 3600
        loose = 1.0 + 7.0 * self.level("loose_joint", ts)
        kept = math.exp(-dt_s / JOINT_S)
        for number, current in enumerate(self.currents):
            rise = JOINT_RISE_K * (current / self.rated) ** 1.7 * (loose if number == 1 else 1.0)
            warm = self.room + rise
            self.joints[number] = warm + (self.joints[number] - warm) * kept

    def read(self, ts: Nanos) -> Values:
        """What the instruments show of the true state."""
        rng, joint = self.rng, JOINT.read
        i1, i2, i3 = self.currents
        j1, j2, j3 = self.joints
        values: Values = {
            "current_l1": round(i1 + i1 * METER_NOISE * normal(rng), 1),
            "current_l2": round(i2 + i2 * METER_NOISE * normal(rng), 1),
            "current_l3": round(i3 + i3 * METER_NOISE * normal(rng), 1),
            "current_neutral": round(self.neutral * (1.0 + 2 * METER_NOISE * normal(rng)), 1),
            "residual_current": RESIDUAL.read(rng, self._residual(ts)),
            "power": round(self.power * (1.0 + METER_NOISE * normal(rng)), 1),
            "power_factor": FACTOR.read(rng, self.factor) if self.live else 0.0,
            "energy": round(self.energy, 1),
            "joint_temperature_l1": joint(rng, j1),
            "joint_temperature_l2": joint(rng, j2),
            "joint_temperature_l3": joint(rng, j3),
            "breaker_trip": self.tripped,
            "surge_arrester_fault": self.has("surge_arrester", ts),
            "normal_supply": self.normal,
            "standby_supply": self.standby,
            "on_standby": self.on_standby,
            "generator_start_failed": self.dark_s >= DARK_S and self.has("generator_start_failed", ts),
            "generator_battery": BATTERY.read(rng, self.battery),
            "generator_fuel": FUEL.read(rng, self.fuel),
        }
        values.update(self._voltages(ts) if self.live else DEAD)
        return values

    def _voltages(self, ts: Nanos) -> Values:
        rng, volts = self.rng, VOLTAGE.read
        (v1, v2, v3), (v12, v23, v31) = self.phases, self.lines
        thd = 1.8 + 2.2 * self.load + self.distortion.value + 4.5 * self.level("harmonics", ts)
        return {
            "voltage_l1": volts(rng, v1),
            "voltage_l2": volts(rng, v2),
            "voltage_l3": volts(rng, v3),
            "voltage_l12": volts(rng, v12),
            "voltage_l23": volts(rng, v23),
            "voltage_l31": volts(rng, v31),
            "voltage_unbalance": PERCENT.read(rng, self.unbalance),
            "voltage_thd": PERCENT.read(rng, thd),
            "frequency": FREQUENCY.read(rng, self.frequency),
        }

    def _residual(self, ts: Nanos) -> float:
        if not self.live:
            return 0.0
        return self.clean_residual + 25.0 * self.load + 900.0 * self.level("earth_fault", ts)

    def _supplies(self, ts: Nanos, dt_s: float) -> None:
        """Which supply is there, and whether the bus has voltage; the generator's battery and fuel."""
        floating = 27.2 - 6.0 * self.level("generator_battery", ts)
        self.battery = first_order(self.battery, floating, 600.0, dt_s)
        full = self.full_fuel * (1.0 - 0.65 * self.level("fuel_leak", ts))
        self.fuel = first_order(self.fuel, full, 900.0, dt_s)
        self.normal = not any(self.has(kind, ts) for kind in OUTAGES)
        self.dark_s = 0.0 if self.normal else self.dark_s + dt_s
        self.standby = self.dark_s >= DARK_S and not self.has("generator_start_failed", ts)
        self.on_standby = self.standby and not self.has("transfer_failed", ts)
        self.tripped = self.has("breaker_trip", ts)
        self.live = not self.tripped and (self.normal or self.on_standby)

    def _carry(self, ts: Nanos) -> None:
        """Voltages, currents and power of the three phases at this load."""
        if not self.live:
            self.phases = self.lines = self.currents = NOTHING
            self.neutral = self.power = self.unbalance = 0.0
            return
        lost, floating = self.level("phase_loss", ts), self.level("neutral_broken", ts)
        self.factor = 0.965 + self.reactive.value - 0.16 * self.level("compensation_failed", ts)
        swing, (one, two, three) = self.uneven.value, self.spread
        shares = (one + swing, two - swing, three)
        source = 1.0 if self.on_standby else TAP + self.network.value
        drop = DROP * self.load
        v1, v2, v3 = (
            self.nominal * (source + offset - drop * (1.0 + 4.0 * share))
            for offset, share in zip(self.offsets, shares)  # noqa: B905 - three of each
        )
        v1 *= 1.0 - 0.6 * lost
        self.lines = (_between(v1, v2), _between(v2, v3), _between(v3, v1))
        mean = sum(self.lines) / 3
        self.unbalance = 100.0 * max(max(self.lines) - mean, mean - min(self.lines)) / mean
        # without its neutral the star point floats: the phases shift, the lines do not
        self.phases = (
            v1 * (1.0 + 0.14 * floating),
            v2 * (1.0 - 0.2 * floating),
            v3 * (1.0 + 0.04 * floating),
        )
        whole = self.rated * self.load * 0.965 / self.factor
        i1, i2, i3 = (whole * (1.0 + share) for share in shares)
        i1 *= 1.0 - 0.7 * lost
        i2, i3 = i2 * (1.0 + 0.12 * lost), i3 * (1.0 + 0.12 * lost)
        self.currents = (i1, i2, i3)
        unequal = math.sqrt(max(0.0, i1 * i1 + i2 * i2 + i3 * i3 - i1 * i2 - i2 * i3 - i3 * i1))
        third = 3.0 * (0.025 + 0.02 * (1.0 - self.load)) * whole
        self.neutral = math.hypot(unequal, third) * (1.0 - floating)
        self.power = (v1 * i1 + v2 * i2 + v3 * i3) * self.factor / 1000

    def _look(self, ts: Nanos, passed_s: float) -> None:
        """Nothing; what changes slowly is that of `ts`."""
        for wander in (self.network, self.uneven, self.reactive, self.distortion):
            wander.step(self.rng, passed_s)
        outdoor = self.outdoor_air(ts)
        self.demand = electrical_load(self.hour(ts), self.day_of_week(ts), outdoor)
        self.room = 22.0 + 0.25 * outdoor


def _between(one: float, two: float) -> float:
    """The voltage between two phases, a third of a turn apart."""
    return math.sqrt(one * one + two * two + one * two)


MODEL = SwitchboardModel

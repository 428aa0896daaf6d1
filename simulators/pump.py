"""Pump set: an inverter-driven centrifugal pump on a closed circuit.

Head curve and affinity laws against a quadratic system curve; motor current from shaft power; bearing and
winding as first-order lags. It runs all the time, its speed following the day's demand between 96 and
100 %, but for ten minutes of change-over on Sunday morning.
"""

from __future__ import annotations

import math
from typing import ClassVar

from plantroom.times import Nanos, to_datetime
from simulators.base import Model, SensorFault, Truth, Values
from simulators.physics import Sensor, clip, first_order, is_between, substeps

PRESSURE = Sensor(noise=0.008, resolution=0.01)
FLOW = Sensor(noise=0.004, resolution=0.001, low=0.0)
"""In shares of the rated flow."""
VIBRATION = Sensor(noise=0.05, resolution=0.01, low=0.0)
TEMPERATURE = Sensor(noise=0.1, resolution=0.1)
CURRENT = Sensor(noise=0.004, resolution=0.001, low=0.0)
"""In shares of the rated current."""
SPEED = Sensor(noise=0.05, resolution=0.1, low=0.0, high=100.0)

STATIC_SHARE = 0.1
"""Static head of the circuit, in shares of the shut-off pressure; the rest of it is friction."""
CURVE_FALL = 0.3
"""Fall of the head curve from shut-off to rated flow, in shares of the shut-off pressure."""


class PumpModel(Model):
    """A pump set with its motor, inverter and instruments."""

    equipment_class = "pump"
    faults: ClassVar[Truth] = {
        "bearing_wear": (
            "vibration_zone_c",
            "vibration_zone_d",
            "bearing_warn",
            "bearing_alarm",
            "bearing_rise",
        ),
        "imbalance": ("vibration_zone_c", "vibration_zone_d"),
        "blocked_outlet": ("low_flow",),
        "dead_head": ("dead_head", "low_flow"),
        "dry_run": ("dry_run", "low_flow", "low_suction", "below_curve"),
        "overheating_winding": ("winding_warn", "winding_alarm"),
        "current_unbalance": ("current_unbalance",),
        "trip": ("trip", "start_failure"),
        "sensor_drift": ("bearing_warn", "bearing_alarm", "bearing_rise"),
        "sensor_stuck": ("bearing_temperature_frozen",),
    }
    sensor = SensorFault("bearing_temperature", drift=48.0)

    def begin(self) -> None:
        self.rated_flow = self.parameter("rated_flow", 50.0)
        self.rated_current = self.parameter("rated_current", 15.0)
        self.shutoff = self.parameter("shutoff_pressure", 6.0)
        self.static_suction = self.rng.uniform(1.6, 2.0)
        self.roughness = self.rng.uniform(0.9, 1.4)
        self.oversize = self.rng.uniform(1.02, 1.05)
        """How far the circuit lets more than the rated flow through when the filters are clean."""
        self.changeover = self.rng.uniform(3.0, 3.5)
        self.run_hours = self.days_in_service() * 24.0 + self.hour(self.start)
        self.starts = float(self._sundays())
        self.commanded = self.running = True
        self.tripped = False
        self.speed = self._wanted_speed(self.start)
        self.flow = self.oversize
        self.load = 1.0
        self.vibration = self.roughness
        self.room = self._room(self.start)
        self.bearing = self.room + 24.0
        self.winding = self.room + 48.0

    def move(self, ts: Nanos, dt_s: float) -> None:
        """Nothing; the true state goes on by `dt_s` and stands at `ts`."""
        self.tripped = self.has("trip", ts)
        self.commanded = not self._is_changing_over(ts)
        was_running, self.running = self.running, self.commanded and not self.tripped
        if self.running:
            self.starts += not was_running
            self.run_hours += dt_s / 3600
        self.room = self._room(ts)
        wanted = self._wanted_speed(ts) if self.running else 0.0
        for step_s in substeps(dt_s):
            self._mechanics(ts, wanted, step_s)
            self._heat(ts, step_s)

    def read(self, ts: Nanos) -> Values:
        """What the instruments show of the true state."""
        rng, speed = self.rng, self.speed / 100
        suction = self._suction(ts)
        wet = 1.0 - self.level("dry_run", ts)
        head = self.shutoff * (speed**2 - CURVE_FALL * (self.flow / self.oversize) ** 2) * wet
        return {
            "running": self.running,
            "command": self.commanded,
            "trip": self.tripped,
            "suction_pressure": PRESSURE.read(rng, suction),
            "discharge_pressure": PRESSURE.read(rng, suction + max(0.0, head)),
            "flow": round(FLOW.read(rng, self.flow) * self.rated_flow, 3) if self.running else 0.0,
            "vibration_de": VIBRATION.read(rng, self.vibration),
            "vibration_nde": VIBRATION.read(rng, 0.8 * self.vibration),
            "bearing_temperature": TEMPERATURE.read(rng, self.bearing),
            "winding_temperature": TEMPERATURE.read(rng, self.winding),
            "ambient_temperature": TEMPERATURE.read(rng, self.room),
            **self._currents(ts),
            "speed": SPEED.read(rng, self.speed) if self.running else 0.0,
            "starts": self.starts,
            "run_hours": round(self.run_hours, 2),
        }

    def _currents(self, ts: Nanos) -> Values:
        """The motor's current: the mean, and the three phases."""
        loose = 0.22 * self.level("current_unbalance", ts) if self.running else 0.0
        shares = {"current": 1.0, "current_l1": 1.0 - loose, "current_l2": 1.0 + loose, "current_l3": 1.0}
        return {
            key: round(CURRENT.read(self.rng, self.load * share) * self.rated_current, 2)
            if self.running
            else 0.0
            for key, share in shares.items()
        }

    def _mechanics(self, ts: Nanos, wanted: float, dt_s: float) -> None:
        self.speed = first_order(self.speed, wanted, 6.0, dt_s)
        speed = self.speed / 100
        dry = self.level("dry_run", ts)
        # friction of the circuit in shares of shut-off pressure at rated flow; a closing valve adds to it
        friction = (1.0 - CURVE_FALL - STATIC_SHARE) / self.oversize**2
        friction *= 1.0 + 3.0 * self.level("blocked_outlet", ts)
        friction += 2e4 * self.level("dead_head", ts) ** 4
        head = speed**2 - STATIC_SHARE
        curve = CURVE_FALL / self.oversize**2
        flow = math.sqrt(max(0.0, head) / (curve + friction)) * (1.0 - dry)
        self.flow = first_order(self.flow, flow, 4.0, dt_s)
        power = speed**3 * (0.55 + 0.45 * clip(self.flow / max(speed, 0.05), 0.0, 1.3)) * (1.0 - 0.8 * dry)
        load = (0.3 + 0.65 * power) if self.running else 0.0
        self.load = first_order(self.load, load, 2.0, dt_s)
        self.vibration = first_order(self.vibration, self._shaking(ts, speed), 3.0, dt_s)

    def _shaking(self, ts: Nanos, speed: float) -> float:
        """Vibration velocity at the drive end, mm/s RMS; unbalance goes with the square of the speed."""
        if not self.running:
            return 0.1
        off_duty = abs(1.0 - self.flow / self.oversize)
        defects = 6.5 * self.level("bearing_wear", ts) + 7.0 * self.level("imbalance", ts)
        return speed**2 * (self.roughness + defects) + 0.6 * off_duty

    def _heat(self, ts: Nanos, dt_s: float) -> None:
        room, speed = self.room, self.speed / 100
        friction = 24.0 * speed + 48.0 * self.level("bearing_wear", ts) * speed
        self.bearing = first_order(self.bearing, room + friction, 240.0, dt_s)
        copper = 52.0 * self.load**2 * (1.0 + 1.9 * self.level("overheating_winding", ts))
        self.winding = first_order(self.winding, room + copper, 480.0, dt_s)

    def _suction(self, ts: Nanos) -> float:
        drawn = 0.25 * self.flow**2
        return (self.static_suction - drawn) * (1.0 - 0.95 * self.level("dry_run", ts))

    def _wanted_speed(self, ts: Nanos) -> float:
        hour = self.hour(ts)
        return 98.0 + 2.0 * math.cos(2 * math.pi * (hour - 13.0) / 24)

    def _room(self, ts: Nanos) -> float:
        """The plant room follows the weather at a third."""
        return 20.0 + (self.outdoor_air(ts) + 5.0) / 3

    def _sundays(self) -> int:
        """Change-overs since installation, which are the starts."""
        today = to_datetime(self.start, self.zone).date().toordinal()
        installed = today - self.days_in_service()
        done = today - (self.hour(self.start) < self.changeover + 1 / 6)
        # the ordinals of Sundays are the multiples of seven
        return done // 7 - installed // 7

    def _is_changing_over(self, ts: Nanos) -> bool:
        sunday = self.day_of_week(ts) == 7
        return sunday and is_between(self.hour(ts), self.changeover, self.changeover + 1 / 6)


MODEL = PumpModel

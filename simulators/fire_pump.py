"""Fire pump with its sprinkler and hydrant network: a leaking pressure that the jockey pump holds up.

Every Monday at ten the pump is tried without flow, with the test mode announced.
"""

from __future__ import annotations

import math
from typing import ClassVar

from plantroom.times import Nanos
from simulators.base import Model, SensorFault, Truth, Values
from simulators.physics import Sensor, clip, substeps

PRESSURE = Sensor(noise=0.01, resolution=0.02, low=0.0)
ROOM = Sensor(noise=0.1, resolution=0.1)
LEVEL = Sensor(noise=0.05, resolution=0.1, low=0.0, high=100.0)

JOCKEY_ON, JOCKEY_OFF, PUMP_ON = 7.6, 8.2, 6.4
"""Cut-in and cut-out of the jockey pump and cut-in of the fire pump, bar at the sprinkler header."""
HYDRANT_SHARE = 0.8
TEST_DAY, TEST_HOUR, TEST_RUN, TEST_MODE = 1, 10.0, 12.0 / 60, 20.0 / 60
"""Weekday and hour of the churn test, how long the pump runs and how long the test mode is on, h."""
LEAK = 0.6 / (4 * 3600)
"""Pressure that a tight network loses, bar/s: one jockey start in four hours."""


class FirePumpModel(Model):
    """The electric fire pump, the jockey pump, the tank and the network behind them."""

    equipment_class = "fire_pump"
    faults: ClassVar[Truth] = {
        "valve_tamper": ("valve_tamper",),
        "pressure_low": (
            "sprinkler_pressure_low",
            "hydrant_pressure_low",
            "hydrant_flow_pressure_low",
            "pump_running",
            "jockey_long_run",
            "hydrant_pressure_falling",
        ),
        "sprinkler_open": ("flow_switch", "pump_running"),
        "network_leak": ("jockey_long_run", "jockey_frequent"),
        "tank_low": ("tank_low", "tank_very_low", "tank_falling"),
        "not_in_auto": ("not_in_auto",),
        "power_lost": ("power_lost",),
        "trip": ("trip",),
        "start_failure": ("start_failure",),
        "sensor_drift": ("sprinkler_pressure_low", "no_automatic_start"),
        "sensor_stuck": ("sprinkler_pressure_frozen",),
    }
    # the pressure switches that start the pumps are instruments of their own
    sensor = SensorFault("sprinkler_pressure", drift=-7.4, low=0.0)

    def begin(self) -> None:
        self.pressure = self.rng.uniform(JOCKEY_ON + 0.1, JOCKEY_OFF)
        self.tank = self.rng.uniform(98.2, 99.2)
        self.jockey_starts = float(math.floor((self.days_in_service() * 24.0 + self.hour(self.start)) / 4.0))
        self.jockey = self.running = self.commanded = self.testing = False

    def move(self, ts: Nanos, dt_s: float) -> None:
        """Nothing; the true state goes on by `dt_s` and stands at `ts`."""
        power = not self.has("power_lost", ts)
        can_run = power and not any(self.has(kind, ts) for kind in ("not_in_auto", "trip", "start_failure"))
        # a burst behind a closed valve: neither pump reaches it, and the network empties
        burst = self.level("pressure_low", ts)
        leak = LEAK + 0.0194 * self.level("network_leak", ts) + 0.06 * self.level("sprinkler_open", ts)
        test_start = self.has("start_failure", ts)
        # nobody tries a pump that is in trouble
        into = self.hour(ts) - TEST_HOUR if self.day_of_week(ts) == TEST_DAY and not self.active else -1.0
        self.testing = 0.0 <= into < TEST_MODE
        churn = 0.0 <= into < TEST_RUN
        for step_s in substeps(dt_s):
            self._jockey(power)
            # started, it runs until the network is full and nothing flows
            full = self.pressure >= JOCKEY_OFF and not self.has("sprinkler_open", ts)
            wanted = churn or self.pressure < PUMP_ON or (self.running and not full)
            self.commanded = wanted or test_start
            self.running = wanted and can_run
            lift = (0.02 * self.jockey + 0.3 * self.running) * (1.0 - burst)
            self.pressure += step_s * (lift - leak - burst * 0.02 * max(0.0, self.pressure - 0.3))
            self.pressure = clip(self.pressure, 0.0, JOCKEY_OFF + 0.05)
            self.tank -= step_s * 0.1 * self.level("tank_low", ts)
            self.tank += step_s * 0.02 * (self.tank < 98.0) * (1.0 - self.level("tank_low", ts))
            self.tank = clip(self.tank, 60.0, 100.0)

    def read(self, ts: Nanos) -> Values:
        """What the instruments show of the true state."""
        return {
            "running": self.running,
            "command": self.commanded,
            "auto_mode": not self.has("not_in_auto", ts),
            "trip": self.has("trip", ts),
            "power_available": not self.has("power_lost", ts),
            "jockey_running": self.jockey,
            "valve_tamper": self.has("valve_tamper", ts),
            "flow_switch": self.has("sprinkler_open", ts),
            "sprinkler_pressure": PRESSURE.read(self.rng, self.pressure),
            "hydrant_pressure": PRESSURE.read(self.rng, self.pressure * HYDRANT_SHARE),
            "tank_level": LEVEL.read(self.rng, self.tank),
            "room_temperature": ROOM.read(self.rng, clip(14.0 + 0.4 * self.outdoor_air(ts), 8.0, 30.0)),
            "jockey_starts": self.jockey_starts,
            "test_mode": self.testing,
        }

    def _jockey(self, power: bool) -> None:
        was_running = self.jockey
        self.jockey = power and (self.pressure < JOCKEY_ON or (was_running and self.pressure < JOCKEY_OFF))
        self.jockey_starts += self.jockey and not was_running


MODEL = FirePumpModel

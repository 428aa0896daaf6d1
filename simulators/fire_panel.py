"""Fire alarm panel: loop and battery of a panel that supervises, quiet unless something happens."""

from __future__ import annotations

from typing import ClassVar

from plantroom.times import MINUTE, Nanos
from simulators.base import Model, SensorFault, Truth, Values
from simulators.physics import Sensor, first_order, substeps

CURRENT = Sensor(noise=0.4, resolution=0.1, low=0.0)
VOLTAGE = Sensor(noise=0.01, resolution=0.01, low=0.0)
FLOAT_V = 27.3
"""Float voltage of a 24 V lead battery at 20 degC."""
EMPTY_V = 20.4


class FirePanelModel(Model):
    """A fire alarm control panel with one battery."""

    equipment_class = "fire_panel"
    faults: ClassVar[Truth] = {
        "alarm": ("fire_alarm", "fire_confirmed"),
        "supervisory": ("supervisory",),
        "trouble": ("trouble", "detectors_in_fault"),
        "battery_low": ("battery_low", "battery_very_low", "charger_fault", "trouble", "battery_fading"),
        "communication_lost": ("trouble",),
        "points_isolated": ("isolated_points",),
        "sensor_drift": ("battery_low", "battery_very_low"),
        "sensor_stuck": ("battery_voltage_frozen",),
    }
    sensor = SensorFault("battery_voltage", drift=-6.5)

    def begin(self) -> None:
        self.quiet_current = self.rng.uniform(165.0, 195.0)
        self.battery = FLOAT_V

    def move(self, ts: Nanos, dt_s: float) -> None:
        """Nothing; the true state goes on by `dt_s` and stands at `ts`."""
        flat = self.level("battery_low", ts)
        target, tau_s = (FLOAT_V - flat * (FLOAT_V - EMPTY_V), 420.0) if flat else (FLOAT_V, 900.0)
        for step_s in substeps(dt_s):
            self.battery = first_order(self.battery, target, tau_s, step_s)

    def read(self, ts: Nanos) -> Values:
        """What the instruments show of the true state."""
        alarm, trouble, flat = self.has("alarm", ts), self.has("trouble", ts), self.has("battery_low", ts)
        zones = (2.0 if self.has("alarm", ts - MINUTE) else 1.0) if alarm else 0.0
        faulty = 1.0 + round(2 * self.level("trouble", ts)) if trouble else 0.0
        return {
            "fire_alarm": alarm,
            "supervisory": self.has("supervisory", ts),
            "trouble": trouble or flat,
            "charger_fault": flat,
            "ground_fault": False,
            "communication_fault": self.has("communication_lost", ts),
            "waterflow": False,
            "zones_in_alarm": zones,
            "detectors_in_fault": faulty,
            "isolated_points": float(round(4 * self.level("points_isolated", ts))),
            "loop_current": CURRENT.read(self.rng, self.quiet_current + 6.0 * zones - 0.4 * faulty),
            "battery_voltage": VOLTAGE.read(self.rng, self.battery),
            "test_mode": False,
        }


MODEL = FirePanelModel

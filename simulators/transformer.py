"""Distribution transformer: windings, oil and room behind the building's load.

Windings and oil warm with a power of the load and lag behind it; fans start at 92 degC and rest below 75.
It has the instruments of the dry and of the oil-filled kind; the site file says which are fitted.
"""

from __future__ import annotations

import math
from typing import ClassVar

from plantroom.times import MINUTE, Nanos
from simulators.base import Model, SensorFault, Truth, Values
from simulators.building import electrical_load
from simulators.physics import Sensor, Wander, first_order, normal

TEMPERATURE = Sensor(noise=0.12, resolution=0.1, low=-40.0)
LEVEL = Sensor(noise=0.08, resolution=0.1, low=0.0, high=100.0)
LOAD = Sensor(noise=0.15, resolution=0.1, low=0.0)
METER_NOISE = 0.003
RATED_CURRENT = 1443.0
"""Of the low-voltage side: 1000 kVA at 400 V."""

IDLE_K, COPPER_K = 12.0, 68.0
"""What no load and full load warm a winding over the room (IEC 60076-11, class F)."""
OIL_IDLE_K, OIL_LOAD_K = 6.0, 38.0
FANS_ON, FANS_OFF = 92.0, 75.0
FANNED = 0.78
"""What the fans leave of a winding's rise."""
WINDING_S, OIL_S, ROOM_S = 1500.0, 3000.0, 1200.0
UNEQUAL = (0.45, -0.15, -0.3)
"""What the fault `unbalanced_load` shifts between the phases."""
SENSOR = SensorFault("winding_temperature_l1", drift=35.0, low=-40.0, high=300.0)


class TransformerModel(Model):
    """A transformer of 1000 kVA with its cooling, its room and its relays."""

    equipment_class = "transformer"
    faults: ClassVar[Truth] = {
        "winding_fault": (
            "winding_uneven",
            "winding_hot",
            "winding_trip",
            "winding_forecast",
            "insulation_ageing",
        ),
        "fan_failure": (
            "fans_failed",
            "winding_hot",
            "winding_trip",
            "winding_forecast",
            "insulation_ageing",
        ),
        "overload": (
            "load_note",
            "load_high",
            "overload",
            "winding_hot",
            "oil_warm",
            "winding_forecast",
            "oil_forecast",
            "insulation_ageing",
        ),
        "unbalanced_load": ("neutral_high", "winding_uneven", "phases_unequal"),
        "ventilation_failed": ("room_hot", "oil_warm", "oil_forecast"),
        "oil_overheating": ("oil_warm", "oil_hot", "oil_forecast"),
        "oil_leak": ("oil_level_low",),
        "inner_fault": ("gas_relay_alarm", "gas_relay_trip", "pressure_relief"),
        "door_open": ("door_open",),
        "sensor_drift": ("winding_uneven", "winding_forecast"),
        "sensor_stuck": ("winding_temperature_l1_frozen", "winding_uneven"),
    }
    sensor = SENSOR

    def begin(self) -> None:
        self.spread = [self.rng.uniform(-0.025, 0.025) for _ in range(3)]
        self.oil_level = self.full_oil = self.rng.uniform(56.0, 66.0)
        self.activity = Wander(0.01, 240.0)
        self.minute: Nanos | None = None
        self.demand = 0.0
        self.load = self._demand(self.start)
        self.shares = [self.load] * 3
        self.fans = False
        self.room = self._room(self.start)
        self.windings = [self.room + IDLE_K + COPPER_K * self.load**1.6] * 3
        self.oil = self.room + OIL_IDLE_K + OIL_LOAD_K * self.load**1.6

    def move(self, ts: Nanos, dt_s: float) -> None:
        """Nothing; the true state goes on by `dt_s` and stands at `ts`."""
        load = self._demand(ts) + self.activity.step(self.rng, dt_s)
        load += self.level("overload", ts) * (1.15 - load)
        self.load = 0.0 if self._is_tripped(ts) else load
        shift = self.level("unbalanced_load", ts)
        self.shares = [
            self.load * (1.0 + own + shift * more) for own, more in zip(self.spread, UNEQUAL, strict=True)
        ]
        self.room = first_order(self.room, self._room(ts), ROOM_S, dt_s)
        self._cool(ts)
        self._heat(ts, dt_s)
        full = self.full_oil - 55.0 * self.level("oil_leak", ts)
        self.oil_level = first_order(self.oil_level, full, 1300.0, dt_s)

    def read(self, ts: Nanos) -> Values:
        """What the instruments show of the true state."""
        rng = self.rng
        one, two, three = self.shares
        unequal = one * one + two * two + three * three - one * two - two * three - three * one
        third = 3.0 * (0.025 + 0.02 * (1.0 - self.load)) * self.load
        neutral = RATED_CURRENT * math.hypot(math.sqrt(max(0.0, unequal)), third)
        gassing = self.level("inner_fault", ts)
        values: Values = {
            "oil_temperature": TEMPERATURE.read(rng, self.oil),
            # the oil stands higher when it is warm
            "oil_level": LEVEL.read(rng, self.oil_level + 0.15 * (self.oil - 45.0)),
            "room_temperature": TEMPERATURE.read(rng, self.room),
            "load": LOAD.read(rng, 100.0 * self.load) if self.load else 0.0,
            "current_neutral": round(neutral * (1.0 + 2 * METER_NOISE * normal(rng)), 1),
            "fan_running": self.fans,
            "gas_relay_alarm": gassing >= 0.3,
            "gas_relay_trip": self._is_tripped(ts),
            "pressure_relief": gassing >= 0.9,
            "door_open": self.has("door_open", ts),
        }
        for number in range(3):
            current = RATED_CURRENT * self.shares[number] * (1.0 + METER_NOISE * normal(rng))
            values[f"winding_temperature_l{number + 1}"] = TEMPERATURE.read(rng, self.windings[number])
            values[f"current_l{number + 1}"] = round(current, 1)
        return values

    def _cool(self, ts: Nanos) -> None:
        """The fans, by the hottest winding that the controller sees."""
        seen = self.windings[0] + SENSOR.drift * self.level("sensor_drift", ts)
        first = seen if self._stuck is None else float(self._stuck)
        hottest = max(first, self.windings[1], self.windings[2])
        wanted = hottest > FANS_ON or (self.fans and hottest > FANS_OFF)
        self.fans = wanted and not self.has("fan_failure", ts)

    def _heat(self, ts: Nanos, dt_s: float) -> None:
        cooling = FANNED if self.fans else 1.0
        blocked, shorted = 75.0 * self.level("fan_failure", ts), 115.0 * self.level("winding_fault", ts)
        for number, share in enumerate(self.shares):
            rise = IDLE_K + COPPER_K * share**1.6 + blocked + (shorted if number == 2 else 0.0)
            self.windings[number] = first_order(
                self.windings[number], self.room + rise * cooling, WINDING_S, dt_s
            )
        rise = OIL_IDLE_K + OIL_LOAD_K * self.load**1.6
        rise += 65.0 * self.level("oil_overheating", ts) + 12.0 * self.level("inner_fault", ts)
        self.oil = first_order(self.oil, self.room + rise, OIL_S, dt_s)

    def _is_tripped(self, ts: Nanos) -> bool:
        """Whether the gas relay has switched it off: from 0.8 of an inner fault on."""
        return self.level("inner_fault", ts) >= 0.8

    def _demand(self, ts: Nanos) -> float:
        minute = ts // MINUTE
        if minute != self.minute:
            self.minute = minute
            at = minute * MINUTE
            self.demand = electrical_load(self.hour(at), self.day_of_week(at), self.outdoor_air(at))
        return self.demand

    def _room(self, ts: Nanos) -> float:
        aired = 20.0 + 0.3 * self.outdoor_air(ts) + 6.0 * self.load**2
        return aired + 24.0 * self.level("ventilation_failed", ts)


MODEL = TransformerModel

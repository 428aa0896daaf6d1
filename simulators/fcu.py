"""Room unit: fan, cooling and heating coil of a room with its people, a damper for tempered fresh air.

A PI loop holds the set-point with the valve of the mode: cooling in warm seasons, heating in cold ones,
neither where the room needs none. The damper holds the air flow. It works from 07:00 to 19:00 on workdays,
or always at criticality A. By its instruments it can be a fan coil or a VAV terminal.
"""

from __future__ import annotations

from typing import ClassVar

from plantroom.times import HOUR, MINUTE, SECOND, Nanos
from simulators.base import Model, SensorFault, Truth, Values
from simulators.building import people_present
from simulators.physics import PiLoop, Sensor, Wander, clip, first_order

TEMPERATURE = Sensor(noise=0.06, resolution=0.1)
HUMIDITY = Sensor(noise=0.3, resolution=0.1, low=0.0, high=100.0)
CO2 = Sensor(noise=5.0, resolution=1.0, low=380.0, high=5000.0)
POSITION = Sensor(noise=0.12, resolution=0.1, low=0.0, high=100.0)
AIRFLOW = Sensor(noise=5.0, resolution=1.0, low=0.0)

SETPOINTS = {"cooling": 25.0, "heating": 21.5, "fan": 23.0, "off": 23.0}
COOLED, HEATED = 23.5, 23.0
"""Room temperature at which cooling ends, and heating."""
CHILLED, HOT = 7.0, 45.0
"""Water of the two circuits, degC."""
COOLS, HEATS = 0.5, 0.5
"""How near the coil brings the air to its water at full valve."""
FRESH_SUMMER, FRESH_WINTER, FRESH_SHARE = 21.0, 18.0, 0.2
"""The tempered fresh air, degC, and its share of what the fan moves."""
FAN_HEAT_K = 0.4
EXCHANGE_PER_H = 1.8
"""How often an hour the fan turns the room's heat over."""
AIRFLOW_WANTED, AIRFLOW_FULL = 600.0, 1150.0
SETTLING_S = 3 * 3600


class FcuModel(Model):
    """A unit and its room."""

    equipment_class = "fcu"
    faults: ClassVar[Truth] = {
        "wrong_water": (
            "room_off_setpoint",
            "room_uncomfortable",
            "cooling_without_effect",
            "heating_without_effect",
        ),
        "valve_leaks": ("cooling_valve_leaks", "heating_valve_leaks", "room_overcooled", "room_overheated"),
        "fan_failure": ("fan_failure", "room_off_setpoint", "room_uncomfortable"),
        "duct_shut": ("airflow_low",),
        "damper_leaks": ("damper_leaks",),
        "drain_blocked": ("condensate_high",),
        "fresh_air_lost": ("co2_high",),
        "humidity_lost": ("humidity_out_of_range",),
        "sensor_drift": ("co2_high",),
        "sensor_stuck": ("room_temperature_frozen",),
    }
    sensor = SensorFault("room_co2", drift=700.0, stuck="room_temperature", low=0.0, high=5000.0)

    def begin(self) -> None:
        self.busy = self.rng.uniform(0.8, 1.0)
        self.sunny = self.rng.uniform(0.7, 1.3)
        self.duct, self.comings = Wander(0.02, 600.0), Wander(0.04, 900.0)
        self.minute: Nanos | None = None
        self.mode, self.on, self.occupied, self.people, self.sun = "off", False, False, 0.0, 0.0
        self.loop = PiLoop(gain=0.35, reset_s=900.0, low=0.0, high=1.0)
        self.turning = False
        self.cooling = self.heating = self.damper = self.airflow = self.pan = 0.0
        self.warm_days = self._is_warm(self.start)
        self.room = self.supply = 25.1 if self.warm_days else 21.4
        self.humidity, self.co2 = 48.0, 460.0
        for earlier_s in range(SETTLING_S, 0, -30):
            self.move(self.start - earlier_s * SECOND, 30.0)

    def move(self, ts: Nanos, dt_s: float) -> None:
        """Nothing; the true state goes on by `dt_s` and stands at `ts`."""
        self.duct.step(self.rng, dt_s)
        self.comings.step(self.rng, dt_s)
        minute = ts // MINUTE
        if minute != self.minute:
            self.minute = minute
            self._plan(minute * MINUTE)
        self.turning = self.on and not self.has("fan_failure", ts)
        self._control(dt_s)
        self._fresh_air(ts, dt_s)
        self._coil(ts, dt_s)
        self._room(ts, dt_s)
        if self.has("drain_blocked", ts):
            self.pan = min(1.2, self.pan + dt_s / 1200 * self.level("drain_blocked", ts) * (1 + self.cooling))
        else:
            self.pan = 0.0

    def read(self, ts: Nanos) -> Values:  # noqa: ARG002 - its true state is all in move()
        """What the instruments show of the true state."""
        rng = self.rng
        return {
            "room_temperature": TEMPERATURE.read(rng, self.room),
            "room_setpoint": SETPOINTS[self.mode],
            "room_humidity": HUMIDITY.read(rng, self.humidity),
            "room_co2": CO2.read(rng, self.co2),
            "mode": self.mode,
            "occupied": self.occupied,
            "fan_command": self.on,
            "fan_status": self.turning,
            "supply_temperature": TEMPERATURE.read(rng, self.supply),
            "cooling_valve": POSITION.read(rng, 100.0 * self.cooling) if self.cooling else 0.0,
            "heating_valve": POSITION.read(rng, 100.0 * self.heating) if self.heating else 0.0,
            "damper": POSITION.read(rng, 100.0 * self.damper) if self.on else 0.0,
            "airflow": AIRFLOW.read(rng, self.airflow) if self.airflow > 5.0 else 0.0,
            "airflow_setpoint": AIRFLOW_WANTED if self.on else 0.0,
            "condensate_high": self.pan >= 1.0,
        }

    def _plan(self, ts: Nanos) -> None:
        """What changes by the clock: working hours, people and sun."""
        hour, weekday = self.hour(ts), self.day_of_week(ts)
        self.warm_days = self._is_warm(ts)
        always = self.runs_around_the_clock
        present = max(people_present(hour, weekday), 0.35 if always else 0.0)
        self.on = always or (weekday <= 5 and 7.0 <= hour < 19.0)
        self.occupied = always or (self.on and present > 0.05)
        self.people = self.busy * present
        self.sun = self.sunny * max(0.0, 1.0 - ((hour - 13.0) / 5.0) ** 2)
        self.mode = self._changed_over() if self.on else "off"

    def _is_warm(self, ts: Nanos) -> bool:
        """Whether the day's mean outdoors is above 16 degC."""
        return self.climate.temperature(ts) + self.climate.temperature(ts + 12 * HOUR) > 32.0

    def _changed_over(self) -> str:
        """The season's mode while what the thermostat sees asks for it, else the fan alone."""
        seen = self._seen()
        if self.warm_days:
            return "cooling" if seen > (COOLED if self.mode == "cooling" else SETPOINTS["cooling"]) else "fan"
        return "heating" if seen < (HEATED if self.mode == "heating" else SETPOINTS["heating"]) else "fan"

    def _seen(self) -> float:
        return self.room if self._stuck is None else float(self._stuck)

    def _control(self, dt_s: float) -> None:
        """The season's valve holds what the thermostat sees at the set-point."""
        self.cooling = self.heating = 0.0
        if not self.turning or self.mode == "fan":
            self.loop.integral = 0.0
            return
        error = self._seen() - SETPOINTS[self.mode]
        opening = self.loop.step(error if self.mode == "cooling" else -error, dt_s)
        opening = 0.0 if opening < 0.005 else opening
        if self.mode == "cooling":
            self.cooling = opening
        else:
            self.heating = opening

    def _fresh_air(self, ts: Nanos, dt_s: float) -> None:
        capacity = AIRFLOW_FULL * (1.0 + self.duct.value - 0.75 * self.level("duct_shut", ts))
        wanted = clip(AIRFLOW_WANTED / capacity, 0.0, 1.0) if self.on else 0.0
        self.damper = first_order(self.damper, wanted, 60.0, dt_s)
        leaking = self.level("damper_leaks", ts)
        gap = 40.0 + 110.0 * leaking if leaking else 0.0
        self.airflow = max(capacity * self.damper, gap)

    def _coil(self, ts: Nanos, dt_s: float) -> None:
        if not self.turning:
            self.supply = first_order(self.supply, self.room, 900.0, dt_s)
            return
        fresh = FRESH_SUMMER if self.warm_days else FRESH_WINTER
        entering = self.room + FRESH_SHARE * self.airflow / AIRFLOW_WANTED * (fresh - self.room)
        wrong, leak = self.level("wrong_water", ts), self.level("valve_leaks", ts)
        chilled, hot = CHILLED + 22.0 * wrong, HOT - 30.0 * wrong
        # chilled water is there while it is warm outside, hot water while it is cold
        cooling = max(self.cooling, leak if self.warm_days else 0.0)
        heating = max(self.heating, 0.0 if self.warm_days else leak)
        coils = COOLS * cooling * (chilled - entering) + HEATS * heating * (hot - entering)
        self.supply = first_order(self.supply, entering + coils + FAN_HEAT_K, 90.0, dt_s)

    def _room(self, ts: Nanos, dt_s: float) -> None:
        outdoor, people = self.outdoor_air(ts), max(0.0, self.people * (1.0 + self.comings.value))
        # without ventilation the building's mass holds the temperature
        facade, moved = (0.2, EXCHANGE_PER_H) if self.turning else (0.05, 0.05)
        gain = moved * (self.supply - self.room) + facade * (outdoor - self.room)
        gain += 0.12 * (22.5 - self.room) + 2.2 * people + 0.9 * self.sun
        self.room += gain * dt_s / 3600
        crowded = 430.0 * people * (1.0 + 1.6 * self.level("fresh_air_lost", ts))
        self.co2 = first_order(self.co2, 425.0 + crowded, 1200.0, dt_s)
        lost = self.level("humidity_lost", ts)
        damp = 44.0 + 0.4 * outdoor - 10.0 * self.cooling - 8.0 * self.heating + 2.0 * people
        if self.mode == "cooling":
            damp += 33.0 * lost
        elif self.mode == "heating":
            damp -= 30.0 * lost
        self.humidity = first_order(self.humidity, min(damp, 97.0), 900.0, dt_s)


MODEL = FcuModel

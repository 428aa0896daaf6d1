"""Emergency lighting: a central battery system with the luminaires of one escape route and automatic tests.

The battery floats on its charger. At two in the night of every 28th day a function test of five minutes
runs, at every 13th time a duration test of an hour; a test, and a failure of the mains, draws the battery
down, and it is charged again. The normal light of the route is dimmed from 23:00 to 06:00, but not at
criticality A.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import ClassVar

from plantroom.times import DAY, MINUTE, Nanos, from_datetime, to_datetime
from simulators.ambient import AmbientModel
from simulators.base import SensorFault, Truth, Values
from simulators.physics import clip, first_order, is_between

TEST_HOUR = 2
CYCLE_DAYS, CYCLES = 28, 13
"""Between two function tests, and how many of these between two duration tests."""
FUNCTION_TEST, DURATION_TEST = 5 * MINUTE, 60 * MINUTE
NEW_CAPACITY = 1.6
"""What a new battery holds, in shares of what the duration test draws."""
STANDBY_S = 20 * 3600.0
"""How long the standing load takes to draw a new battery down when nothing charges it."""
CHARGE_S = 12 * 3600.0
CELLS = 12.0


class EmergencyLightingModel(AmbientModel):
    """A central battery with its charger and its luminaires."""

    equipment_class = "emergency_lighting"
    faults: ClassVar[Truth] = {
        "mains_failure": ("on_battery", "battery_exhausting", "route_dark"),
        "blackout": ("on_battery", "battery_exhausting", "route_dark", "lamp_fault"),
        "fire_link_stuck": ("on_battery", "unwanted_emergency", "battery_exhausting"),
        "lamp_failure": ("lamp_fault", "function_test_failed", "duration_test_failed"),
        "changeover_failure": ("function_test_failed", "duration_test_failed"),
        "battery_aged": ("duration_test_failed",),
        "cells_shorted": ("battery_low", "duration_test_failed", "battery_fading"),
        "charger_failure": ("charger_fault", "battery_low", "duration_test_failed", "battery_fading"),
        "tests_put_off": ("function_test_due", "duration_test_due"),
        "sensor_drift": ("battery_low", "battery_fading"),
        "sensor_stuck": ("battery_voltage_frozen",),
    }
    sensor = SensorFault("battery_voltage", drift=-8.0)

    def begin(self) -> None:
        super().begin()
        self.cell = self.parameter("nominal_voltage", 24.0) / CELLS
        """Nominal voltage of one of the twelve cells (or groups of cells) of the battery."""
        self.normal_light = self.rng.uniform(110.0, 150.0)
        self.emergency_light = self.rng.uniform(3.0, 5.0)
        self.room = 22.0
        self.dimmed = False
        self.look(self.start)
        self._find_tests(self.start, self.rng.randrange(CYCLE_DAYS * CYCLES))
        self.test_until: Nanos | None = None
        self.test_is_long = False
        self.function_failed = self.duration_failed = False
        self.provoked: set[str] = set()
        """Defects for whose sake a test has been run."""
        self.mains, self.emergency = True, False
        self.charge = 1.0
        self.voltage = self._wanted_voltage(drawn=False)
        self.light = self._wanted_light()

    def look(self, ts: Nanos) -> None:
        """Nothing; dimming and room air are those of `ts`."""
        super().look(ts)
        self.dimmed = not self.runs_around_the_clock and is_between(self.clock, 23.0, 6.0)
        self.room = 19.0 + 0.2 * self.outdoor

    def move(self, ts: Nanos, dt_s: float) -> None:
        """Nothing; the true state goes on by `dt_s` and stands at `ts`."""
        self.perceive(ts)
        self.mains = not (self.active and (self.is_there("mains_failure") or self.is_there("blackout")))
        self.emergency = not self.mains or self.is_there("fire_link_stuck")
        if self.active:
            self._provoke(ts)
        self._test(ts)
        drawn = self.emergency or self.test_until is not None
        if drawn:
            held = NEW_CAPACITY * (1.0 - 0.82 * self.defects["battery_aged"])
            self.charge = max(0.0, self.charge - dt_s / (3600.0 * held))
        elif self.is_there("charger_failure"):
            self.charge = max(0.0, self.charge - dt_s / STANDBY_S)
        elif self.charge < 1.0:
            self.charge = min(1.0, self.charge + dt_s / CHARGE_S)
        self.voltage = first_order(self.voltage, self._wanted_voltage(drawn), 60.0, dt_s)
        self.light = first_order(self.light, self._wanted_light(), 2.0, dt_s)

    def read(self, ts: Nanos) -> Values:
        """What the instruments show of the true state."""
        defects, testing = self.defects, self.test_until is not None
        mode = "emergency" if self.emergency else "test" if testing else "normal"
        put_off = 45.0 * defects["tests_put_off"]
        long_put_off = 380.0 * defects["tests_put_off"]
        return {
            "mode": mode,
            "mains_available": self.mains,
            "charging": mode == "normal" and not self.is_there("charger_failure"),
            "charger_fault": self.is_there("charger_failure"),
            "lamp_fault": defects["lamp_failure"] > 0 or self.is_there("blackout"),
            "battery_voltage": self.show(self.voltage, 0.0006 * CELLS * self.cell, 2),
            "function_test_failed": self.function_failed,
            "duration_test_failed": self.duration_failed,
            "function_test_age": round((ts - self.last_function) / DAY + put_off, 4),
            "duration_test_age": round((ts - self.last_duration) / DAY + long_put_off, 4),
            "illuminance": max(0.0, self.show(self.light, 0.03 + 0.006 * self.light, 2)),
        }

    def _find_tests(self, start: Nanos, offset: int) -> None:
        """When tests ran last and will run next; the days of the cycle count from the installation."""
        local = to_datetime(start, self.zone)
        day = self.days_in_service() + offset
        tonight = from_datetime(datetime.combine(local.date(), time(TEST_HOUR), tzinfo=self.zone))
        if tonight > start:
            day -= 1
            tonight = from_datetime(
                datetime.combine(local.date() - timedelta(1), time(TEST_HOUR), tzinfo=self.zone)
            )
        self.cycle = day // CYCLE_DAYS
        self.last_function = tonight - day % CYCLE_DAYS * DAY
        self.last_duration = tonight - day % (CYCLE_DAYS * CYCLES) * DAY
        self.next_test = self.last_function + CYCLE_DAYS * DAY

    def _provoke(self, ts: Nanos) -> None:
        """Defects that only a test shows get one when they begin; repaired, they are off the record."""
        for kind, is_long in (("changeover_failure", False), ("battery_aged", True)):
            if self.defects[kind] > 0 and kind not in self.provoked:
                self.provoked.add(kind)
                self._begin_test(ts, is_long=is_long)
            elif self.defects[kind] == 0 and kind in self.provoked:
                self.provoked.discard(kind)
                self.function_failed = self.duration_failed = False

    def _begin_test(self, ts: Nanos, *, is_long: bool) -> None:
        self.test_is_long = is_long
        self.test_until = ts + (DURATION_TEST if is_long else FUNCTION_TEST)

    def _test(self, ts: Nanos) -> None:
        """Tests by the calendar, and how they end."""
        if ts >= self.next_test:
            self.next_test += CYCLE_DAYS * DAY
            self.cycle += 1
            if not self.emergency and self.defects["tests_put_off"] == 0:
                self._begin_test(ts, is_long=self.cycle % CYCLES == 0)
        if self.test_until is None:
            return
        empty = self.charge <= 0.0
        if self.emergency:
            self.test_until = None
        elif empty or ts >= self.test_until:
            self.test_until = None
            dark = self.defects["lamp_failure"] > 0 or self.defects["changeover_failure"] > 0
            self.last_function = ts
            self.function_failed = dark
            if self.test_is_long:
                self.last_duration = ts
                self.duration_failed = dark or empty

    def _wanted_voltage(self, drawn: bool) -> float:
        """Where the battery's voltage goes: under load, on float (colder is higher), or left alone."""
        if drawn:
            # the last of its charge goes with a knee
            cell = 1.82 + 0.26 * self.charge - 2.2 * max(0.0, 0.08 - self.charge)
        elif self.is_there("charger_failure"):
            cell = 1.9 + 0.2 * self.charge
        else:
            cell = 2.16 + 0.11 * clip(self.charge / 0.95, 0.0, 1.0) - 0.003 * (self.room - 25.0)
        shorted = 4.6 * self.defects["cells_shorted"]
        return cell * self.cell / 2.0 * (CELLS - shorted)

    def _wanted_light(self) -> float:
        """Illuminance at the darkest place of the route: normal light, emergency light, or none."""
        if self.mains:
            return self.normal_light * (0.3 if self.dimmed else 1.0)
        if self.charge <= 0.0:
            return 0.0
        dark = max(0.8 * self.defects["lamp_failure"], self.defects["blackout"])
        return self.emergency_light * (1.0 - dark)


MODEL = EmergencyLightingModel

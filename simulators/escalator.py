"""Escalator: steps, two handrails, brake, drive and the safety switches that stop it.

It runs at its rated speed, slipping a little under load, from 07:00 to 22:30, or always at criticality A but
for ten minutes of cleaning on Sunday morning. A safety switch stops it on a fault until it is reset.
"""

from __future__ import annotations

import math
from typing import ClassVar

from plantroom.times import Nanos, to_datetime
from simulators.ambient import AmbientModel
from simulators.base import SensorFault, Truth, Values
from simulators.physics import clip, first_order, interpolate, is_between

OPENS, CLOSES = 7.0, 22.5
LINING_DAYS = 2200.0
"""After which the brake lining has worn by 60 % and is renewed."""
STOPPING = ("missing_step", "comb_object", "skirt_object", "drive_chain_slack", "handrail_entry")
"""Defects whose switch stops the escalator on a fault."""
REVERSE_S = 6.0
"""How long the steps run backwards until the brake holds them."""


class EscalatorModel(AmbientModel):
    """One escalator of a pair, going one way."""

    equipment_class = "escalator"
    faults: ClassVar[Truth] = {
        "overspeed": ("overspeed", "fault_mode"),
        "reversal": ("reversal", "fault_mode"),
        "missing_step": ("missing_step", "fault_mode"),
        "comb_object": ("safety_switch", "fault_mode"),
        "skirt_object": ("safety_switch", "fault_mode"),
        "drive_chain_slack": ("safety_switch", "fault_mode"),
        "handrail_entry": ("safety_switch", "fault_mode"),
        "controller_fault": ("fault_mode",),
        "emergency_stop": ("emergency_stop",),
        "handrail_slip": ("handrail_speed", "handrail_uneven", "handrail_forecast"),
        "drive_slow": ("steps_slow",),
        "speed_sensor_lost": ("step_speed_missing",),
        "brake_drag": (
            "brake_drag",
            "drive_warm",
            "drive_hot",
            "drive_temperature_trend",
            "brake_wear_forecast",
        ),
        "brake_worn": ("brake_worn", "brake_wear_forecast"),
        "drive_overheating": ("drive_warm", "drive_hot", "drive_temperature_trend"),
        "sensor_drift": ("drive_warm", "drive_hot", "drive_temperature_trend"),
        "sensor_stuck": ("drive_temperature_frozen",),
    }
    sensor = SensorFault("drive_temperature", drift=55.0)

    def begin(self) -> None:
        super().begin()
        self.rated_speed = self.parameter("rated_speed", 0.5)
        self.direction = self.rng.choice(("up", "down"))
        self.left_ratio = self.rng.uniform(1.008, 1.012)
        self.right_ratio = self.rng.uniform(1.008, 1.012)
        self.popular = self.rng.uniform(0.6, 1.0)
        self.cleaned = self.rng.uniform(3.0, 4.5)
        self.days = float(self.days_in_service())
        self.lining = 10.0 + 60.0 * (self.days % LINING_DAYS) / LINING_DAYS
        self.mood = self.traffic = self.hall = 0.0
        self.scheduled = False
        self.look(self.start)
        self.tripped = self.over_speed = False
        self.reversed_s = 0.0
        self.moving = self.scheduled
        self.speed = self.rated_speed if self.moving else 0.0
        self.drive = self.hall + (24.0 if self.moving else 2.0)
        self.stops = self._stops_so_far(self.start)
        daily = 24.0 if self.runs_around_the_clock else CLOSES - OPENS
        today = self.clock if self.runs_around_the_clock else clip(self.clock, OPENS, CLOSES) - OPENS
        self.run_hours = self.days * daily + today

    def look(self, ts: Nanos) -> None:
        """Nothing; hours of service, traffic and the hall's air are those of `ts`."""
        super().look(ts)
        if self.runs_around_the_clock:
            cleaning = is_between(self.clock, self.cleaned, self.cleaned + 1 / 6)
            self.scheduled = not (self.day_of_week(ts) == 7 and cleaning)
        else:
            self.scheduled = is_between(self.clock, OPENS, CLOSES)
        self.mood = 0.9 * self.mood + self.rng.gauss(0.0, 0.05)
        self.traffic = clip(self.popular * _traffic(self.clock) * (1.0 + self.mood), 0.0, 1.0)
        # conditioned, it follows the weather at a quarter
        self.hall = 19.5 + 0.22 * self.outdoor

    def move(self, ts: Nanos, dt_s: float) -> None:
        """Nothing; the true state goes on by `dt_s` and stands at `ts`."""
        self.perceive(ts)
        was_moving = self.moving
        if self.active:
            self._protect()
        stopped = self.tripped or (self.active and self.is_there("emergency_stop"))
        self.moving = self.scheduled and not stopped
        if self.moving:
            self.run_hours += dt_s / 3600
        elif was_moving:
            self.stops += 1
        defects = self.defects
        wanted = self.rated_speed * (1.0 - 0.008 * self.traffic) if self.moving else 0.0
        wanted *= (1.0 + 0.3 * defects["overspeed"]) * (1.0 - 0.15 * defects["drive_slow"])
        if self._is_running_back(dt_s):
            wanted = 0.4 * self.rated_speed
        self.speed = first_order(self.speed, wanted, 1.2, dt_s)
        racing = defects["overspeed"] > 0
        self.over_speed = racing and (self.over_speed or self.speed > 1.2 * self.rated_speed)
        if not self.moving and self.speed < 0.02:
            self.speed = 0.0
        heat = 2.0
        if self.moving:
            heat = 20.0 + 12.0 * self.traffic + 58.0 * defects["drive_overheating"]
            heat += 45.0 * defects["brake_drag"]
            self.lining += (2e-6 + 4e-3 * defects["brake_drag"]) * dt_s / 60
        self.drive = first_order(self.drive, self.hall + heat, 1200.0, dt_s)

    def read(self, ts: Nanos) -> Values:  # noqa: ARG002 - its true state is all in move()
        """What the instruments show of the true state."""
        show, speed, there, defects = self.show, self.speed, self.is_there, self.defects
        backwards = self.reversed_s > 0
        other = "down" if self.direction == "up" else "up"
        way = other if backwards else self.direction
        noise = 0.0016 * speed
        left = self.left_ratio * (1.0 - 0.08 * defects["handrail_slip"])
        worn = self.lining + max(0.0, 97.0 - self.lining) * defects["brake_worn"]
        return {
            "running": self.moving,
            "direction": way if speed > 0 else "stopped",
            "mode": "fault" if self.tripped else "normal",
            "step_speed": max(0.0, show(speed, noise, 4))
            if speed and not there("speed_sensor_lost")
            else 0.0,
            "handrail_speed_left": max(0.0, show(speed * left, noise, 4)) if speed else 0.0,
            "handrail_speed_right": max(0.0, show(speed * self.right_ratio, noise, 4)) if speed else 0.0,
            "reversal": there("reversal"),
            "over_speed": self.over_speed,
            "missing_step": there("missing_step"),
            "comb_switch": there("comb_object"),
            "skirt_switch": there("skirt_object"),
            "drive_chain": there("drive_chain_slack"),
            "handrail_entry": there("handrail_entry"),
            "emergency_stop": there("emergency_stop"),
            "brake_released": (self.moving or (backwards and speed > 0)) and not there("brake_drag"),
            "brake_wear": show(min(99.5, worn), 0.12, 1),
            "drive_temperature": show(self.drive, 0.12, 1),
            "stops": float(self.stops),
            "run_hours": round(self.run_hours, 2),
        }

    def _stops_so_far(self, start: Nanos) -> float:
        """Stops since the installation: one a day, or one every Sunday."""
        if not self.runs_around_the_clock:
            return self.days + (self.clock >= CLOSES)
        today = to_datetime(start, self.zone).date().toordinal()
        done = today - (self.clock < self.cleaned)
        # the ordinals of Sundays are the multiples of seven
        return float(done // 7 - (today - int(self.days)) // 7)

    def _is_running_back(self, dt_s: float) -> bool:
        """Whether the load pulls the steps back, the drive having let go; the auxiliary brake ends it."""
        if not self.is_there("reversal"):
            self.reversed_s = 0.0
            return False
        begun = self.reversed_s > 0 or self.speed > 0
        self.reversed_s += dt_s if begun else 0.0
        return begun and self.reversed_s <= max(REVERSE_S, dt_s)

    def _protect(self) -> None:
        """Whether a safety device holds the escalator; it is reset when its cause is gone."""
        self.tripped = (
            self.over_speed
            or self.is_there("reversal")
            or self.is_there("controller_fault")
            or any(self.is_there(kind) for kind in STOPPING)
        )


def _traffic(hour: float) -> float:
    """How full the steps are, 0 to 1: a morning, a noon and an evening peak over a day of shopping."""
    day = interpolate(hour, 6.5, 10.0, 0.02, 0.3) - interpolate(hour, 20.0, 23.0, 0.0, 0.28)
    peaks = sum(
        height * math.exp(-(((hour - at) / width) ** 2))
        for at, height, width in ((8.6, 0.45, 0.7), (12.5, 0.35, 1.0), (18.3, 0.5, 1.1))
    )
    return clip(day + peaks, 0.0, 1.0)


MODEL = EscalatorModel

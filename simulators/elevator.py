"""Traction elevator: trips with doors, load and levelling, drawn from the day's traffic.

The car runs a trapezoidal speed profile between floors; doors open, dwell, close and now and then reopen;
every stop has its own levelling error. Drive and machine room are first-order lags behind the duty.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import ClassVar

from plantroom.times import Nanos
from simulators.base import Model, SensorFault, Truth, Values
from simulators.physics import Sensor, clip, first_order, interpolate

FLOORS = 24
FLOOR_HEIGHT_M = 3.8
ACCELERATION = 0.9
"""m/s2, both ways."""
ROPE_LIFE_DAYS = 900.0
"""After which the ropes are renewed and the trips count from nothing."""
DOOR_S, DWELL_S, REOPEN_S = 3.0, 8.0, 10.0

SPEED = Sensor(noise=0.004, resolution=0.01, low=0.0)
LOAD = Sensor(noise=0.5, resolution=1.0, low=0.0, high=120.0)
TEMPERATURE = Sensor(noise=0.1, resolution=0.1)
RIDE = Sensor(noise=0.008, resolution=0.005, low=0.0)


class Phase(Enum):
    """What the car is doing."""

    IDLE = "idle"
    MOVING = "moving"
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    STUCK = "stuck"
    """Stopped between floors."""


DOORS = {Phase.OPENING: "moving", Phase.OPEN: "open", Phase.CLOSING: "moving"}


class ElevatorModel(Model):
    """One elevator of a group, with its machine room."""

    equipment_class = "elevator"
    period_s = 2
    faults: ClassVar[Truth] = {
        "entrapment": ("entrapment", "alarm_button", "fault_mode"),
        "door_blocked": ("door_blocked", "door_reopen_rate", "door_reopen_rise", "no_trips"),
        "overspeed": ("overspeed", "entrapment", "alarm_button", "fault_mode"),
        "drive_overheating": ("drive_warm", "drive_hot", "drive_cooling_weak"),
        "machine_room_hot": ("machine_room_temperature", "drive_warm"),
        "levelling": ("levelling_error", "levelling_lost", "levelling_repeated"),
        "sensor_drift": ("drive_warm", "drive_hot"),
        "sensor_stuck": ("drive_temperature_frozen",),
    }
    sensor = SensorFault("drive_temperature", drift=50.0)

    def begin(self) -> None:
        self.rated_speed = self.parameter("rated_speed", 1.75)
        # a little more than a day's traffic brings, so that few counters fall when a run follows another
        days = self.days_in_service() + self._traffic_so_far(self.start)
        self.trips = float(math.floor(days % ROPE_LIFE_DAYS * 1090))
        self.door_cycles = float(math.floor(days * 1100))
        self.door_reopens = float(math.floor(days * 15))
        self.run_hours = days * 5.4
        self.phase = Phase.IDLE
        self.left_s = 0.0
        """Seconds until the phase ends."""
        self.floor = 1.0
        self.target = 1
        self.run_s = 0.0
        """Seconds since the car set off."""
        self.top_speed = self.rated_speed
        self.load = 0.0
        self.levelling = 0.0
        self.over_speed = False
        self.alarm_button = False
        self.duty = 0.0
        """Share of the last quarter of an hour in motion."""
        self.room = self._room(self.start)
        self.drive = self.room + 8.0

    def move(self, ts: Nanos, dt_s: float) -> None:
        """Nothing; the true state goes on by `dt_s` and stands at `ts`."""
        self._provoke(ts)
        left = dt_s
        while left > 1e-9:
            spent = min(left, self.left_s) if self.phase not in (Phase.IDLE, Phase.STUCK) else min(left, 1.0)
            self._spend(ts, spent)
            left -= spent
        moving = self.phase is Phase.MOVING
        self.over_speed = self.over_speed or self._speed() > 1.15 * self.rated_speed
        self.duty = first_order(self.duty, float(moving), 900.0, dt_s)
        self.room = first_order(self.room, self._room(ts), 240.0, dt_s)
        heat = 8.0 + 40.0 * self.duty + 62.0 * self.level("drive_overheating", ts)
        self.drive = first_order(self.drive, self.room + heat, 300.0, dt_s)

    def read(self, ts: Nanos) -> Values:
        """What the instruments show of the true state."""
        rng, speed = self.rng, self._speed()
        moving, stuck = self.phase is Phase.MOVING, self.phase is Phase.STUCK
        rough = 0.09 * min(1.0, speed / self.rated_speed) if moving else 0.0
        direction = ("up" if self.target > self.floor else "down") if moving else "stopped"
        return {
            "in_service": not stuck,
            "mode": "fault" if stuck else "normal",
            "car_position": float(round(self._position())),
            "direction": direction,
            "speed": SPEED.read(rng, speed) if moving else 0.0,
            "load": LOAD.read(rng, self.load) if self.load else 0.0,
            "door_state": self._door(ts),
            "in_door_zone": not moving and not stuck,
            "door_cycles": self.door_cycles,
            "door_reopens": self.door_reopens,
            "trips": self.trips,
            "run_hours": round(self.run_hours, 2),
            "levelling_error": round(self.levelling * 2) / 2,
            "brake_released": moving,
            "drive_temperature": TEMPERATURE.read(rng, self.drive),
            "machine_room_temperature": TEMPERATURE.read(rng, self.room),
            "vibration_vertical": RIDE.read(rng, 0.02 + rough),
            "vibration_horizontal": RIDE.read(rng, 0.015 + 0.6 * rough),
            "people_inside": self.load > 0,
            "alarm_button": self.alarm_button,
            "safety_chain_open": self.over_speed and stuck,
            "over_speed": self.over_speed,
            "power_fail": False,
        }

    def _provoke(self, ts: Nanos) -> None:
        """Faults that need a trip get one at once, so that they show when they begin."""
        trapped, racing = self.has("entrapment", ts), self.has("overspeed", ts)
        if self.phase is Phase.IDLE and (trapped or racing) and not self.over_speed:
            self.load = 20.0
            self._set_off(FLOORS if self.floor < FLOORS / 2 else 1, ts)
        elif self.phase is Phase.IDLE and self.has("door_blocked", ts):
            self._enter(Phase.OPENING)
        elif self.phase is Phase.STUCK and not trapped and not racing:
            # rescued: the car is levelled at the nearest floor and the doors let the people out
            self.floor = float(round(self.floor))
            self.over_speed = self.alarm_button = False
            self._level(ts)
            self._enter(Phase.OPENING)
        if self.phase is Phase.MOVING and trapped and self.run_s > 4.0:
            self._halt()
        if self.phase is Phase.MOVING and self.over_speed:
            self._halt()  # the safety gear holds the car
        elif self.phase is Phase.MOVING and racing:
            self.top_speed = self.rated_speed * (1.0 + 0.3 * self.level("overspeed", ts))

    def _spend(self, ts: Nanos, dt_s: float) -> None:
        self.left_s -= dt_s
        if self.phase is Phase.MOVING:
            self.run_s += dt_s
            self.run_hours += dt_s / 3600
        if self.phase is Phase.STUCK:
            self.alarm_button = True
        elif self.phase is Phase.IDLE:
            if self.rng.random() < _calls_per_hour(self.hour(ts)) * dt_s / 3600:
                self._answer_call(ts)
        elif self.left_s <= 1e-9:
            self._next_phase(ts)

    def _next_phase(self, ts: Nanos) -> None:
        if self.phase is Phase.MOVING:
            self.floor = float(self.target)
            self._level(ts)
            self._enter(Phase.OPENING)
        elif self.phase is Phase.OPENING:
            self._exchange_people()
            self._enter(Phase.OPEN)
        elif self.phase is Phase.OPEN:
            if self.has("door_blocked", ts):
                self.left_s = REOPEN_S
                self.door_reopens += 1
            else:
                self._enter(Phase.CLOSING)
        elif self.rng.random() < 0.012:
            self.door_reopens += 1
            self._enter(Phase.OPENING)
        else:
            self.door_cycles += 1
            self.phase = Phase.IDLE
            if self.load:
                self._set_off(self._other_floor(), ts)

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self.left_s = DWELL_S if phase is Phase.OPEN else DOOR_S

    def _halt(self) -> None:
        self.floor = math.floor(self._position()) + 0.5
        self.phase = Phase.STUCK
        self.load = self.load or 10.0

    def _answer_call(self, ts: Nanos) -> None:
        called_from = 1 if self.rng.random() < 0.5 else self._other_floor()
        if called_from == round(self.floor):
            self._enter(Phase.OPENING)
        else:
            self._set_off(called_from, ts)

    def _exchange_people(self) -> None:
        """Who rode gets out; who called gets in, more of them where nobody rode."""
        boarding = self.rng.random() < (0.25 if self.load else 0.95)
        self.load = clip(self.rng.expovariate(1 / 22.0), 6.0, 100.0) if boarding else 0.0

    def _level(self, ts: Nanos) -> None:
        off = 26.0 * self.level("levelling", ts)
        self.levelling = clip(self.rng.gauss(0.0, 2.2), -7.0, 7.0) + off

    def _set_off(self, target: int, ts: Nanos) -> None:
        self.phase, self.target, self.run_s = Phase.MOVING, target, 0.0
        self.top_speed = self.rated_speed * (1.0 + 0.3 * self.level("overspeed", ts))
        self.left_s = self._run_time()
        self.trips += 1

    def _distance(self) -> float:
        return abs(self.target - self.floor) * FLOOR_HEIGHT_M

    def _peak(self) -> float:
        return min(self.top_speed, math.sqrt(ACCELERATION * self._distance()))

    def _run_time(self) -> float:
        peak = self._peak()
        return self._distance() / peak + peak / ACCELERATION

    def _speed(self) -> float:
        if self.phase is not Phase.MOVING:
            return 0.0
        return max(0.0, min(self._peak(), ACCELERATION * self.run_s, ACCELERATION * self.left_s))

    def _position(self) -> float:
        """Height of the car in floors."""
        if self.phase is not Phase.MOVING:
            return self.floor
        share = clip(self.run_s / max(self.run_s + self.left_s, 1e-9), 0.0, 1.0)
        return self.floor + (self.target - self.floor) * share

    def _door(self, ts: Nanos) -> str:
        if self.phase is Phase.OPEN and self.has("door_blocked", ts):
            return "blocked"
        return DOORS.get(self.phase, "closed")

    def _other_floor(self) -> int:
        floor = self.rng.randint(1, FLOORS - 1)
        return floor if floor < round(self.floor) else floor + 1

    def _traffic_so_far(self, ts: Nanos) -> float:
        """The share of the day's traffic that has been since midnight."""
        quarters = [_calls_per_hour(number / 4 + 0.125) for number in range(96)]
        passed = self.hour(ts) * 4
        whole = int(passed)
        return (sum(quarters[:whole]) + quarters[min(whole, 95)] * (passed - whole)) / sum(quarters)

    def _room(self, ts: Nanos) -> float:
        """The machine room is cooled to 26 degC at most and never below 16."""
        cooled = clip(18.0 + 0.3 * self.outdoor_air(ts), 16.0, 26.0)
        return cooled + 30.0 * self.level("machine_room_hot", ts)


def _calls_per_hour(hour: float) -> float:
    """Traffic of an office tower with some flats: peaks in the morning, at noon and in the evening."""
    peaks = sum(
        height * math.exp(-(((hour - at) / width) ** 2))
        for at, height, width in ((8.7, 80.0, 0.9), (12.4, 60.0, 0.9), (18.2, 70.0, 1.0))
    )
    return 6.0 + interpolate(hour, 5.5, 7.5, 0.0, 26.0) - interpolate(hour, 21.0, 23.5, 0.0, 26.0) + peaks


MODEL = ElevatorModel

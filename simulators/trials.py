"""Trials: equipment of one class side by side, healthy or with one fault each, as batches of readings.

Where and when a fault shows is part of the trial: a chiller's in summer, a lamp's after dark. It begins on a
working day in one of its scene's months, the month and the day depending on the seed.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from plantroom.catalogue import EquipmentClass
from plantroom.model import Criticality, Equipment, Point, PointTable, Text
from plantroom.readings import Quality, ReadingBatch
from plantroom.times import DAY, HOUR, SECOND, Nanos, from_datetime
from simulators.base import Fault, Model, Values

ZONE = "Asia/Shanghai"
YEAR = 2026
LEAD_IN: Nanos = 26 * HOUR
"""Healthy running before a fault; rules about instruments look back over a day."""
COARSE_S = 30
"""Longest reading interval of what runs for long; a point's `stale_after` may ask for a shorter one."""
BRISK_S = 15
_CHUNK: Nanos = 2 * HOUR
_INSTALLED = date(2018, 5, 1)


@dataclass(frozen=True, slots=True)
class Scene:
    """When a fault shows, and on what: the local hour, the months, hours until it must be found.

    `grade` A always runs, B keeps hours. Without months, those of the model.
    """

    grade: Criticality = Criticality.A
    hour: int = 14
    months: tuple[int, ...] = ()
    hours: float = 8.0


_WITH_HOURS = Criticality.B
SCENES: Mapping[str, Scene] = {
    "ahu/left_running": Scene(_WITH_HOURS, hour=1),
    # in summer the room's control makes up for it with its set-point, at the cost of a warm room
    "ahu/sensor_drift": Scene(months=(11, 12, 1, 2, 3)),
    "emergency_lighting/tests_put_off": Scene(hours=26.0),
    "fcu/damper_leaks": Scene(_WITH_HOURS, hour=1, months=(12, 1, 2)),
    "fire_panel/points_isolated": Scene(hours=26.0),
    "lighting_circuit/contactor_stuck": Scene(_WITH_HOURS, hour=1),
    "lighting_circuit/lamp_failure": Scene(_WITH_HOURS, hour=18, hours=4.0),
    "lighting_circuit/no_power": Scene(_WITH_HOURS, hour=18, hours=4.0),
    "lighting_circuit/sensor_drift": Scene(_WITH_HOURS, hour=18, hours=4.0),
    "transformer/sensor_stuck": Scene(hours=14.0),
    "water_tank/leak": Scene(hour=1),
    "water_tank/supply_lost": Scene(hours=12.0),
}
"""`class/kind` where it is not a working day's afternoon."""


@dataclass(frozen=True, slots=True)
class Trials:
    """Faults that share their healthy lead-in: one equipment, one start, one seed. (kind, severity) each."""

    equipment_class: str
    scene: Scene
    begin: Nanos
    seed: int
    faults: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Healthy:
    """Healthy equipment side by side, each of its own seed, every other one with hours."""

    equipment_class: str
    start: Nanos
    span: Nanos
    seeds: tuple[int, ...]
    interval_s: int


def trials(model: type[Model], seeds: Iterable[int], severities: Sequence[float]) -> Iterator[Trials]:
    """The trials of every fault kind of a class."""
    scenes: dict[Scene, list[str]] = {}
    for kind in model.faults:
        scene = SCENES.get(f"{model.equipment_class}/{kind}", Scene())
        months = scene.months or tuple(getattr(model, "months", range(1, 13)))
        scenes.setdefault(replace(scene, months=months), []).append(kind)
    for seed in seeds:
        for scene, kinds in scenes.items():
            faults = tuple((kind, severity) for kind in kinds for severity in severities)
            yield Trials(model.equipment_class, scene, begin_of(scene, seed), seed, faults)


def begin_of(scene: Scene, seed: int) -> Nanos:
    """When the faults of a scene begin: on a Tuesday to Thursday, the month going round with the seed."""
    month = scene.months[(seed - 1) * 5 % len(scene.months)]
    day = date(YEAR, month, 8 + seed % 3 * 7)
    while day.isoweekday() not in (2, 3, 4):
        day += timedelta(days=1)
    return from_datetime(datetime(day.year, day.month, day.day, scene.hour, tzinfo=ZoneInfo(ZONE)))


def healthy(cls: EquipmentClass, total: Nanos, *, slices: int, side: int, seed: int) -> Iterator[Healthy]:
    """`total` of healthy running in `slices` spread over a year, in each `side` equipment side by side."""
    first = from_datetime(datetime(YEAR, 1, 5, tzinfo=ZoneInfo(ZONE)))
    minutes = max(1, round(total / slices / side / (60 * SECOND)))
    for number in range(slices):
        start = first + number * 52 // slices * 7 * DAY
        seeds = tuple(seed + number * side + place for place in range(side))
        yield Healthy(cls.key, start, minutes * 60 * SECOND, seeds, interval_of(cls))


def interval_of(cls: EquipmentClass) -> int:
    """Seconds between readings of what runs for long: as often as no point goes stale, 30 s at most.

    Where points go stale within 15 s, doors and cars move for a few seconds: three readings in that time.
    """
    stale = min(point.stale_nanos for point in cls.points) // SECOND
    return max(1, stale // 3 if stale <= BRISK_S else min(COARSE_S, stale))


class Bench:
    """Seats for equipment of one class, each in a site of its own, so that none is another's neighbour."""

    def __init__(self, cls: EquipmentClass, grades: Sequence[Criticality]) -> None:
        parameters = {spec.key: spec.default for spec in cls.parameters}
        key = cls.key.replace("_", "-")
        self.equipment = [
            Equipment(
                number,
                f"trial-{number}",
                key,
                cls.key,
                Text(key, key),
                grade,
                parameters=parameters,
                installed_on=_INSTALLED,
                zone=ZONE,
            )
            for number, grade in enumerate(grades)
        ]
        self._specs = {spec.key: spec for spec in cls.points}
        self._width = len(cls.points)
        self._row = {spec.key: row for row, spec in enumerate(cls.points)}
        self._codes = {spec.key: spec.values for spec in cls.points if spec.values}
        computed = set() if cls.baseline is None else {cls.baseline.deviation}
        self.table = PointTable(
            self.equipment,
            [point for item in self.equipment for point in self._points(item) if point.key not in computed],
        )

    def _points(self, item: Equipment) -> Iterator[Point]:
        for key, spec in self._specs.items():
            yield Point(
                id=item.id * self._width + self._row[key],
                site=item.site,
                equipment=item.key,
                key=key,
                name=spec.name,
                kind=spec.kind,
                unit=spec.unit,
                valid=spec.valid_span,
                normal=spec.normal,
                sample=spec.sample,
                stale_after=spec.stale_nanos,
                values=spec.values or {},
            )

    def readings(self, steps: Sequence[tuple[Nanos, Values]], seats: Iterable[int]) -> ReadingBatch:
        """What the equipment of these seats shows, each the same."""
        keys = list(steps[0][1])
        rows = np.array([self._row[key] for key in keys])
        for key, codes in self._codes.items():
            for _, values in steps:
                if key in values:
                    values[key] = codes[str(values[key])]
        table = np.array([list(values.values()) for _, values in steps], dtype=np.float64)
        specs = [self._specs[key].valid_span for key in keys]
        bad = np.zeros(table.shape, dtype=np.uint8)
        out = (table < [low for low, _ in specs]) | (table > [high for _, high in specs])
        bad[out] = int(Quality.OUT_OF_RANGE)
        bad[~np.isfinite(table)] = int(Quality.NOT_A_NUMBER)
        ts = np.repeat(np.array([ts for ts, _ in steps], dtype=np.int64), len(keys))
        return ReadingBatch.concat(
            ReadingBatch.of(np.tile(rows + seat * self._width, len(steps)), ts, table.ravel(), bad.ravel())
            for seat in seats
        )


def run_trials(
    cls: EquipmentClass, model: type[Model], plan: Trials
) -> tuple[PointTable, Iterator[ReadingBatch]]:
    """The property of the trials, equipment 0 the first fault's and so on, and its readings by time."""
    bench = Bench(cls, [plan.scene.grade] * len(plan.faults))
    return bench.table, _trial_readings(bench, interval_of(cls), model, plan)


def _trial_readings(bench: Bench, coarse_s: int, model: type[Model], plan: Trials) -> Iterator[ReadingBatch]:
    first = bench.equipment[0]
    one = model(first, ZoneInfo(ZONE), plan.begin - LEAD_IN, seed=plan.seed)
    for steps in _chunks(one, one.start, plan.begin, coarse_s):
        yield bench.readings(steps, range(len(plan.faults)))
    twins = []
    for kind, severity in plan.faults:
        twin = copy.deepcopy(one)
        twin.active = (Fault(kind, first.key, plan.begin, severity=severity),)
        twins.append(twin)
    end = plan.begin + round(plan.scene.hours * HOUR)
    parts = [_chunks(twin, plan.begin, end, model.period_s) for twin in twins]
    for together in zip(*parts, strict=True):
        yield ReadingBatch.concat(bench.readings(steps, [seat]) for seat, steps in enumerate(together))


def run_healthy(
    cls: EquipmentClass, model: type[Model], plan: Healthy
) -> tuple[PointTable, Iterator[ReadingBatch]]:
    """The property of the healthy equipment, and its readings by time."""
    grades = [Criticality.B if seed % 2 else Criticality.A for seed in plan.seeds]
    bench = Bench(cls, grades)
    zone = ZoneInfo(ZONE)
    members = [
        model(item, zone, plan.start, seed=seed)
        for item, seed in zip(bench.equipment, plan.seeds, strict=True)
    ]
    return bench.table, _healthy_readings(bench, members, plan)


def _healthy_readings(bench: Bench, members: Sequence[Model], plan: Healthy) -> Iterator[ReadingBatch]:
    end = plan.start + plan.span
    parts = [_chunks(member, plan.start, end, plan.interval_s) for member in members]
    for together in zip(*parts, strict=True):
        yield ReadingBatch.concat(bench.readings(steps, [seat]) for seat, steps in enumerate(together))


def _chunks(model: Model, start: Nanos, end: Nanos, interval_s: int) -> Iterator[list[tuple[Nanos, Values]]]:
    """The model's steps after `start` up to and with `end`, two hours at a time."""
    ts, step = start, interval_s * SECOND
    while ts + step <= end:
        steps: list[tuple[Nanos, Values]] = []
        until = min(end, ts + _CHUNK)
        while ts + step <= until:
            ts += step
            steps.append((ts, model.step(ts, float(interval_s))))
        yield steps

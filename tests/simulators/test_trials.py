"""Trials: when they begin, that a fault's lead-in is healthy, and that readings are as engines want them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from plantroom.catalogue import Catalogue, EquipmentClass, load_catalogue
from plantroom.model import Criticality
from plantroom.readings import Quality, ReadingBatch
from plantroom.times import DAY, HOUR, MINUTE, SECOND, to_datetime
from simulators import trials
from simulators.registry import models
from simulators.trials import Scene


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def panel(catalogue: Catalogue) -> EquipmentClass:
    return catalogue["fire_panel"]


def series(batches: Iterator[ReadingBatch], point: int) -> tuple[list[int], list[float]]:
    whole = ReadingBatch.concat(batches)
    mine = whole.take(whole.point_id == point)
    return mine.ts.tolist(), mine.value.tolist()


def test_every_fault_kind_of_every_class_is_tried_at_every_severity_and_seed() -> None:
    for name, model in models().items():
        plan = list(trials.trials(model, [1, 2], [0.3, 1.0]))
        tried = sorted((item.seed, *fault) for item in plan for fault in item.faults)
        expected = [(seed, kind, level) for seed in (1, 2) for kind in model.faults for level in (0.3, 1.0)]
        assert tried == sorted(expected), name
    assert set(trials.SCENES) <= {
        f"{name}/{kind}" for name, model in models().items() for kind in model.faults
    }


def test_a_trial_begins_on_a_working_day_in_its_months() -> None:
    months = set()
    for seed in range(1, 30):
        begin = to_datetime(
            trials.begin_of(Scene(hour=18, months=(12, 1, 2)), seed), trials.ZoneInfo(trials.ZONE)
        )
        assert begin.isoweekday() in (2, 3, 4)
        assert begin.hour == 18
        months.add(begin.month)
    assert months == {12, 1, 2}


def test_trials_share_their_lead_in_and_part_with_their_faults(panel: EquipmentClass) -> None:
    model = models()["fire_panel"]
    (plan, *_) = trials.trials(model, [1], [1.0])
    plan = replace(
        plan, faults=(("trouble", 1.0), ("supervisory", 1.0)), scene=replace(plan.scene, hours=0.5)
    )
    keys = [spec.key for spec in panel.points]
    for point, (first, second) in {"trouble": (1.0, 0.0), "supervisory": (0.0, 1.0)}.items():
        for seat, expected in ((0, first), (1, second)):
            table, batches = trials.run_trials(panel, model, plan)
            assert table.size == 2 * len(keys)
            ts, values = series(batches, seat * len(keys) + keys.index(point))
            healthy = [value for at, value in zip(ts, values, strict=True) if at <= plan.begin]
            assert set(healthy) == {0.0}
            assert values[-1] == expected
            assert ts[0] == plan.begin - trials.LEAD_IN + 30 * SECOND
            assert ts[-1] == plan.begin + 30 * MINUTE
            assert ts[-1] - ts[-2] == model.period_s * SECOND


def test_equal_seeds_give_equal_readings(panel: EquipmentClass) -> None:
    plan = trials.Healthy("fire_panel", trials.begin_of(Scene(months=(5,)), 1), 3 * HOUR, (1, 2, 1), 30)
    first, second = (
        ReadingBatch.concat(trials.run_healthy(panel, models()["fire_panel"], plan)[1]) for _ in range(2)
    )
    assert np.array_equal(first.value, second.value)
    assert len(first) == 3 * 360 * len(panel.points)


def test_healthy_running_is_spread_over_the_year(panel: EquipmentClass) -> None:
    plan = list(trials.healthy(panel, 64 * DAY, slices=4, side=8, seed=1))
    assert [to_datetime(item.start, trials.ZoneInfo(trials.ZONE)).month for item in plan] == [1, 4, 7, 10]
    assert sum(item.span * len(item.seeds) for item in plan) == 64 * DAY
    assert len({seed for item in plan for seed in item.seeds}) == 32
    assert {item.interval_s for item in plan} == {30}


def test_no_point_goes_stale_between_two_readings(catalogue: Catalogue) -> None:
    for name in models():
        interval = trials.interval_of(catalogue[name])
        assert interval <= min(30, *(spec.stale_nanos // SECOND for spec in catalogue[name].points)), name
    assert trials.interval_of(catalogue["elevator"]) == 5


def test_readings_carry_codes_and_what_is_wrong_with_them(catalogue: Catalogue) -> None:
    cls = catalogue["elevator"]
    bench = trials.Bench(cls, [Criticality.A, Criticality.A])
    values = {"mode": "fire", "speed": 1e9, "load": float("nan"), "in_service": True}
    batch = bench.readings([(5 * SECOND, values)], [1])
    keys = {spec.key: row for row, spec in enumerate(cls.points)}
    assert batch.point_id.tolist() == [len(cls.points) + keys[key] for key in values]
    assert batch.value[[0, 3]].tolist() == [2.0, 1.0]
    assert batch.quality.tolist() == [0, Quality.OUT_OF_RANGE, Quality.NOT_A_NUMBER, 0]

"""What a backtest finds: alarms, orders and marks of both sides, the same however it is cut and spread."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plantroom.alarms import Judgement
from plantroom.errors import NotFoundError
from plantroom.model import RuleOverride
from plantroom.readings import Quality, ReadingBatch
from plantroom.times import MINUTE, SECOND
from rules.backtest import BacktestError, CancelledError, Mark, Progress, Result, report_of
from rules.backtest.run import Line
from rules.backtest.sides import Side
from tests.rules.backtest.kit import RULES, T0, MemoryStore, Plant, machine_class, seconds, series

ON = {"running": {0: 1}}


def line(result: Result, rule: str, key: str = "m1") -> Line:
    return next(item for item in result.lines if (item.rule, item.equipment.key) == (rule, key))


def test_a_longer_delay_moves_alarms_and_loses_short_ones() -> None:
    plant = Plant()
    store = MemoryStore(series(600, flow={0: 50, 100: 5, 200: 50, 300: 5, 330: 50}, **ON))
    result = plant.run(plant.draft("  - {key: low_flow, on_delay: 40s}"), store)
    found = line(result, "low_flow")
    assert [tuple(map(seconds, pair)) for pair in found.matched.pairs[0]] == [(120, 200), (140, 200)]
    assert [tuple(map(seconds, item)) for item in found.matched.lost] == [(320, 330)]
    assert (found.before.alarms, found.after.alarms, len(found.moved), found.same) == (2, 1, 1, 0)
    assert (found.before.standing, found.after.standing) == (90 * SECOND, 60 * SECOND)
    assert result.readings == len(store.batch)


def test_a_lower_limit_gains_alarms() -> None:
    plant = Plant()
    store = MemoryStore(series(600, heat={0: 65, 100: 75, 200: 65, 300: 90, 400: 65}))
    result = plant.run(plant.draft("  - {key: hot, when: heat > 70}"), store)
    found = line(result, "hot")
    assert [tuple(map(seconds, item)) for item in found.matched.gained] == [(100, 200)]
    assert found.same == 1
    assert found.before.orders == found.after.orders == ()  # warm has the order open already


def test_orders_count_with_the_rules_that_share_them() -> None:
    plant = Plant()
    store = MemoryStore(series(600, heat={0: 50, 100: 90, 200: 50}))
    result = plant.run(plant.draft("  - {key: warm, when: heat > 60, on_delay: 30s}"), store)
    assert result.rules == ("warm", "hot")
    # in force both rise at one time, and the order is of the first in the order of keys
    assert {key: len(line(result, key).before.orders) for key in ("warm", "hot")} == {"warm": 0, "hot": 1}
    assert {key: len(line(result, key).after.orders) for key in ("warm", "hot")} == {"warm": 0, "hot": 1}
    later = plant.run(plant.draft("  - {key: hot, on_delay: 30s}"), store)
    assert {key: len(line(later, key).after.orders) for key in ("warm", "hot")} == {"warm": 1, "hot": 0}


def test_new_and_removed_rules_have_one_side() -> None:
    plant = Plant()
    store = MemoryStore(series(600, heat={0: 50, 100: 90, 200: 50}))
    cls = machine_class({"warm": RULES["warm"], "very_hot": RULES["hot"]})
    draft = plant.draft("  - {key: hot}")
    draft = type(draft)(draft.in_force, cls, ("very_hot", "hot"))
    result = plant.run(draft, store)
    assert (line(result, "very_hot").before.alarms, line(result, "very_hot").after.alarms) == (0, 1)
    assert (line(result, "hot").before.alarms, line(result, "hot").after.alarms) == (1, 0)
    changes = {item["rule"]: item["change"] for item in report_of(result)["rules"]}
    assert changes == {"very_hot": "new", "hot": "removed", "warm": "unchanged"}


def test_a_changed_point_is_used_by_the_drafts_side_only() -> None:
    plant = Plant()
    store = MemoryStore(series(300, every=60, flow={0: 5}, **ON))
    draft = plant.draft("  - {key: low_flow}")
    slow = [
        point.model_copy(update={"sample": 60 * SECOND, "stale_after": 90 * SECOND})
        for point in plant.cls.points
    ]
    changed = plant.cls.model_copy(update={"points": tuple(slow)})
    result = plant.run(type(draft)(plant.cls, changed, ("low_flow",)), store)
    # in force the readings are stale before the delay is over
    assert line(result, "low_flow").before.alarms == 0
    assert [seconds(item.raised) for item in line(result, "low_flow").matched.gained] == [60]


def test_overrides_of_equipment_hold_for_both_sides() -> None:
    plant = Plant(overrides={"low_flow": RuleOverride(on_delay=100 * SECOND)})
    store = MemoryStore(series(600, flow={0: 50, 100: 5, 300: 50}, **ON))
    result = plant.run(plant.draft("  - {key: low_flow, when: running and flow < 20}"), store)
    assert [seconds(item.raised) for item in line(result, "low_flow").matched.pairs[0]] == [200, 200]
    off = Plant(overrides={"low_flow": RuleOverride(enabled=False)})
    assert off.run(off.draft("  - {key: low_flow, when: running and flow < 20}"), store).lines == ()


def test_readings_before_the_period_warm_up_and_do_not_count() -> None:
    plant = Plant()
    flow = {-200: 5, -100: 50, -10: 5, 40: 50}
    store = MemoryStore(series(100, begin=-200, flow=flow, running={-200: 1}))
    draft = plant.draft("  - {key: low_flow, on_delay: 0s}")
    result = plant.run(draft, store, warm_up=5 * MINUTE)
    found = line(result, "low_flow")
    assert [tuple(map(seconds, item)) for item in found.matched.pairs[0]] == [(10, 40), (-10, 40)]
    assert (found.before.alarms, found.after.alarms) == (1, 1)
    assert found.after.standing == 40 * SECOND
    assert min(start for start, _, _ in store.scans) == T0 - 5 * MINUTE
    cold = plant.run(draft, store, warm_up=0)
    assert [seconds(item[0].raised) for item in line(cold, "low_flow").matched.pairs] == [20]


def test_marks_give_precision_and_recall() -> None:
    plant = Plant()
    store = MemoryStore(series(1200, flow={0: 50, 100: 5, 200: 50, 300: 5, 330: 50, 400: 5, 500: 50}, **ON))
    marks = [
        Mark(1, "low_flow", T0 + 120 * SECOND, Judgement.TRUE),
        Mark(1, "low_flow", T0 + 320 * SECOND, Judgement.TRUE),
        Mark(1, "low_flow", T0 + 420 * SECOND, Judgement.NUISANCE),
        Mark(1, "low_flow", T0 - 420 * SECOND, Judgement.FALSE),  # before the period
        Mark(9, "low_flow", T0 + 120 * SECOND, Judgement.FALSE),  # other equipment
        Mark(1, "hot", T0 + 120 * SECOND, Judgement.FALSE),  # not tried
    ]
    result = plant.run(plant.draft("  - {key: low_flow, on_delay: 40s}"), store, feedback=marks)
    before, after = (result.marked[side, "low_flow"] for side in Side)
    assert (before.true, before.false, before.nuisance, before.missed) == (2, 0, 1, 0)
    assert (after.true, after.false, after.nuisance, after.missed) == (1, 0, 1, 1)
    assert (before.precision, before.recall) == (pytest.approx(2 / 3), 1.0)
    assert (after.precision, after.recall) == (0.5, 0.5)
    without = report_of(plant.run(plant.draft("  - {key: low_flow}"), store))["rules"][0]["before"]
    assert (without["precision"], without["recall"]) == (None, None)


def noisy(count: int, seed: int) -> ReadingBatch:
    parts = []
    for number in range(1, count + 2):
        values = np.random.default_rng([seed, number]).integers(0, 100, 30).tolist()
        steps = dict(zip(range(0, 900, 30), values, strict=True))
        parts.append(series(900, equipment=number, flow=steps, heat=steps, running={0: 1, 500: 0, 520: 1}))
    batch = ReadingBatch.concat(parts)
    batch.quality[::97] = int(Quality.OUT_OF_RANGE)
    return batch


CHANGES = (
    "  - {key: low_flow, on_delay: 10s}\n  - {key: warm, when: heat > 50, off_delay: 20s}\n  - {key: hot}"
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 2000), seed=st.integers(1, 50))
def test_the_result_is_the_same_for_any_slicing(size: int, seed: int) -> None:
    plant = Plant(count=3)
    batch, draft = noisy(3, seed), plant.draft(CHANGES)
    whole = plant.run(draft, MemoryStore(batch), T0 + 15 * MINUTE, slice_readings=10**9)
    store = MemoryStore(batch)
    cut = plant.run(draft, store, T0 + 15 * MINUTE, slice_readings=size)
    assert cut == whole
    assert whole.lines
    edges = [(start, stop) for start, stop, _ in store.scans]
    assert [stop for _, stop in edges[:-1]] == [start for start, _ in edges[1:]]


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_the_result_is_the_same_in_other_processes(processes: int) -> None:
    plant = Plant(count=3)
    batch, draft = noisy(3, 5), plant.draft(CHANGES)
    here = plant.run(draft, MemoryStore(batch), T0 + 15 * MINUTE, slice_readings=300)
    there = plant.run(draft, MemoryStore(batch), T0 + 15 * MINUTE, slice_readings=300, processes=processes)
    assert there == here
    assert len(here.lines) == 9


LOOKS_BACK = """\
  - {key: low_flow, when: mean(flow over 2 min) < 45}
  - {key: warm, when: heat > 40 and parent.heat > 40}
  - {key: hot, when: any(children.running) and flow > 90, deadband: {}}
"""


@pytest.mark.parametrize("processes", [0, 2])
def test_windows_and_other_equipment_see_the_same_however_it_is_cut(processes: int) -> None:
    plant = Plant(count=3)
    batch, draft = noisy(3, 8), plant.draft(LOOKS_BACK)
    whole = plant.run(draft, MemoryStore(batch), T0 + 15 * MINUTE, slice_readings=10**9)
    cut = plant.run(draft, MemoryStore(batch), T0 + 15 * MINUTE, slice_readings=70, processes=processes)
    assert cut == whole
    after = {(item.rule, item.equipment.key) for item in whole.lines if item.after.alarms}
    # the first has no parent, and only the first has children
    assert {key for rule, key in after if rule == "warm"} == {"m2", "m3"}
    assert {key for rule, key in after if rule == "hot"} == {"m1"}
    assert {key for rule, key in after if rule == "low_flow"} == {"m1", "m2", "m3"}
    assert whole.readings == len(batch)
    one = plant.run(draft, MemoryStore(batch), T0 + 15 * MINUTE, equipment=["site/m2"])
    assert list(one.lines) == [item for item in whole.lines if item.equipment.key == "m2"]


def test_an_engine_that_fails_in_another_process_is_said() -> None:
    plant = Plant()
    draft = plant.draft("  - {key: hot}")
    broken = draft.cls.rules[2].model_copy(update={"when": "heat >"})
    cls = draft.cls.model_copy(update={"rules": (broken,)})
    with pytest.raises(BacktestError, match="CatalogueError"):
        plant.run(type(draft)(draft.in_force, cls, ("hot",)), MemoryStore(noisy(1, 3)), processes=1)


def test_equipment_is_chosen_by_path_and_only_its_points_are_read() -> None:
    plant = Plant(count=3)
    store = MemoryStore(noisy(3, 3))
    draft = plant.draft(CHANGES)
    every = plant.run(draft, store)
    one = plant.run(draft, store, equipment=["site/m2", "site/m2"])
    assert [item.key for item in one.equipment] == ["m2"]
    assert list(one.lines) == [item for item in every.lines if item.equipment.key == "m2"]
    assert one.readings * 3 == every.readings
    assert not store.scans[-1][2]  # a quarter of the points is picked out by the store
    for paths, said in ((["site/m9"], "m9"), (["m1"], "SITE/KEY"), (["site/m4"], "of class 'other'")):
        with pytest.raises(NotFoundError, match=said):
            plant.run(draft, store, equipment=paths)


def test_no_equipment_of_the_class_is_said() -> None:
    plant = Plant(count=0)
    with pytest.raises(NotFoundError, match="no equipment of class 'machine'"):
        plant.run(plant.draft("  - {key: hot}"), MemoryStore(ReadingBatch.empty()))


def test_no_readings_give_no_lines() -> None:
    plant = Plant()
    result = plant.run(plant.draft("  - {key: hot}"), MemoryStore(ReadingBatch.empty()))
    assert (result.lines, result.readings) == ((), 0)
    assert report_of(result)["rules"][0]["after"]["alarms"] == 0


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    plant = Plant()
    with pytest.raises(BacktestError, match="end after"):
        plant.run(plant.draft("  - {key: hot}"), MemoryStore(ReadingBatch.empty()), T0)


def test_progress_is_told_and_cancelling_ends_it() -> None:
    plant = Plant()
    seen: list[Progress] = []
    store = MemoryStore(noisy(1, 3))
    draft = plant.draft("  - {key: hot}")
    plant.run(draft, store, warm_up=MINUTE, slice_readings=30, progress=seen.append)
    assert [item.at for item in seen] == sorted({item.at for item in seen})
    assert seen[-1].share == 1.0
    assert 0 < seen[0].share < 0.5
    assert len(seen) > 5
    for processes in (0, 1):
        seen.clear()
        with pytest.raises(CancelledError):
            plant.run(
                draft,
                store,
                slice_readings=10,
                progress=seen.append,
                cancelled=lambda: len(seen) >= 2,
                processes=processes,
            )
        assert len(seen) == 2


def test_the_report_is_plain_json_with_names_and_times() -> None:
    plant = Plant()
    store = MemoryStore(series(600, flow={0: 50, 100: 5, 200: 50, 300: 5, 330: 50, 590: 5}, **ON))
    report = report_of(plant.run(plant.draft("  - {key: low_flow, on_delay: 40s}"), store))
    assert json.loads(json.dumps(report)) == report
    (found,) = report["lines"]
    assert found["equipment"] == "site/m1"
    assert found["moved_alarms"] == [
        {"raised_at": "2026-01-01T00:02:00.000Z", "instead_at": "2026-01-01T00:02:20.000Z", "by_s": 20.0}
    ]
    assert found["lost_alarms"] == [
        {"raised_at": "2026-01-01T00:05:20.000Z", "cleared_at": "2026-01-01T00:05:30.000Z"}
    ]
    (rule,) = report["rules"]
    assert (rule["moved"], rule["lost"], rule["gained"], rule["same"]) == (1, 1, 0, 0)
    assert (rule["before"]["standing_s"], rule["after"]["standing_s"]) == (90.0, 60.0)

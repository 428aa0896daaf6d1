"""Baselines over a stream: any cut and any restart gives the same deviations."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantroom.catalogue import Catalogue, EquipmentClass
from plantroom.errors import CatalogueError, NotFoundError, StoreCorruptError
from plantroom.model import Equipment, Point, PointTable, Text
from plantroom.readings import Quality, ReadingBatch
from plantroom.times import HOUR, MINUTE, SECOND
from rules.baseline import Settings, learn, running, step
from rules.baseline.watch import Progress, Watch

T0 = 1_767_225_600 * SECOND
NAME = {"en": "x", "zh": "x"}
KEYS = ("running", "flow", "pressure", "current", "deviation")
ROW = {key: row for row, key in enumerate(KEYS)}
LEARN = 240
POINT = {"name": NAME, "source": "test", "sample": "20s", "stale_after": "90s"}


def thing(run: str | None = "running", unit: str = "bar") -> EquipmentClass:
    kinds = {"flow": "m3/h", "pressure": unit, "current": "A", "deviation": ""}
    points = [{"key": "running", "kind": "binary"}] + [
        {"key": key, "kind": "analog", "unit": unit, "valid": [-1e6, 1e6], "normal": [0, 100]}
        for key, unit in kinds.items()
    ]
    base = {"points": ["flow", "pressure", "current"], "learn": f"{LEARN} min", "source": "test"}
    if run is not None:
        base["running"] = run
    return EquipmentClass.model_validate(
        {
            "key": "thing", "name": NAME, "system": "water", "team": NAME, "design_life_years": 9,
            "source": "test", "points": [{**POINT, **item} for item in points], "baseline": base,
        }
    )  # fmt: skip


def table(cls: EquipmentClass, count: int = 2, without: tuple[str, ...] = ()) -> PointTable:
    name = Text("x", "x")
    equipment = [Equipment(number, "s", f"e{number}", "thing", name) for number in range(1, count + 1)]
    points = [
        Point(10 * item.id + row, "s", item.key, spec.key, name, spec.kind, spec.unit, spec.valid_span,
              spec.normal, spec.sample, spec.stale_nanos)
        for item in equipment
        for row, spec in enumerate(cls.points)
        if spec.key not in without
    ]  # fmt: skip
    return PointTable(equipment, points)


def watch(run: str | None = "running", count: int = 2) -> Watch:
    cls = thing(run)
    return Watch(Catalogue({"thing": cls}), table(cls, count))


def stream(minutes: int, *, seed: int = 1, count: int = 2, off: slice | None = None) -> ReadingBatch:
    """Three readings a minute of every point, which follow one load; `off` stands still."""
    random = np.random.default_rng(seed)
    size = 3 * minutes
    batches = []
    for equipment in range(1, count + 1):
        load = np.convolve(random.standard_normal(size + 60), np.ones(61) / np.sqrt(61), "valid")
        runs = np.ones(size)
        if off is not None:
            runs[3 * off.start : 3 * off.stop] = 0
        values = np.outer(load, [2.0, -0.3, 1.0]) + np.array([30.0, 4.0, 12.0])
        values += random.standard_normal((size, 3)) * [0.5, 0.05, 0.2]
        columns = [runs, *(values * runs[:, None]).T]
        ts = T0 + (np.arange(size) * 20 + equipment) * SECOND
        batches += [
            ReadingBatch.of(np.full(size, 10 * equipment + row), ts, column)
            for row, column in enumerate(columns)
        ]
    return ReadingBatch.concat(batches).normalised()


def shifted(batch: ReadingBatch, key: str, since: int, by: float, equipment: int = 1) -> ReadingBatch:
    """The batch with one point off from a minute on."""
    value = batch.value.copy()
    value[(batch.point_id == 10 * equipment + ROW[key]) & (batch.ts >= T0 + since * MINUTE)] += by
    return ReadingBatch(batch.point_id, batch.ts, value, batch.quality)


def of(batch: ReadingBatch, equipment: int) -> dict[int, float]:
    """Minute -> deviation of one equipment."""
    mine = batch.point_id == 10 * equipment + ROW["deviation"]
    minute = (batch.ts[mine] - T0) // MINUTE
    return dict(zip(minute.tolist(), batch.value[mine].tolist(), strict=True))


def same(one: ReadingBatch, other: ReadingBatch) -> bool:
    names = ("point_id", "ts", "value", "quality")
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in names)


def test_a_shift_of_one_point_passes_the_limit_and_is_named_and_the_other_equipment_stays_below() -> None:
    judge = watch()
    found = judge.step(shifted(stream(400), "pressure", 330, 1.5), 0)
    ill, well = of(found, 1), of(found, 2)
    assert max(ill[minute] for minute in range(260, 331)) < 1
    assert min(ill[minute] for minute in range(350, 400)) > 1
    assert max(well.values()) < 1
    shares = judge.contributions(1)
    assert max(shares, key=lambda key: shares[key]) == "pressure"
    assert sum(shares.values()) == pytest.approx(1)


def test_one_value_per_whole_minute_of_running_after_the_commissioning_period() -> None:
    judge = watch()
    found = of(judge.step(stream(400), 0), 1)
    # the first start settles for five minutes after its first reading; each minute is told by the next
    first = 6 + LEARN + 1
    assert sorted(found) == list(range(first, 400))
    assert judge.progress(1) == Progress("judging", 1.0)


def test_while_learning_nothing_is_said_and_progress_is() -> None:
    judge = watch()
    assert not len(judge.step(stream(127), 0))
    assert judge.progress(1) == Progress("learning", 120 / LEARN)
    assert judge.contributions(1) == {}


def test_standing_still_is_neither_learned_from_nor_judged() -> None:
    judge = watch()
    found = of(judge.step(stream(440, off=slice(300, 340)), 0), 1)
    assert not [minute for minute in found if 300 < minute <= 346]
    assert max(found.values()) < 1
    learning = watch()
    learning.step(stream(127, off=slice(60, 100)), 0)
    # 60 minutes less the first six, then 27 less six
    assert learning.progress(1).share == pytest.approx((54 + 20) / LEARN)


def test_without_a_running_text_every_minute_counts() -> None:
    judge = watch(None)
    found = of(judge.step(stream(300), 0), 1)
    assert sorted(found) == list(range(LEARN + 1, 300))


def test_the_figures_are_those_of_learning_and_judging_one_equipment_alone() -> None:
    """Streamed learning bounds spikes otherwise; on plain readings the deviations agree closely."""
    batch = shifted(stream(700), "flow", 600, 6.0)
    found = of(watch(None).step(batch, 0), 1)
    rows = np.stack(
        [batch.value[batch.point_id == 10 + row].reshape(-1, 3).mean(axis=1) for row in (1, 2, 3)], axis=1
    )
    minute = np.arange(700) * MINUTE
    baseline = learn(minute[:LEARN], rows[:LEARN], Settings())
    scores = step(baseline.start(), minute[LEARN:-1], rows[LEARN:-1])
    alone = scores.deviation / scores.limit
    together = np.array([found[at + 1] for at in range(LEARN, 699)])
    assert alone.max() > 1.5
    np.testing.assert_allclose(together, alone, rtol=0.15, atol=0.05)


@cache
def troubled() -> ReadingBatch:
    """A fault, a stop, bad and missing readings, and a long silence."""
    batch = shifted(stream(400, off=slice(120, 150)), "current", 300, 2.0)
    random = np.random.default_rng(3)
    quality = np.where(random.random(len(batch)) < 0.02, np.uint8(Quality.OUT_OF_RANGE), np.uint8(0))
    keep = random.random(len(batch)) > 0.05
    keep &= ~((batch.ts > T0 + 340 * MINUTE) & (batch.ts < T0 + 375 * MINUTE))
    return ReadingBatch(batch.point_id, batch.ts, batch.value, quality.astype(np.uint8)).take(keep)


@cache
def whole() -> ReadingBatch:
    return watch().step(troubled(), 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10_000), max_size=12), st.booleans(), st.booleans())
def test_any_cut_any_repetition_and_any_restart_give_the_very_same_deviations(
    cuts: list[int], restart: bool, repeat: bool
) -> None:
    batch, cls = troubled(), thing()
    judge, found = watch(), []
    edges = [0, *sorted(min(cut, len(batch)) for cut in cuts), len(batch)]
    for start, stop in pairwise(edges):
        if restart:
            data = judge.checkpoint()
            judge = Watch(Catalogue({"thing": cls}), table(cls))
            judge.restore(data)
        found.append(judge.step(batch.take(slice(start - 30 * repeat if start > 30 else start, stop)), 0))
    assert len(whole()) > 100
    assert same(ReadingBatch.concat(found).normalised(), whole())


def test_reading_on_from_where_a_checkpoint_says_gives_what_no_restart_had_given() -> None:
    batch, cls = troubled(), thing()
    judge = watch()
    judge.step(batch.take(batch.ts < T0 + 290 * MINUTE + 35 * SECOND), 0)
    data = judge.checkpoint()
    later = Watch(Catalogue({"thing": cls}), table(cls))
    since = later.restore(data)
    assert since == T0 + 290 * MINUTE
    found = later.step(batch.take(batch.ts >= since), 0)
    assert same(found, whole().take(whole().ts > since))
    assert later.contributions(1) == judge_of_all().contributions(1)


@cache
def judge_of_all() -> Watch:
    judge = watch()
    judge.step(troubled(), 0)
    return judge


def test_late_readings_of_minutes_that_have_ended_are_ignored() -> None:
    batch = stream(400)
    judge = watch()
    cut = batch.ts < T0 + 300 * MINUTE
    late = ReadingBatch.of([11, 12], [T0 + 298 * MINUTE + 30 * SECOND] * 2, [900.0, 90.0])
    found = [judge.step(batch.take(cut), 0), judge.step(late, 0), judge.step(batch.take(~cut), 0)]
    assert same(ReadingBatch.concat(found), watch().step(batch, 0))


def test_bad_readings_and_clocks_ahead_do_not_count() -> None:
    batch = stream(400)
    wild = ReadingBatch.of(
        [11, 12], [T0 + 300 * MINUTE + 30 * SECOND, T0 + 9 * HOUR], [900.0, 90.0],
        [int(Quality.OUT_OF_RANGE), int(Quality.CLOCK)],
    )  # fmt: skip
    judge = watch()
    assert same(judge.step(ReadingBatch.concat([batch, wild]).normalised(), 0), watch().step(batch, 0))


def test_readings_of_other_points_and_of_the_deviation_itself_change_nothing() -> None:
    batch = stream(400)
    judge = watch()
    found = judge.step(batch, 0)
    again = ReadingBatch.concat([found, ReadingBatch.of([999, -1, 0], [T0] * 3, [1.0] * 3)])
    assert not len(judge.step(again, 0))
    assert not len(judge.step(ReadingBatch.empty(), 0))


def test_learning_anew_on_demand() -> None:
    judge = watch()
    batch = stream(600)
    cut = batch.ts < T0 + 300 * MINUTE
    judge.step(batch.take(cut), 0)
    judge.relearn(1)
    assert judge.progress(1) == Progress("learning", 0.0)
    assert judge.contributions(1) == {}
    later = judge.step(batch.take(~cut), 0)
    # the minute that was open when it was forgotten is the first to be learned
    assert min(of(later, 1)) == 299 + LEARN + 1
    assert min(of(later, 2)) == 300
    with pytest.raises(NotFoundError):
        judge.relearn(77)


def test_another_table_keeps_what_was_learned_of_equipment_that_stays() -> None:
    batch = stream(400)
    cut = batch.ts < T0 + 300 * MINUTE
    judge = watch()
    judge.step(batch.take(cut), 0)
    cls = thing()
    judge.replace_table(table(cls, 3), Catalogue({"thing": cls}))
    assert judge.progress(3).status == "learning"
    assert same(judge.step(batch.take(~cut), 0), watch().step(batch, 0).take(slice(-200, None)))


def test_a_baseline_of_other_points_or_units_begins_anew() -> None:
    judge = watch()
    judge.step(stream(400), 0)
    cls = thing(unit="kPa")
    judge.replace_table(table(cls), Catalogue({"thing": cls}))
    assert judge.progress(1) == Progress("learning", 0.0)


def test_equipment_without_the_point_or_with_one_point_only_has_none() -> None:
    cls = thing()
    for without in (("deviation",), ("flow", "pressure")):
        judge = Watch(Catalogue({"thing": cls}), table(cls, without=without))
        assert judge.deviation_of(1) is None
        assert not len(judge.step(stream(10), 0))
    one_less = Watch(Catalogue({"thing": cls}), table(cls, without=("flow",)))
    batch = stream(400)
    assert len(one_less.step(batch.take(batch.point_id % 10 != ROW["flow"]), 0)) > 200
    assert set(one_less.contributions(1)) == {"pressure", "current"}


def test_equipment_that_shows_nothing_goes_on_learning() -> None:
    batch = stream(400)
    judge = watch()
    constant = ReadingBatch(batch.point_id, batch.ts, np.ones(len(batch)), batch.quality)
    assert not len(judge.step(constant, 0))
    assert judge.progress(1).status == "learning"


def test_a_damaged_checkpoint_is_refused() -> None:
    judge = watch()
    judge.step(stream(300), 0)
    data = judge.checkpoint()
    for wrong in (b"", b"nonsense", data[:-1], data[:40] + b"x" + data[41:]):
        with pytest.raises(StoreCorruptError):
            judge.restore(wrong)


def test_a_running_text_that_means_nothing_is_said() -> None:
    cls = thing("flow > 3 bar")
    catalogue = Catalogue({"thing": cls})
    assert [item.key for item in running.problems(catalogue)] == ["baseline.running"]
    with pytest.raises(CatalogueError):
        Watch(catalogue, table(cls))
    assert not list(running.problems(Catalogue({"thing": thing()})))

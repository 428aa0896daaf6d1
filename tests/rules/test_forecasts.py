"""The interval that an alarm of a forecast carries."""

from collections.abc import Sequence

import numpy as np
import pytest
from ruletools import T0, Rig

from plantroom.forecasts import Forecast, forecasts
from plantroom.readings import ReadingBatch
from plantroom.times import HOUR, MINUTE, SECOND
from rules.engine import AlarmChange, Engine

RULE = "reaches(flow, 90, within 6 h over 2 h by 5 min)"
LATER = (
    "reaches(max(flow, 0 m3/h) / rated_flow, 180 %, within 6 h where running over 2 h by 5 min) and running"
)


def rising(rig: Rig, minutes: int = 300) -> ReadingBatch:
    """A flow that rises by 12 m3/h an hour from 20 on and scatters, while the machine runs."""
    scatter = np.random.default_rng(4).normal(0, 1.5, minutes)
    rows: list[tuple[object, ...]] = []
    for at in range(minutes):
        rows.append(("flow", 60.0 * at + 30, 20 + 0.2 * at + scatter[at]))
        rows.append(("running", 60.0 * at + 30, 1))
    return rig.batch(*rows)


def raised(changes: Sequence[AlarmChange]) -> AlarmChange:
    """The first alarm that is raised."""
    return next(item for item in changes if item.event.value == "raise")


def told(change: AlarmChange) -> Forecast:
    """The one forecast of an alarm."""
    [found] = forecasts(change.readings, change.ts)
    return found


@pytest.mark.parametrize(
    ("rule", "of", "limit", "unit"),
    [
        (RULE, "flow", 90.0, "m3/h"),
        (LATER, "max(flow, 0 m3/h) / rated_flow where running", 180.0, "%"),
    ],
)
def test_e72_it_is_told_between_its_ends(rule: str, of: str, limit: float, unit: str) -> None:
    rig = Rig({"r": rule}, stale="5min")
    change = raised(rig.engine.step(rising(rig), T0))
    found = told(change)
    assert (found.of, found.limit, found.unit) == (of, pytest.approx(limit), unit)
    [seconds] = [value for name, value in change.readings.items() if name.startswith("reaches(")]
    assert found.expected == change.ts + round(seconds) * SECOND
    assert found.latest is not None
    assert change.ts < found.earliest < found.expected < found.latest
    # 90 m3/h is reached 350 min after the beginning
    assert found.earliest < T0 + 350 * MINUTE < found.latest


@pytest.mark.parametrize("rule", [RULE, LATER])
@pytest.mark.parametrize("minutes", [1, 7, 60, 300])
def test_it_is_the_same_in_any_batches(rule: str, minutes: int) -> None:
    rig = Rig({"r": rule}, stale="5min")
    batch = rising(rig)
    whole = rig.engine.step(batch, T0)
    engine, found = rig.fresh(), []
    for start in range(0, len(batch), 2 * minutes):
        found += engine.step(batch.take(np.arange(start, min(start + 2 * minutes, len(batch)))), T0)
    assert found == whole
    assert told(raised(whole)) is not None


def test_it_is_the_same_after_a_restart() -> None:
    rig = Rig({"r": RULE}, stale="5min")
    batch = rising(rig)
    whole = raised(rig.engine.step(batch, T0))
    before = rig.fresh()
    stop = int(np.searchsorted(batch.ts, whole.ts - 3 * MINUTE))
    assert before.step(batch.take(np.arange(stop)), T0) == []
    after: Engine = rig.fresh()
    after.restore(before.checkpoint())
    assert raised(after.step(batch.take(np.arange(stop, len(batch))), T0)) == whole


def test_an_alarm_of_something_else_has_none() -> None:
    rig = Rig({"r": f"trip or {RULE}"}, stale="5min")
    flat = [("flow", 60.0 * at + 30, 20) for at in range(180)]
    change = raised(rig.engine.step(rig.batch(*flat, ("trip", 60.0 * 180, 1)), T0))
    assert forecasts(change.readings, change.ts) == []


def test_two_of_one_point_are_told_apart() -> None:
    both = f"{RULE} and {RULE.replace('90', '80')}"
    rig = Rig({"r": both}, stale="5min")
    change = raised(rig.engine.step(rising(rig), T0))
    first, second = forecasts(change.readings, change.ts)
    assert [first.limit, second.limit] == [90.0, 80.0]
    assert first.expected - second.expected > HOUR / 4


def test_what_clears_tells_none() -> None:
    rig = Rig({"r": RULE}, stale="5min")
    changes = rig.engine.step(rising(rig, 150), T0)
    down = [("flow", 60.0 * at + 30, 50 - 0.2 * (at - 150)) for at in range(150, 400)]
    changes += rig.engine.step(rig.batch(*down), T0)
    assert [str(item.event) for item in changes][-1] == "clear"
    assert forecasts(changes[-1].readings, changes[-1].ts) == []

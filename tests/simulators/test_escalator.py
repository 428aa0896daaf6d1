"""The escalator: steps and handrails, its hours, and what its switches and faults do."""

from __future__ import annotations

import pytest

from plantroom.times import HOUR, MINUTE, SECOND, Nanos
from simulators.base import Fault
from simulators.escalator import STOPPING, EscalatorModel
from tests.simulators.kit import Property, local
from tests.simulators.kit_plant import SUMMER, WINTER, check_noise, check_points, last, plant, raised, run

SUNDAY = local(2026, 7, 19)
KEY = "escalator-a"


@pytest.fixture(scope="module")
def escalators() -> Property:
    return plant("escalator")


@pytest.mark.parametrize("start", [SUMMER, WINTER])
def test_it_has_every_point_of_its_class(escalators: Property, start: Nanos) -> None:
    check_points(escalators, escalators.model("escalator-b", start))


def test_the_handrails_go_a_little_faster_than_the_steps(escalators: Property) -> None:
    steps = run(escalators.model(KEY, SUMMER), 1)
    for side in ("left", "right"):
        ratios = [float(at[f"handrail_speed_{side}"]) / float(at["step_speed"]) for at in steps]
        assert 1.005 < sum(ratios) / len(ratios) < 1.015
        assert min(ratios) > 0.995
    assert all(0.485 < float(at["step_speed"]) < 0.505 for at in steps)
    assert {at["direction"] for at in steps} in ({"up"}, {"down"})
    assert all(at["running"] and at["brake_released"] and at["mode"] == "normal" for at in steps)


def test_it_rests_at_night_and_stops_once_a_day(escalators: Property) -> None:
    steps = run(escalators.model("escalator-b", local(2026, 7, 22)), 24, 20)
    hours = sum(bool(at["running"]) for at in steps) / 180
    assert hours == pytest.approx(15.5, abs=0.02)
    assert float(steps[-1]["stops"]) - float(steps[0]["stops"]) == 1
    assert float(steps[-1]["run_hours"]) - float(steps[0]["run_hours"]) == pytest.approx(hours, abs=0.03)
    for at in steps:
        if not at["running"]:
            assert at["step_speed"] == at["handrail_speed_left"] == at["handrail_speed_right"] == 0
            assert at["direction"] == "stopped"
            assert at["brake_released"] is False


def test_at_criticality_a_it_only_stops_to_be_cleaned(escalators: Property) -> None:
    steps = run(escalators.model(KEY, SUNDAY), 24, 20)
    assert 28 <= sum(not at["running"] for at in steps) <= 32
    assert float(steps[-1]["stops"]) - float(steps[0]["stops"]) == 1


@pytest.mark.parametrize("key", ["escalator-a", "escalator-b"])
@pytest.mark.parametrize("hour", [5, 15, 23])
def test_counters_of_a_second_run_go_on(escalators: Property, key: str, hour: int) -> None:
    start = SUNDAY + 2 * HOUR
    before = last(escalators.model(key, start), hour - 2, 20)
    after = last(escalators.model(key, SUNDAY + hour * HOUR), 20 / 3600, 20)
    for counter in ("stops", "run_hours"):
        assert after[counter] >= before[counter] - 0.02, counter
        assert after[counter] == pytest.approx(before[counter], rel=0.01), counter


def test_the_drive_is_warmer_in_a_busy_hour(escalators: Property) -> None:
    night = last(escalators.model(KEY, local(2026, 7, 22, 2)), 2)
    busy = last(escalators.model(KEY, local(2026, 7, 22, 17)), 2)
    assert night["drive_temperature"] + 4 < busy["drive_temperature"] < 65


def test_it_looks_like_instruments(escalators: Property) -> None:
    check_noise(escalators, run(escalators.model(KEY, SUMMER), 3))


@pytest.mark.parametrize("kind", [*STOPPING, "controller_fault", "reversal"])
def test_a_safety_device_stops_it_on_a_fault_until_it_is_reset(escalators: Property, kind: str) -> None:
    fault = Fault(kind, KEY, SUMMER + MINUTE, end_ts=SUMMER + 10 * MINUTE)
    steps = run(escalators.model(KEY, SUMMER, [fault]), 0.25)
    assert steps[20]["mode"] == "fault"
    assert steps[20]["running"] is steps[20]["brake_released"] is False
    assert steps[20]["step_speed"] == 0
    assert steps[-1]["mode"] == "normal"
    assert steps[-1]["running"] is True
    assert float(steps[-1]["stops"]) == float(steps[0]["stops"]) + 1


def test_a_reversal_runs_the_steps_back_before_they_are_held(escalators: Property) -> None:
    model = escalators.model(KEY, SUMMER, [Fault("reversal", KEY, SUMMER + MINUTE)])
    steps = [model.step(SUMMER + number * 2 * SECOND, 2.0) for number in range(1, 60)]
    ways = [at["direction"] for at in steps]
    back = "down" if ways[0] == "up" else "up"
    assert 1 <= ways.count(back) <= 5
    assert ways[-1] == "stopped"
    assert max(float(at["step_speed"]) for at in steps if at["direction"] == back) > 0.15


def test_overspeed_is_seen_before_the_brake_holds_the_steps(escalators: Property) -> None:
    steps = run(escalators.model(KEY, SUMMER, [Fault("overspeed", KEY, SUMMER + MINUTE)]), 0.1, 2)
    fast = [number for number, at in enumerate(steps) if float(at["step_speed"]) > 0.6]
    assert fast
    assert steps[fast[-1]]["over_speed"] is True
    assert steps[-1]["step_speed"] == 0


@pytest.mark.parametrize("kind", [kind for kind, rules in EscalatorModel.faults.items() if rules])
def test_a_fault_of_an_escalator_raises_its_rules(escalators: Property, kind: str) -> None:
    found = raised(escalators, KEY, SUMMER, kind, dt_s=5)
    assert found
    assert found <= set(EscalatorModel.faults[kind])


@pytest.mark.parametrize("kind", EscalatorModel.faults)
def test_a_slight_fault_of_an_escalator_raises_no_others(escalators: Property, kind: str) -> None:
    assert raised(escalators, KEY, SUMMER, kind, severity=0.3) <= set(EscalatorModel.faults[kind])


@pytest.mark.slow
@pytest.mark.parametrize("key", ["escalator-a", "escalator-b"])
@pytest.mark.parametrize("day", [local(2026, 1, 21), SUNDAY, SUMMER - 14 * HOUR])
def test_a_healthy_escalator_raises_nothing_in_a_day(escalators: Property, key: str, day: Nanos) -> None:
    assert escalators.alarms(escalators.model(key, day), 24 * 3600, 5) == []

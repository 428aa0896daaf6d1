"""The switchboard: the day's load, what belongs together of three phases, outages and joints."""

from __future__ import annotations

from functools import partial

import pytest

from plantroom.times import HOUR, MINUTE, SECOND, Nanos
from simulators.base import Fault
from simulators.switchboard import SwitchboardModel
from tests.simulators.kit import Property, local
from tests.simulators.kit_plant import (
    SUMMER,
    WINTER,
    check_noise,
    check_points,
    plant,
    raised,
    run,
    values_after,
)

KEY = "switchboard-a"
SATURDAY = local(2026, 1, 24)

after = partial(values_after, key=KEY)


@pytest.fixture(scope="module")
def boards() -> Property:
    return plant("switchboard")


@pytest.mark.parametrize("start", [SUMMER, WINTER])
def test_it_has_every_point_of_its_class(boards: Property, start: Nanos) -> None:
    check_points(boards, boards.model(KEY, start))


def test_line_voltages_are_root_three_of_the_phases_and_power_is_what_flows(boards: Property) -> None:
    values = after(boards, WINTER, 0.5)
    for phase, line in (("l1", "l12"), ("l2", "l23"), ("l3", "l31")):
        assert values[f"voltage_{line}"] == pytest.approx(3**0.5 * values[f"voltage_{phase}"], rel=0.01)
    apparent = sum(values[f"voltage_{phase}"] * values[f"current_{phase}"] for phase in ("l1", "l2", "l3"))
    assert values["power"] == pytest.approx(apparent * values["power_factor"] / 1000, rel=0.02)
    assert 0 < values["voltage_unbalance"] < 1


def test_the_load_has_its_day_its_weekend_and_its_summer(boards: Property) -> None:
    def power(start: Nanos) -> float:
        return after(boards, start, 0.1)["power"]

    assert power(WINTER) > 2.5 * power(local(2026, 1, 21, 3))
    assert power(WINTER) > 1.4 * power(SATURDAY + 14 * HOUR)
    assert power(SUMMER) > power(WINTER) + 10


def test_load_pulls_the_voltage_down_and_warms_the_joints(boards: Property) -> None:
    night, day = after(boards, local(2026, 1, 21, 3), 1), after(boards, WINTER, 1)
    assert day["voltage_l1"] < night["voltage_l1"] - 1
    assert day["joint_temperature_l1"] > night["joint_temperature_l1"] + 3


def test_energy_is_the_integral_of_power(boards: Property) -> None:
    steps = run(boards.model(KEY, WINTER), 2)
    mean = sum(float(values["power"]) for values in steps) / len(steps)
    grown = float(steps[-1]["energy"]) - float(steps[0]["energy"])
    assert grown == pytest.approx(2 * mean, rel=0.01)


def test_a_later_run_never_begins_with_less_energy(boards: Property) -> None:
    before = after(boards, WINTER, 8)["energy"]
    assert after(boards, WINTER + 8 * HOUR, 0.01)["energy"] > before


def test_the_generator_takes_over_after_ten_seconds(boards: Property) -> None:
    model = boards.model(
        KEY, WINTER, [Fault("supply_lost", KEY, WINTER + MINUTE, end_ts=WINTER + 5 * MINUTE)]
    )
    steps = [model.step(WINTER + number * 5 * SECOND, 5.0) for number in range(1, 72)]
    dead = [number for number, values in enumerate(steps) if values["voltage_l12"] == 0]
    assert dead == [11]
    assert steps[11]["power"] == steps[11]["current_l1"] == 0
    assert steps[20]["on_standby"] is steps[20]["standby_supply"] is True
    assert steps[20]["normal_supply"] is False
    assert steps[-1]["normal_supply"] is True
    assert steps[-1]["on_standby"] is False


def test_a_broken_neutral_moves_the_phases_and_not_the_lines(boards: Property) -> None:
    sound, broken = after(boards, WINTER, 0.1), after(boards, WINTER, 0.1, "neutral_broken")
    assert broken["voltage_l1"] > sound["voltage_l1"] + 20
    assert broken["voltage_l2"] < sound["voltage_l2"] - 30
    assert broken["voltage_l12"] == pytest.approx(sound["voltage_l12"], abs=1)
    assert broken["current_neutral"] == 0


def test_bad_compensation_takes_more_current_for_the_same_power(boards: Property) -> None:
    good, bad = after(boards, WINTER, 0.1), after(boards, WINTER, 0.1, "compensation_failed")
    assert bad["current_l1"] > 1.15 * good["current_l1"]
    assert bad["power"] == pytest.approx(good["power"], rel=0.02)


def test_it_looks_like_instruments(boards: Property) -> None:
    check_noise(boards, run(boards.model(KEY, WINTER), 3))


@pytest.mark.parametrize("kind", SwitchboardModel.faults)
def test_a_slight_fault_of_a_switchboard_raises_no_others(boards: Property, kind: str) -> None:
    assert raised(boards, KEY, WINTER, kind, severity=0.3, dt_s=20) <= set(SwitchboardModel.faults[kind])


@pytest.mark.parametrize("kind", [kind for kind, rules in SwitchboardModel.faults.items() if rules])
def test_a_fault_of_a_switchboard_shows_in_summer_too(boards: Property, kind: str) -> None:
    found = raised(boards, KEY, SUMMER, kind, dt_s=20)
    assert found
    assert found <= set(SwitchboardModel.faults[kind])

"""The lighting circuit: schedule, lamps, contactor."""

from __future__ import annotations

import pytest

from plantroom.times import SECOND, Nanos
from simulators.base import Fault, Values
from tests.simulators.kit import Property, local

EVENING, NIGHT = local(2026, 10, 19, 19), local(2026, 10, 19, 2)


def circuit(demo: Property, key: str, start: Nanos, *faults: Fault) -> Values:
    model = demo.model(key, start, faults)
    return [model.step(start + n * 5 * SECOND, 5.0) for n in range(1, 61)][-1]


def test_it_burns_in_the_evening_with_its_full_power(demo: Property) -> None:
    values = circuit(demo, "light-05", EVENING)
    assert values["command"] is values["state"] is values["schedule_on"] is True
    assert float(values["power"]) == pytest.approx(56 * 28, rel=0.005)
    assert float(values["current"]) == pytest.approx(56 * 28 / (230 * 0.95), rel=0.01)
    assert 400 < float(values["illuminance"]) < 800


def test_it_is_dark_at_night_but_for_criticality_a(demo: Property) -> None:
    office, stairs = circuit(demo, "light-05", NIGHT), circuit(demo, "light-02", NIGHT)
    assert office["command"] is office["state"] is False
    assert office["power"] == office["current"] == 0
    assert stairs["state"] is True


@pytest.mark.parametrize(("severity", "dead"), [(0.01, 1), (0.5, 6), (1.0, 11)])
def test_failed_lamps_take_their_power_with_them(demo: Property, severity: float, dead: int) -> None:
    fault = Fault("lamp_failure", "light-05", EVENING, severity=severity)
    values = circuit(demo, "light-05", EVENING, fault)
    assert float(values["power"]) == pytest.approx((56 - dead) * 28, rel=0.005)


def test_a_stuck_contactor_burns_uncommanded_and_a_lost_supply_does_not(demo: Property) -> None:
    stuck = circuit(demo, "light-05", NIGHT, Fault("contactor_stuck", "light-05", NIGHT))
    assert stuck["command"] is False
    assert float(stuck["power"]) > 1000
    dead = circuit(demo, "light-05", EVENING, Fault("no_power", "light-05", EVENING))
    assert dead["command"] is True
    assert dead["state"] is False
    assert dead["power"] == 0

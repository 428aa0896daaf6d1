"""The fire alarm panel: quiet when healthy; its battery and its signals in fault."""

from __future__ import annotations

import pytest

from plantroom.times import MINUTE, SECOND
from simulators.base import Fault, Values
from tests.simulators.kit import Property, local

START = local(2026, 10, 19, 12)


def panel(demo: Property, minutes: int, *faults: Fault) -> list[Values]:
    model = demo.model("fire-panel-01", START, faults)
    return [model.step(START + n * 5 * SECOND, 5.0) for n in range(1, minutes * 12 + 1)]


def test_a_healthy_panel_is_quiet(demo: Property) -> None:
    for values in panel(demo, 30):
        assert not any(value for value in values.values() if isinstance(value, bool))
        assert values["zones_in_alarm"] == values["detectors_in_fault"] == values["isolated_points"] == 0
        assert 27 < float(values["battery_voltage"]) < 27.6


def test_a_second_zone_follows_after_a_minute(demo: Property) -> None:
    steps = panel(demo, 3, Fault("alarm", "fire-panel-01", START))
    assert [steps[5]["zones_in_alarm"], steps[-1]["zones_in_alarm"]] == [1, 2]
    assert all(values["fire_alarm"] is True for values in steps)


def test_the_battery_sinks_without_its_charger_and_recovers(demo: Property) -> None:
    fault = Fault("battery_low", "fire-panel-01", START, end_ts=START + 40 * MINUTE)
    steps = panel(demo, 120, fault)
    volts = [float(values["battery_voltage"]) for values in steps]
    assert steps[0]["charger_fault"] is steps[0]["trouble"] is True
    assert volts[40 * 12 - 2] == pytest.approx(20.4, abs=0.2)
    assert volts[-1] > 27
    assert steps[-1]["charger_fault"] is False


def test_a_small_severity_is_no_contact(demo: Property) -> None:
    steps = panel(demo, 2, Fault("trouble", "fire-panel-01", START, severity=0.4))
    assert not any(values["trouble"] for values in steps)

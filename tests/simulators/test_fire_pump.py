"""The fire pump: the jockey holds the pressure, the pump starts when it cannot."""

from __future__ import annotations

from plantroom.times import SECOND
from simulators.base import Fault, Values
from tests.simulators.kit import Property, local

START = local(2026, 10, 19, 12)


def pumps(demo: Property, minutes: int, *faults: Fault) -> list[Values]:
    model = demo.model("fire-pump-01", START, faults)
    return [model.step(START + n * 5 * SECOND, 5.0) for n in range(1, minutes * 12 + 1)]


def test_the_jockey_starts_a_few_times_a_day_and_the_pump_never(demo: Property) -> None:
    steps = pumps(demo, 24 * 60)
    assert 4 <= float(steps[-1]["jockey_starts"]) - float(steps[0]["jockey_starts"]) <= 8
    assert not any(values["running"] or values["command"] for values in steps)
    assert all(7.4 < float(values["sprinkler_pressure"]) < 8.4 for values in steps)
    assert all(float(values["hydrant_pressure"]) < 10 for values in steps)


def test_a_burst_empties_the_network_although_both_pumps_run(demo: Property) -> None:
    last = pumps(demo, 10, Fault("pressure_low", "fire-pump-01", START))[-1]
    assert last["running"] is last["jockey_running"] is True
    assert float(last["sprinkler_pressure"]) < 0.5


def test_an_open_sprinkler_starts_the_pump_which_runs_on(demo: Property) -> None:
    steps = pumps(demo, 10, Fault("sprinkler_open", "fire-pump-01", START))
    assert all(values["flow_switch"] is True for values in steps)
    running = [values["running"] for values in steps]
    first = running.index(True)
    assert all(running[first:])
    assert float(steps[-1]["sprinkler_pressure"]) > 7


def test_a_leak_keeps_the_jockey_running(demo: Property) -> None:
    steps = pumps(demo, 120, Fault("network_leak", "fire-pump-01", START))
    longest = run = 0
    for values in steps:
        run = run + 1 if values["jockey_running"] else 0
        longest = max(longest, run)
    assert longest * 5 > 10 * 60


def test_without_power_nothing_runs(demo: Property) -> None:
    faults = [Fault(kind, "fire-pump-01", START) for kind in ("power_lost", "pressure_low")]
    last = pumps(demo, 10, *faults)[-1]
    assert last["power_available"] is last["running"] is last["jockey_running"] is False
    assert last["command"] is True


def test_the_tank_sinks_and_is_filled_again(demo: Property) -> None:
    fault = Fault("tank_low", "fire-pump-01", START, end_ts=START + 300 * SECOND)
    levels = [float(values["tank_level"]) for values in pumps(demo, 60, fault)]
    assert min(levels) < 75
    assert levels[-1] > 97

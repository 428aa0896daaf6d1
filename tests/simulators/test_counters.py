"""Counters of a run that follows another: the models know nothing of it, and still they go on."""

from __future__ import annotations

import pytest

from plantroom.times import HOUR, SECOND
from simulators.base import Values
from tests.simulators.kit import Property, local


def first_and_last(demo: Property, key: str, hours: float) -> tuple[Values, Values]:
    """The last values of a run, and the first of one that begins where it ended."""
    start = local(2026, 10, 18, 2)
    model = demo.model(key, start)
    count = round(hours * 360)
    last = [model.step(start + number * 10 * SECOND, 10.0) for number in range(1, count + 1)][-1]
    end = start + round(hours * HOUR)
    return last, demo.model(key, end).step(end + 10 * SECOND, 10.0)


@pytest.mark.parametrize(
    ("key", "counters"),
    [
        ("pump-01", ["run_hours", "starts"]),
        ("light-01", ["burn_hours"]),
        ("light-05", ["burn_hours"]),
    ],
)
@pytest.mark.parametrize("hours", [3, 8, 18])
def test_a_second_run_goes_on_where_the_first_ended(
    demo: Property, key: str, counters: list[str], hours: float
) -> None:
    before, after = first_and_last(demo, key, hours)
    for counter in counters:
        assert float(after[counter]) >= float(before[counter]), counter
        assert float(after[counter]) == pytest.approx(float(before[counter]), rel=0.01), counter


@pytest.mark.parametrize("hours", [3, 18])
def test_what_traffic_drives_goes_on_but_for_chance(demo: Property, hours: float) -> None:
    before, after = first_and_last(demo, "elevator-01", hours)
    for counter in ("run_hours", "trips", "door_cycles", "door_reopens"):
        assert float(after[counter]) == pytest.approx(float(before[counter]), rel=0.001), counter

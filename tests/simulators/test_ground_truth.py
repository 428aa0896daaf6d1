"""Every model against the catalogue: its points, its healthy running, and what each fault must raise.

The rules run offline, through the engine, on the demo's equipment.
"""

from __future__ import annotations

import pytest

from plantroom.alarms import AlarmEvent
from plantroom.model import PointKind
from plantroom.times import MINUTE, SECOND, Nanos
from simulators.base import Fault
from simulators.faults import ground_truth
from simulators.registry import model_of, models
from tests.simulators.kit import Property, local

EXAMPLES = {
    "ahu": "ahu-01",
    "elevator": "elevator-01",
    "fire_panel": "fire-panel-01",
    "fire_pump": "fire-pump-01",
    "lighting_circuit": "light-05",
    "pump": "pump-01",
}
WINTER_DAY, WINTER_NIGHT = local(2026, 1, 15, 14), local(2026, 1, 15, 1)
EVENING = local(2026, 1, 15, 18)
# what shows only while it is dark, or while a schedule has the equipment off
ELSEWHERE: dict[str, tuple[str, Nanos]] = {
    "left_running": ("ahu-02", WINTER_NIGHT),
    "contactor_stuck": ("light-05", WINTER_NIGHT),
    "lamp_failure": ("light-05", EVENING),
    "no_power": ("light-05", EVENING),
}
# hours that the slowest of a kind's rules needs; the others show within an hour and a half
HOURS = {"points_isolated": 24.2}
SEASONS = [local(2026, 1, 18), local(2026, 7, 19), local(2026, 10, 18)]
"""Sundays, when pumps change over."""


def test_there_is_a_model_for_each_class_of_the_demo(demo: Property) -> None:
    assert set(EXAMPLES) == set(models()) == {item.equipment_class for item in demo.table.equipment}
    assert model_of("chiller") is None
    assert model_of("fleet") is None


@pytest.mark.parametrize("equipment_class", sorted(EXAMPLES))
def test_a_model_speaks_the_catalogue(demo: Property, equipment_class: str) -> None:
    start = local(2026, 10, 19, 9)
    model, cls = demo.model(EXAMPLES[equipment_class], start), demo.catalogue[equipment_class]
    for number in range(1, 200):
        values = model.step(start + number * 10 * SECOND, 10.0)
        for key, value in values.items():
            spec = cls.point(key)
            assert spec is not None, key
            if spec.kind is PointKind.ENUM:
                assert value in (spec.values or {})
            elif spec.kind is PointKind.BINARY:
                assert isinstance(value, bool)
            else:
                low, high = spec.valid_span
                assert not isinstance(value, (bool, str))
                assert low <= value <= high, key


def test_every_fitted_point_of_the_demo_is_simulated(demo: Property) -> None:
    for item in demo.table.equipment:
        values = demo.model(item.key, WINTER_DAY).step(WINTER_DAY + 5 * SECOND, 5.0)
        assert set(demo.table.of_equipment(item.site, item.key) or {}) <= set(values), item.key


def test_every_rule_of_the_truth_is_in_the_catalogue(demo: Property) -> None:
    for equipment_class, kind, rules in ground_truth():
        for rule in rules:
            assert demo.catalogue[equipment_class].rule(rule) is not None, (kind, rule)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "start"),
    [
        (key, start)
        for key in [*EXAMPLES.values(), "ahu-02", "light-01", "pump-03"]
        # an elevator takes long to simulate, and the weather hardly touches it
        for start in (SEASONS if key != "elevator-01" else SEASONS[-1:])
    ],
)
def test_healthy_equipment_raises_nothing_in_a_day(demo: Property, key: str, start: Nanos) -> None:
    model = demo.model(key, start)
    assert demo.alarms(model, 24 * 3600, model.period_s if model.period_s < 5 else 10) == []


@pytest.mark.parametrize(
    ("equipment_class", "kind", "rules"),
    [pytest.param(*entry, id=f"{entry[0]}-{entry[1]}") for entry in ground_truth()],
)
def test_a_fault_raises_its_rules_and_no_others(
    demo: Property, equipment_class: str, kind: str, rules: tuple[str, ...]
) -> None:
    key, start = ELSEWHERE.get(kind, (EXAMPLES[equipment_class], WINTER_DAY))
    begin = start + 5 * MINUTE
    model = demo.model(key, start, [Fault(kind, key, begin)])
    hours = HOURS.get(kind, 1.5)
    changes = demo.alarms(model, hours * 3600, 20 if hours > 2 else model.period_s)
    raised = {rule for _, rule, event in changes if event is AlarmEvent.RAISE}
    assert raised <= set(rules)
    assert bool(raised) is bool(rules)
    assert all(ts >= begin for ts, _, _ in changes)

"""Every model against the catalogue: its points, its healthy running, and what each fault must raise.

The rules run offline, through the engine, on the demo's equipment.
"""

from __future__ import annotations

import pytest

from plantroom.alarms import AlarmEvent
from plantroom.model import PointKind
from plantroom.times import DAY, MINUTE, SECOND, Nanos
from simulators.base import Fault
from simulators.faults import ground_truth
from simulators.registry import model_of, models
from tests.simulators.kit import Property, local

EXAMPLES = {
    "ahu": "ahu-01",
    "boiler": "boiler-01",
    "chiller": "chiller-01",
    "elevator": "elevator-01",
    "emergency_lighting": "emergency-light-01",
    "escalator": "escalator-01",
    "fcu": "fcu-02",
    "fire_panel": "fire-panel-01",
    "fire_pump": "fire-pump-01",
    "lighting_circuit": "light-05",
    "pump": "pump-01",
    "switchboard": "switchboard-01",
    "transformer": "transformer-01",
    "water_tank": "water-tank-01",
}
WINTER_DAY, WINTER_NIGHT = local(2026, 1, 15, 14), local(2026, 1, 15, 1)
EVENING, SUMMER_DAY = local(2026, 1, 15, 18), local(2026, 7, 22, 14)
STARTS = {"chiller": SUMMER_DAY}
"""Where another time than a winter's day shows the class at work."""
# what shows only while it is dark, while a schedule has the equipment off, or where its sensor is fitted
ELSEWHERE: dict[str, tuple[str, Nanos]] = {
    "ahu/left_running": ("ahu-02", WINTER_NIGHT),
    "ahu/sensor_stuck": ("ahu-01", EVENING),
    "fcu/damper_leaks": ("fcu-01", WINTER_NIGHT),
    "fcu/wrong_water": ("fcu-02", SUMMER_DAY),
    "lighting_circuit/contactor_stuck": ("light-05", WINTER_NIGHT),
    "lighting_circuit/lamp_failure": ("light-05", EVENING),
    "lighting_circuit/no_power": ("light-05", EVENING),
    "lighting_circuit/sensor_drift": ("light-05", EVENING),
    "lighting_circuit/sensor_stuck": ("light-01", WINTER_DAY),
    "transformer/inner_fault": ("transformer-11", WINTER_DAY),
    "transformer/oil_leak": ("transformer-11", WINTER_DAY),
    "transformer/oil_overheating": ("transformer-11", WINTER_DAY),
    "water_tank/leak": ("water-tank-01", WINTER_NIGHT),
    # while it fills
    "water_tank/sensor_stuck": ("water-tank-01", WINTER_DAY),
}
# hours that the slowest of a kind's rules needs; the others show within an hour and a half
HOURS = {
    "ahu/sensor_drift": 3.0,
    "emergency_lighting/mains_failure": 2.5,
    "emergency_lighting/blackout": 2.5,
    "fcu/wrong_water": 3.0,
    "fire_panel/points_isolated": 24.2,
    "transformer/sensor_stuck": 12.0,
    "water_tank/inlet_stuck": 4.0,
    "water_tank/leak": 5.0,
    "water_tank/sensor_drift": 4.0,
    "water_tank/sensor_stuck": 4.0,
    "water_tank/supply_lost": 8.0,
}
SEASONS = [local(2026, 1, 18), local(2026, 7, 19), local(2026, 10, 18)]
"""Sundays, when pumps change over."""
NEW_PLANT = ["fcu-01", "switchboard-11", "transformer-11", "escalator-02", "emergency-light-11", "pump-04"]
WORKDAYS = [local(2026, 1, 19), local(2026, 7, 20)]
"""Mondays, after a weekend's rest."""


def test_there_is_a_model_for_each_class_of_the_demo(demo: Property) -> None:
    assert set(EXAMPLES) == set(models()) == {item.equipment_class for item in demo.table.equipment}
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
        baseline = demo.catalogue[item.equipment_class].baseline
        worked_out = {baseline.deviation} if baseline else set()
        assert set(demo.table.of_equipment(item.site, item.key) or {}) <= set(values) | worked_out, item.key


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
    ]
    + [(key, start) for key in NEW_PLANT for start in WORKDAYS],
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
    name = f"{equipment_class}/{kind}"
    usual = EXAMPLES[equipment_class], STARTS.get(equipment_class, WINTER_DAY)
    key, start = ELSEWHERE.get(name, usual)
    # an instrument counts as frozen that moved for a day before, and stood still for two hours
    frozen = kind == "sensor_stuck" and name not in HOURS
    lead, hours = (DAY, 26.5) if frozen else (0, HOURS.get(name, 1.5))
    begin = start + 5 * MINUTE
    start -= lead
    model = demo.model(key, start, [Fault(kind, key, begin)])
    changes = demo.alarms(model, hours * 3600, 20 if hours > 2 else model.period_s)
    raised = {rule for _, rule, event in changes if event is AlarmEvent.RAISE}
    assert raised <= set(rules)
    assert bool(raised) is bool(rules)
    assert all(ts >= begin for ts, _, _ in changes)

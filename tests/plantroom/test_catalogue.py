"""The classes shipped: what they hold, where their figures come from, and how they read."""

from __future__ import annotations

import json
import re
from functools import lru_cache

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from numpy.typing import NDArray

from plantroom.alarms import Severity
from plantroom.catalogue import (
    Catalogue,
    EquipmentClass,
    FaultRule,
    TermSpec,
    load_catalogue,
    schema_json,
)
from plantroom.catalogue.loader import SHIPPED
from plantroom.model import PointKind, Text
from plantroom.readings import Float64s
from plantroom.yaml_file import read
from rules.expression import CompiledRule, check_catalogue, compile_rule
from rules.language.terms import (
    Calendar,
    Elapsed,
    Known,
    PointValue,
    Previous,
    Related,
    TruthTerm,
    Windowed,
    walk,
)
from rules.program import Fixed, Part, Program

CATALOGUE = load_catalogue()
CLASSES = {
    "elevator", "escalator", "pump", "water_tank", "ahu", "chiller", "fcu", "boiler", "fire_pump",
    "fire_panel", "lighting_circuit", "emergency_lighting", "switchboard", "transformer",
}  # fmt: skip
SOURCES = re.compile(
    r"\b(practice|property service plan|nameplate|maker|data sheet|pump curve|site survey|circuit breaker"
    r"|measured|by law|supply contract|QARTOD tests|(ASHRAE|EN|IEC|ISO|GB|GB/T|NFPA|NEMA|TSG) ?[A-Z0-9])"
)
SKILLS = {"water", "electrical", "heating", "elevator", "fire", "hvac", "lighting", "cleaning", "automation"}
SIMULATED = {
    "pump": """
        running trip suction_pressure discharge_pressure flow vibration_de vibration_nde
        bearing_temperature winding_temperature current speed starts run_hours
    """,
    "elevator": """
        in_service mode car_position direction speed load door_state in_door_zone door_cycles
        door_reopens trips run_hours levelling_error brake_released drive_temperature
        machine_room_temperature vibration_vertical vibration_horizontal people_inside alarm_button
        safety_chain_open over_speed power_fail
    """,
    "ahu": """
        supply_temperature return_temperature mixed_temperature outdoor_temperature supply_setpoint
        heating_valve cooling_valve outdoor_damper fan_speed duct_pressure duct_pressure_setpoint
        filter_pressure_drop fan_command fan_status freeze_stat return_humidity return_co2
    """,
    "fire_panel": """
        fire_alarm supervisory trouble charger_fault zones_in_alarm detectors_in_fault isolated_points
        loop_current battery_voltage
    """,
    "fire_pump": """
        running auto_mode trip power_available jockey_running valve_tamper flow_switch
        sprinkler_pressure hydrant_pressure tank_level jockey_starts
    """,
    "lighting_circuit": """
        command state power current illuminance burn_hours
    """,
}
"""What the simulators publish."""

RULES = [(cls, rule) for cls in CATALOGUE for rule in cls.rules]
ORDERS = [(cls, rule) for cls, rule in RULES if rule.work_order]
TRADITIONAL = set(
    "務電氣維檢壓溫濕燈報門機組動開關斷閥過濾熱設備車間裝測試調節環應與無風給傳輸絕緣變頻顯確認處滿線絲簡單廳數據層樓滅噴"
)


def key_of(param: object) -> str:
    """The key of a class or a rule, to name its test."""
    return str(getattr(param, "key", ""))


each_class = pytest.mark.parametrize("cls", list(CATALOGUE), ids=key_of)
each_rule = pytest.mark.parametrize(("cls", "rule"), RULES, ids=key_of)
LOOKS_ELSEWHERE = (Calendar, Elapsed, Previous, Related, Windowed)
MOMENTARY = [
    (cls, compiled)
    for cls, rule in RULES
    for compiled in [compile_rule(rule, cls, CATALOGUE)]
    if not any(isinstance(part, LOOKS_ELSEWHERE) for part in walk(compiled.raises))
]
"""Rules that are judged by the readings of the moment alone; the others have their cases."""
each_momentary = pytest.mark.parametrize(("cls", "rule"), MOMENTARY, ids=key_of)


def _text(term: TermSpec) -> str:
    return " ".join([term.text or "", *(term.states or {}).values()])


def texts(cls: EquipmentClass) -> list[Text]:
    """Everything in the class that people read."""
    found = [cls.name, cls.team]
    found += [item.name for group in (cls.parameters, cls.points, cls.rules, cls.plans) for item in group]
    for rule in cls.rules:
        found += [rule.cause, rule.consequence, rule.remedy]
        found += [task.text for task in rule.work_order.checklist] if rule.work_order else []
    return found + [task.text for plan in cls.plans for task in plan.tasks]


class TestContent:
    def test_the_classes_asked_for_are_there(self) -> None:
        assert set(CATALOGUE.classes) == CLASSES

    def test_every_rule_means_something_for_its_class(self) -> None:
        assert check_catalogue(CATALOGUE) == []

    @each_class
    def test_every_figure_has_a_source(self, cls: EquipmentClass) -> None:
        sources = [cls.source]
        for group in (cls.parameters, cls.points, cls.rules, cls.plans):
            sources += [item.source for item in group]
        assert [source for source in sources if not SOURCES.search(source)] == []

    @each_class
    def test_every_key_is_unique(self, cls: EquipmentClass) -> None:
        names = [item.key for item in cls.parameters] + [item.key for item in cls.points]
        for keys in (names, [rule.key for rule in cls.rules], [plan.key for plan in cls.plans]):
            assert len(set(keys)) == len(keys)

    @each_class
    def test_it_has_enough_to_work_with(self, cls: EquipmentClass) -> None:
        assert len(cls.rules) >= 8
        assert sum(rule.work_order is not None for rule in cls.rules) >= 4
        assert any("property service plan" in plan.source for plan in cls.plans)

    @each_class
    def test_every_parameter_is_used(self, cls: EquipmentClass) -> None:
        used = " ".join([rule.when for rule in cls.rules] + [_text(term) for term in cls.terms])
        facts = {"lamp_count"}  # what a person reads beside full_power
        unused = {item.key for item in cls.parameters if not re.search(rf"\b{item.key}\b", used)}
        assert unused <= facts

    @pytest.mark.parametrize("key", SIMULATED)
    def test_it_has_the_points_that_its_simulator_publishes(self, key: str) -> None:
        assert set(SIMULATED[key].split()) <= {point.key for point in CATALOGUE[key].points}

    def test_every_binary_and_analog_point_has_what_its_kind_needs(self) -> None:
        for cls in CATALOGUE:
            for point in cls.points:
                assert (point.valid is not None) == (point.kind is PointKind.ANALOG), (cls.key, point.key)
                assert point.stale_nanos >= 3 * point.sample, (cls.key, point.key)


class TestWords:
    @each_class
    def test_english_is_english_and_chinese_is_simplified_chinese(self, cls: EquipmentClass) -> None:
        for text in texts(cls):
            assert text.en.isascii(), text.en
            assert re.search(r"[一-鿿]", text.zh), text.zh
            assert not set(text.zh) & TRADITIONAL, text.zh
            assert not re.search(r"[,;:!?]", text.zh), text.zh  # Chinese has its own

    @each_class
    def test_sentences_end_and_names_do_not(self, cls: EquipmentClass) -> None:
        for rule in cls.rules:
            assert not rule.name.en.endswith(".")
            assert not rule.name.zh.endswith("。")
            for text in (rule.cause, rule.consequence, rule.remedy):
                assert text.en.endswith(".")
                assert text.zh.endswith("。")


class TestRules:
    @each_momentary
    def test_it_can_be_true_and_false_within_the_valid_ranges(
        self, cls: EquipmentClass, rule: CompiledRule
    ) -> None:
        assert {1, -1} <= set(judged(cls, rule.raises, random_points(cls.key)).tolist())

    @each_momentary
    def test_without_readings_it_is_unknown(self, cls: EquipmentClass, rule: CompiledRule) -> None:
        unread = np.full((len(cls.points), 1), np.nan)
        for term in (rule.raises, rule.holds):
            says = judged(cls, term, unread).tolist()
            # what asks whether a point is known has an answer all the same, but never an alarm
            assert says in ([[0], [-1]] if any(isinstance(part, Known) for part in walk(term)) else [[0]])

    @each_rule
    def test_an_order_is_opened_unless_it_is_advice(self, cls: EquipmentClass, rule: FaultRule) -> None:
        # these tell people something at once; what follows is another alarm's order, or none
        told = {"fire_confirmed", "pump_running", "emergency_stop", "frequency_off", "demand_high"}
        assert (rule.work_order is None) == (rule.severity is Severity.ADVISORY or rule.key in told), cls.key

    @each_rule
    def test_an_emergency_cannot_be_shelved(self, cls: EquipmentClass, rule: FaultRule) -> None:
        if rule.severity is Severity.EMERGENCY and (cls.key, rule.key) != (
            "emergency_lighting",
            "route_dark",
        ):
            assert not rule.shelvable
            assert rule.latching

    @pytest.mark.parametrize(("cls", "rule"), ORDERS, ids=key_of)
    def test_an_order_names_a_known_trade_and_work_to_do(self, cls: EquipmentClass, rule: FaultRule) -> None:
        assert rule.work_order is not None
        assert rule.work_order.skill in SKILLS, cls.key
        assert rule.work_order.checklist

    @each_class
    def test_plans_name_known_trades(self, cls: EquipmentClass) -> None:
        assert {plan.skill for plan in cls.plans} <= SKILLS


@lru_cache(maxsize=1)
def random_points(key: str, count: int = 100_000) -> Float64s:
    """Values of each point, [P, count]: anywhere in its valid or normal range, or at a bound of either."""
    rng, cls = np.random.default_rng(7), CATALOGUE[key]
    points = np.empty((len(cls.points), count))
    for row, point in enumerate(cls.points):
        if point.kind is PointKind.BINARY:
            points[row] = rng.integers(0, 2, count)
        elif point.kind is PointKind.ENUM:
            points[row] = rng.choice(list((point.values or {}).values()), count)
        else:
            valid = point.valid or (0.0, 5e6)
            normal = point.normal or valid
            kinds = [rng.uniform(*valid, count), rng.uniform(*normal, count)]
            kinds += [rng.choice(valid, count), rng.choice(normal, count)]
            points[row] = np.choose(rng.integers(0, 4, count), kinds)
    return points


def judged(cls: EquipmentClass, term: TruthTerm, points: Float64s) -> NDArray[np.int8]:
    """1 true, -1 false, 0 unknown for each column of points, without deadbands."""
    count = points.shape[1]
    parameters = np.array([[item.default] * count for item in cls.parameters]).reshape(-1, count)
    rows = {PointValue(row): row for row in range(len(points))}
    program = Program([Part([term], rows, Fixed(parameters, np.zeros_like(points)))])
    return program.run(points, np.arange(count))[1][0]


class TestSchema:
    def test_the_file_for_editors_is_the_program_s(self) -> None:
        assert (SHIPPED / "schema.json").read_text(encoding="utf-8") == schema_json()

    @each_class
    def test_every_class_is_valid_by_it(self, cls: EquipmentClass) -> None:
        document, _ = read(SHIPPED / f"{cls.key}.yaml")
        assert list(validator().iter_errors(document)) == []

    @each_class
    def test_every_file_tells_the_editor_of_it(self, cls: EquipmentClass) -> None:
        first = (SHIPPED / f"{cls.key}.yaml").read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=schema.json"

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (("rules", 0, "on_delay"), "soon"),
            (("rules", 0, "on_delay"), 30),
            (("rules", 0, "severity"), "serious"),
            (("rules", 0, "name"), {"en": "Low flow"}),
            (("rules", 0, "name"), {"en": "Low flow", "zh": "流量偏低", "de": "Wenig Durchfluss"}),
            (("plans", 0, "every"), "monthly"),
            (("points", 5, "unit"), "litres"),
            (("points", 5, "kind"), "analogue"),
            (("points", 5, "colour"), "blue"),
            (("key",), "Pump"),
        ],
    )
    def test_it_refuses_what_the_program_refuses(self, path: tuple[str | int, ...], value: object) -> None:
        document, _ = read(SHIPPED / "pump.yaml")
        here = document
        for step in path[:-1]:
            here = here[step]
        here[path[-1]] = value
        wrong = list(validator().iter_errors(document))
        assert wrong
        assert all(tuple(item.absolute_path)[: len(path) - 1] == path[:-1] for item in wrong)


def validator() -> Draft202012Validator:
    """A validator of the schema shipped, which is itself a right schema."""
    schema = json.loads((SHIPPED / "schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_a_rule_s_problem_names_its_line() -> None:
    when = next(
        number
        for number, line in enumerate((SHIPPED / "pump.yaml").read_text(encoding="utf-8").splitlines(), 1)
        if line.strip() == "when: leak"
    )
    problem = Catalogue(CATALOGUE.classes, CATALOGUE.marks).rule_problem("pump", "leak", "when", "no")
    assert (problem.line, problem.column) == (when, 11)

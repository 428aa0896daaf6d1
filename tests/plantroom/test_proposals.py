"""What a found device may be, by its fields."""

from __future__ import annotations

from plantroom.catalogue import load_catalogue
from plantroom.proposals import propose

CATALOGUE = load_catalogue()


def test_a_pump_in_camel_case_with_another_unit() -> None:
    fields = [
        ("Pump/DischargePressure", "kPa"),
        ("Pump/SuctionPressure", "bar"),
        ("Pump/Flow", "L/s"),
        ("linkquality", ""),
    ]
    made = propose(fields, CATALOGUE)
    assert made.equipment_class == "pump"
    assert made.points == {
        "Pump/DischargePressure": "discharge_pressure",
        "Pump/SuctionPressure": "suction_pressure",
        "Pump/Flow": "flow",
    }


def test_a_unit_of_another_quantity_is_no_match() -> None:
    made = propose([("flow", "bar")], [CATALOGUE["pump"]])
    assert made.points == {}


def test_each_point_is_proposed_once() -> None:
    made = propose([("flow", ""), ("flow_2", ""), ("the_flow", "")], [CATALOGUE["pump"]])
    assert list(made.points.values()).count("flow") == 1
    assert made.points["flow"] == "flow"


def test_nothing_alike_is_no_class() -> None:
    made = propose([("'; DROP TABLE x", "<b>"), ("\u202e", ""), ("", "")], CATALOGUE)
    assert (made.equipment_class, made.points) == ("", {})

"""The rules that every analog point has about its instrument: which points, which texts, which keys."""

from __future__ import annotations

import re

import pytest

from plantroom.catalogue import EquipmentClass, FaultRule, load_catalogue
from plantroom.catalogue.instruments import KINDS, instrument_rules, lost_after, with_instrument_rules
from plantroom.model import PointKind
from plantroom.times import MINUTE

NAME = {"en": "Oil", "zh": "油"}
WORDS = dict.fromkeys(("name", "cause", "consequence", "remedy"), NAME)
SHIPPED = list(load_catalogue())


def made(*points: dict[str, object], **more: object) -> EquipmentClass:
    base = {
        "name": NAME,
        "kind": "analog",
        "unit": "degC",
        "valid": [-99, 99],
        "normal": [0, 9],
        "source": "t",
    }
    given = {
        "key": "thing", "name": NAME, "system": "water", "team": NAME, "design_life_years": 9, "source": "t",
        "points": [{**base, **point} for point in points], **more,
    }  # fmt: skip
    return EquipmentClass.model_validate(given)


def rules(cls: EquipmentClass) -> dict[str, FaultRule]:
    return {rule.key: rule for rule in instrument_rules(cls)}


def own(key: str, when: str, point: str | None) -> dict[str, object]:
    return {"key": key, "when": when, "instrument": point, "severity": "major", "source": "t", **WORDS}


def test_an_analog_point_has_three_rules_that_share_one_order() -> None:
    found = rules(made({"key": "oil"}))
    assert {key: rule.when for key, rule in found.items()} == {
        "oil_lost": "absent(oil over 30 min) and known(learned(oil over 1 min))",
        "oil_frozen": "flatline(oil over 1 h) and changes(oil over 24 h) > 576",
        "oil_spiky": "spikes(oil over 1 h) > 5",
    }
    assert {rule.instrument for rule in found.values()} == {"oil"}
    assert {rule.work_order.fault for rule in found.values() if rule.work_order} == {"instrument_oil"}
    assert {rule.severity.name for rule in found.values()} == {"MINOR"}
    assert found["oil_lost"].name.en == "Oil: no good reading"
    assert found["oil_lost"].name.zh == "油：无有效读数"


def test_other_points_have_none() -> None:
    counter = {"key": "starts", "kind": "counter", "valid": None, "normal": None}
    binary = {"key": "running", "kind": "binary", "unit": "", "valid": None, "normal": None}
    enum = {
        "key": "mode",
        "kind": "enum",
        "unit": "",
        "valid": None,
        "normal": None,
        "values": {"a": 0, "b": 1},
    }
    assert not rules(made(counter, binary, enum))


@pytest.mark.parametrize(
    ("sample", "minutes"), [("1s", 30), ("10s", 30), ("3min", 30), ("190s", 32), ("37min", 390), ("3h", 1800)]
)
def test_lost_is_ten_samples_and_half_an_hour_at_least_in_whole_minutes(sample: str, minutes: int) -> None:
    cls = made({"key": "oil", "sample": sample})
    assert lost_after(cls.points[0]) == minutes * MINUTE
    assert rules(cls)["oil_lost"].when.startswith(f"absent(oil over {minutes} min) and ")


@pytest.mark.parametrize(
    ("key", "unit", "suffixes"),
    [
        ("temperature", "degC", ["lost", "frozen", "spiky"]),
        ("air_humidity", "%RH", ["lost", "frozen", "spiky"]),
        ("vibration", "mm/s", ["lost", "frozen"]),
        ("pressure", "bar", ["lost", "frozen"]),
        ("flow", "m3/h", ["lost", "frozen"]),
        ("tank_level", "%", ["lost", "frozen", "spiky"]),
        ("valve", "%", ["lost"]),
        ("zones", "", ["lost"]),
        ("position", "mm", ["lost"]),
        ("current", "A", ["lost", "frozen"]),
    ],
)
def test_what_may_stand_still_or_jump_in_health_is_not_said_to_be_stuck_or_spiky(
    key: str, unit: str, suffixes: list[str]
) -> None:
    assert list(rules(made({"key": key, "unit": unit}))) == [f"{key}_{suffix}" for suffix in suffixes]


def test_a_zero_is_no_stuck_instrument_but_of_a_temperature_it_is_as_good_as_any() -> None:
    assert "!= 0" in rules(made({"key": "flow", "unit": "m3/h"}))["flow_frozen"].when
    assert "!= 0" not in rules(made({"key": "air", "unit": "degC"}))["air_frozen"].when


def test_with_a_baseline_what_rests_with_the_equipment_is_judged_while_it_runs() -> None:
    points = [
        *({"key": key} for key in ("oil", "water", "room")),
        {"key": "flow", "unit": "m3/h"},
        {"key": "pressure", "unit": "bar"},
        {"key": "deviation"},
    ]
    baseline = {"points": ["oil", "water"], "running": "oil > 1 or water > 1", "source": "t"}
    found = rules(made(*points, baseline=baseline))
    runs = " and duration(oil > 1 or water > 1 over 1 h) > 50 min"
    with_it = {key for key, rule in found.items() if rule.when.endswith(runs)}
    assert with_it == {
        "oil_frozen", "water_frozen", "flow_frozen", "pressure_frozen", "pressure_spiky"
    }  # fmt: skip
    assert {"room_frozen", "room_spiky", "oil_lost", "oil_spiky"} <= set(found) - with_it
    assert not [key for key in found if key.startswith("deviation")]
    always = rules(made(*points, baseline={**baseline, "running": None}))
    assert not [rule for rule in always.values() if "duration" in rule.when]
    assert "pressure_spiky" not in always


def test_lost_asks_six_others_that_come_often_whether_the_equipment_is_heard() -> None:
    slow = {"key": "rare", "sample": "1h"}
    quick = [{"key": f"quick_{number}", "sample": "1s"} for number in range(5)]
    text = rules(made({"key": "oil"}, slow, {"key": "water"}, {"key": "air"}, *quick))["oil_lost"].when
    asked = re.findall(r"absent\((\w+) over 30 min\)", text)
    assert asked == ["oil", *(f"quick_{number}" for number in range(5)), "water"]
    assert " and not (absent(quick_0" in text


def test_a_rule_of_the_class_file_takes_the_place_of_one_of_its_kind() -> None:
    mine = own("oil_gone", "absent(oil over 5 min)", "oil")
    assert list(rules(made({"key": "oil"}, rules=[mine]))) == ["oil_frozen", "oil_spiky"]
    other = own("oil_gone", "absent(oil over 5 min)", None)
    assert len(rules(made({"key": "oil"}, rules=[other]))) == 3
    drift = own("oil_drift", "oil > 4", "oil")
    assert len(rules(made({"key": "oil"}, rules=[drift]))) == 3
    named = own("oil_lost", "oil > 4", None)
    assert list(rules(made({"key": "oil"}, rules=[named]))) == ["oil_frozen", "oil_spiky"]


def test_long_keys_stay_within_their_length_and_apart() -> None:
    long = "a_point_whose_key_is_as_long_as_it_may_"
    cls = made(*({"key": f"{long}{end}"} for end in "xy"))
    found = list(instrument_rules(cls))
    keys = [rule.key for rule in found]
    faults = {rule.work_order.fault for rule in found if rule.work_order}
    assert len(set(keys)) == 6
    assert len(faults) == 2
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,39}", key or "") for key in [*keys, *faults])


def test_they_stand_after_the_class_s_own_and_only_once() -> None:
    cls = made({"key": "oil"}, rules=[own("hot", "oil > 4", None)])
    whole = with_instrument_rules(cls)
    assert [rule.key for rule in whole.rules] == ["hot", "oil_lost", "oil_frozen", "oil_spiky"]
    assert with_instrument_rules(whole) is whole


@pytest.mark.parametrize("cls", SHIPPED, ids=lambda cls: cls.key)
def test_every_analog_point_that_is_measured_is_watched(cls: EquipmentClass) -> None:
    computed = {cls.baseline.deviation} if cls.baseline else set()
    measured = {point.key for point in cls.points if point.kind is PointKind.ANALOG} - computed
    found = with_instrument_rules(cls).rules
    lost = {rule.instrument for rule in found if f"{KINDS[0].function}(" in rule.when} - {None}
    assert lost == measured
    assert len({rule.key for rule in found}) == len(found)

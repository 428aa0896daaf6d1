"""Points of other equipment, sentence by sentence of rules/README.md."""

from collections.abc import Mapping

import pytest
from ruletools import BAD, ROWS, T0, make_class

from plantroom.catalogue import Catalogue, EquipmentClass
from plantroom.errors import ExpressionError
from plantroom.model import Equipment, Point, PointTable, Text
from plantroom.readings import ReadingBatch
from plantroom.times import SECOND
from rules.engine import Engine
from rules.expression import check

X = Text("x", "x")
ALL = tuple(ROWS)


class Property:
    """Equipment of one class in relations; point ids are 100 x equipment + row. Only `asks` has the rule."""

    def __init__(
        self, rule: str, *others: Mapping[str, object], asks: Mapping[str, object] | None = None
    ) -> None:
        asking, asked = make_class({"r": rule}, key="asking"), make_class(key="asked")
        self.catalogue = Catalogue({"asking": asking, "asked": asked})
        self.equipment = [Equipment(1, "site", "e1", "asking", X, **(asks or {}))]  # type: ignore[arg-type]
        for number, given in enumerate(others, start=2):
            body = {"site": "site", "equipment_class": "asked", **given}
            self.equipment.append(Equipment(number, key=f"e{number}", name=X, **body))  # type: ignore[arg-type]
        points = [
            Point(
                100 * item.id + row, item.site, item.key, spec.key, X, spec.kind, spec.unit,
                spec.valid_span, spec.normal, spec.sample, spec.stale_nanos, spec.values or {},
            )
            for item in self.equipment
            for row, spec in enumerate(asked.points)
        ]  # fmt: skip
        self.engine = Engine(self.catalogue, PointTable(self.equipment, points))

    def step(self, *rows: tuple[object, ...]) -> list[tuple[str, float]]:
        """Readings (equipment, point, second, value[, quality]) -> (event, second)."""
        batch = ReadingBatch.of(
            [100 * row[0] + ROWS[str(row[1])] for row in rows],  # type: ignore[operator]
            [T0 + round(row[2] * SECOND) for row in rows],  # type: ignore[call-overload,operator]
            [float(row[3]) for row in rows],  # type: ignore[arg-type]
            [row[4] if len(row) > 4 else 0 for row in rows],
        )
        return [(str(item.event), (item.ts - T0) / SECOND) for item in self.engine.step(batch, T0)]


SERVED = {"asks": {"served_by": "e2"}}


def error(text: str, catalogue: Catalogue | None = None) -> str:
    with pytest.raises(ExpressionError) as caught:
        check(text, make_class(), catalogue)
    return str(caught.value)


def test_e39_what_serves_and_what_it_is_a_part_of() -> None:
    served = Property("served_by.temperature < 40 and running", {}, {}, **SERVED)
    assert served.step((3, "temperature", 0, 90), (2, "temperature", 0, 39), (1, "running", 0, 1)) == [
        ("raise", 0)
    ]
    part = Property("parent.running and running", {}, {}, asks={"parent": "e3", "served_by": "e2"})
    assert part.step((2, "running", 0, 0), (3, "running", 0, 1), (1, "running", 0, 1)) == [("raise", 0)]
    alone = Property("known(parent.running) or trip", {})
    assert alone.step((2, "running", 0, 1), (1, "trip", 0, 0)) == []


@pytest.mark.parametrize(
    ("group", "members", "asks"),
    [
        ("children", {"parent": "e1"}, {}),
        ("serves", {"served_by": "e1"}, {}),
        ("space", {"space": "roof"}, {"space": "roof"}),
        ("system", {}, {}),
    ],
)
def test_e40_groups(group: str, members: dict[str, object], asks: dict[str, object]) -> None:
    def raised(rule: str, one: float, two: float, key: str = "flow") -> bool:
        found = Property(rule, members, members, asks=asks)
        return bool(found.step((1, "running", 0, 1), (2, key, 0, one), (3, key, 0, two)))

    assert raised(f"any({group}.trip) and running", 0, 1, "trip")
    assert not raised(f"any({group}.trip) and running", 0, 0, "trip")
    assert raised(f"all({group}.trip) and running", 1, 1, "trip")
    assert not raised(f"all({group}.trip) and running", 0, 1, "trip")
    assert raised(f"count({group}.trip) == 2 and running", 1, 1, "trip")
    for function, expected in (("sum", 40), ("mean", 20), ("min", 10), ("max", 30)):
        assert raised(f"{function}({group}.flow) == {expected} m3/h and running", 10, 30)


def test_e40_who_is_in_no_group() -> None:
    rule = "any(space.trip) or any(children.trip) or any(serves.trip) or running"
    found = Property(rule, {"space": "cellar"}, {"parent": "e2"}, {"served_by": "e2"}, asks={"space": "roof"})
    assert found.step((2, "trip", 0, 1), (3, "trip", 0, 1), (4, "trip", 0, 1), (1, "running", 0, 0)) == []


def test_e41_unknown_members_are_left_out() -> None:
    rule = "mean(system.flow) > 15 and running"
    found = Property(rule, {}, {}, {})
    assert found.step((2, "flow", 0, 20), (3, "flow", 0, 1, BAD), (1, "running", 0, 1)) == [("raise", 0)]
    none = Property("not any(system.trip) or running", {}, {})
    assert none.step((1, "running", 0, 0)) == []
    assert none.step((2, "trip", 1, 0), (1, "running", 1, 0)) == [("raise", 1)]


def other(unit: str, kind: str = "analog") -> EquipmentClass:
    """A class whose one point is a pressure in another unit, or of another kind."""
    return EquipmentClass.model_validate(
        {
            "key": "other", "name": {"en": "x", "zh": "x"}, "system": "water", "team": {"en": "x", "zh": "x"},
            "design_life_years": 1, "source": "test", "parameters": [],
            "points": [
                {"key": "pressure", "kind": kind, "name": {"en": "x", "zh": "x"}, "source": "test",
                 "sample": "1s", "stale_after": "30s", "unit": unit,
                 **({"valid": [0, 2000], "normal": [0, 1000]} if kind == "analog" else {})}
            ],
        }
    )  # fmt: skip


def test_e42_classes_must_measure_the_same() -> None:
    alike = Catalogue({"thing": make_class(), "other": other("kPa")})
    assert check("served_by.pressure > 3 bar and running", make_class(), alike).points == ("running",)
    differing = Catalogue({"thing": make_class(), "other": other("degC")})
    assert "classes differ" in error("served_by.pressure > 3", differing)
    assert "enumeration" in error('served_by.mode == "normal"')
    assert "no class has a point 'flwo'; did you mean 'flow'" in error("served_by.flwo > 3")
    assert "unknown relation 'feeds'" in error("feeds.flow > 3")
    assert "group of equipment" in error("children.trip")
    assert "group of equipment" in error("children.flow > 3")
    assert "ask for sum, mean, min or max" in error("any(children.flow)")
    assert "ask for any, all or count" in error("mean(children.trip) > 1")


def test_e42_units_are_converted() -> None:
    served = Property("served_by.other_pressure > 3 bar and running", {}, **SERVED)
    assert served.step((2, "other_pressure", 0, 299), (1, "running", 0, 1)) == []
    assert served.step((2, "other_pressure", 1, 301), (1, "running", 1, 1)) == [("raise", 1)]


def test_e43_temperatures_have_no_sum() -> None:
    assert "not added up" in error("sum(children.temperature) > 3 degC")
    warm = Property("mean(system.temperature) > 20 degC and running", {}, {})
    assert warm.step((2, "temperature", 0, 10), (3, "temperature", 0, 31), (1, "running", 0, 1)) == [
        ("raise", 0)
    ]


def test_e44_other_sites_and_what_is_retired_are_in_no_group() -> None:
    rule = "any(system.trip) or running"
    found = Property(rule, {"retired_at": T0}, {"site": "elsewhere"}, {})
    assert found.step((2, "trip", 0, 1), (3, "trip", 0, 1), (4, "trip", 0, 0), (1, "running", 0, 0)) == []


def test_s33_others_are_seen_as_of_the_instant() -> None:
    found = Property("served_by.flow > 15 and running", {}, **SERVED)
    rows = [(2, "flow", at, value) for at, value in ((0, 20), (10, 10), (20, 20), (30, 10))]
    assert found.step(*rows, *((1, "running", at, 1) for at in (5, 10, 19.9, 20, 31))) == [
        ("raise", 5), ("clear", 10), ("raise", 20), ("clear", 31)
    ]  # fmt: skip
    stale = Property("served_by.flow > 15 and running", {}, **SERVED)
    assert stale.step((2, "flow", 0, 20), (1, "running", 31, 1)) == []
    fresh = Property("served_by.flow > 15 and running", {}, **SERVED)
    assert fresh.step((2, "flow", 0, 20), (1, "running", 30, 1)) == [("raise", 30)]


def test_s33_it_does_not_matter_in_which_batch_they_were_read() -> None:
    found = Property("served_by.flow > 15 and running", {}, **SERVED)
    assert found.step((2, "flow", 0, 20)) == []
    assert found.step((2, "flow", 10, 10), (1, "running", 9, 1)) == [("raise", 9)]


def test_s34_their_readings_cause_no_evaluation() -> None:
    found = Property("served_by.flow > 15", {}, **SERVED)
    assert found.step((2, "flow", 0, 20), (2, "flow", 5, 20)) == []
    assert found.step((1, "running", 7, 0)) == [("raise", 7)]


def test_windows_over_others_fill_at_the_evaluations() -> None:
    found = Property("mean(served_by.flow over 1 min) > 15", {}, **SERVED)
    found.step((2, "flow", 0, 10), (2, "flow", 20, 30), (1, "running", 5, 1), (1, "running", 25, 1))
    [change] = found.engine.advance(T0 + 60 * SECOND)
    assert change.readings == {"mean(served_by.flow over 1 min)": 20.0}

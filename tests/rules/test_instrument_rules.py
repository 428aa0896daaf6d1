"""The rules that come with every analog point, run: dead, stuck and loose instruments, machines at rest."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from plantroom.catalogue import Catalogue, EquipmentClass
from plantroom.catalogue.instruments import with_instrument_rules
from plantroom.model import Equipment, Point, PointTable, Text
from plantroom.readings import Quality, ReadingBatch
from plantroom.times import HOUR, SECOND
from rules.engine import Engine
from rules.expression import check

T0 = 1_767_225_600 * SECOND
NAME = {"en": "x", "zh": "x"}
ANALOG = {"name": NAME, "source": "t", "kind": "analog", "valid": [-99, 999], "normal": [0, 99]}
KEYS = ("running", "flow", "room", "bearing", "valve", "deviation")
STEP = 30 * SECOND
"""How often a point is read here; its class says every 10 s."""


@cache
def pump() -> EquipmentClass:
    units = {"flow": "m3/h", "room": "degC", "bearing": "degC", "valve": "%", "deviation": ""}
    given = {
        "key": "thing", "name": NAME, "system": "water", "team": NAME, "design_life_years": 9, "source": "t",
        "points": [
            {"key": "running", "name": NAME, "source": "t", "kind": "binary"},
            *({**ANALOG, "key": key, "unit": unit} for key, unit in units.items()),
        ],
        "baseline": {"points": ["flow", "bearing"], "running": "running", "source": "t"},
    }  # fmt: skip
    return with_instrument_rules(EquipmentClass.model_validate(given))


def story(hours: int = 40) -> dict[str, np.ndarray]:
    """A pump that runs, point by point, every STEP; NaN is no reading."""
    random = np.random.default_rng(7)
    size = hours * HOUR // STEP
    return {
        "running": np.ones(size),
        "flow": 40 + random.standard_normal(size),
        "room": 20 + random.standard_normal(size) * 0.1,
        "bearing": 50 + random.standard_normal(size) * 0.3,
        "valve": np.full(size, 100.0),
    }


def at(hour: float) -> int:
    return round(hour * HOUR / STEP)


def told(
    values: dict[str, np.ndarray], bad: str | None = None, since: float = 0
) -> list[tuple[str, str, float]]:
    """(rule, event, hour) of every change; readings of `bad` are bad from an hour on."""
    name, cls = Text("x", "x"), pump()
    points = [
        Point(row, "s", "e", spec.key, name, spec.kind, spec.unit, spec.valid_span, spec.normal, spec.sample,
              spec.stale_nanos)
        for row, spec in enumerate(cls.points)
    ]  # fmt: skip
    engine = Engine(Catalogue({"thing": cls}), PointTable([Equipment(1, "s", "e", "thing", name)], points))
    batches = []
    for key, column in values.items():
        ts = T0 + np.arange(len(column)) * STEP
        quality = np.where((key == bad) & (ts >= T0 + since * HOUR), int(Quality.OUT_OF_RANGE), 0)
        there = ~np.isnan(column)
        row = KEYS.index(key)
        batches.append(ReadingBatch.of(np.full(there.sum(), row), ts[there], column[there], quality[there]))
    batch = ReadingBatch.concat(batches).normalised()
    changes = []
    for hour in range(1 + int((batch.ts[-1] - T0) // HOUR)):
        mine = (batch.ts - T0) // HOUR == hour
        changes += engine.step(batch.take(mine), 0)
    return [(item.rule, str(item.event), (item.ts - T0) / HOUR) for item in changes]


def test_every_text_means_something() -> None:
    keys = [rule.key for rule in pump().rules]
    assert keys == [
        "flow_lost", "flow_frozen", "room_lost", "room_frozen", "room_spiky",
        "bearing_lost", "bearing_frozen", "bearing_spiky", "valve_lost",
    ]  # fmt: skip
    assert all(check(rule.when, pump()).points for rule in pump().rules)


def test_healthy_instruments_say_nothing() -> None:
    assert told(story()) == []


@pytest.mark.parametrize("bad", [None, "room"])
def test_a_silent_or_bad_instrument_is_told_after_half_an_hour_and_clears_when_it_comes_back(
    bad: str | None,
) -> None:
    values = story(30)
    if bad is None:
        values["room"][at(26) : at(28)] = np.nan
        assert told(values) == [
            ("room_lost", "raise", pytest.approx(26.5, abs=0.02)),
            ("room_lost", "clear", pytest.approx(28.1, abs=0.03)),
        ]
    else:
        assert told(values, bad, 26) == [("room_lost", "raise", pytest.approx(26.5, abs=0.02))]


def test_a_short_silence_is_none() -> None:
    values = story(30)
    values["room"][at(26) : at(26.45)] = np.nan
    assert told(values) == []


def test_equipment_that_falls_silent_as_a_whole_is_no_fault_of_its_instruments() -> None:
    values = story(30)
    for column in values.values():
        column[at(26) : at(28)] = np.nan
    assert told(values) == []


def test_a_point_that_never_came_is_not_told_of() -> None:
    values = story(30)
    del values["room"]
    assert told(values) == []


def test_a_stuck_instrument_is_told_after_two_hours_and_clears_when_it_moves() -> None:
    values = story(32)
    values["flow"][at(26) : at(29)] = 40.25
    assert told(values) == [
        ("flow_frozen", "raise", pytest.approx(28.0, abs=0.04)),
        ("flow_frozen", "clear", pytest.approx(29.1, abs=0.03)),
    ]


def test_still_for_less_than_two_hours_is_not_stuck() -> None:
    values = story(32)
    values["flow"][at(26) : at(27.9)] = 40.25
    assert told(values) == []


def test_a_machine_at_rest_has_no_stuck_instruments() -> None:
    values = story(40)
    values["running"][at(26) :] = 0
    values["flow"][at(26) :] = 3.5
    values["bearing"][at(26) :] = 21.5
    assert told(values) == []


def test_a_stuck_instrument_of_the_room_is_told_at_rest_too() -> None:
    values = story(32)
    values["running"][at(26) :] = 0
    values["room"][at(26) :] = 21.5
    assert [rule for rule, _, _ in told(values)] == ["room_frozen"]


def test_what_shows_nothing_while_running_is_not_stuck_and_what_never_moved_neither() -> None:
    values = story(32)
    values["flow"][at(26) :] = 0
    values["room"][:] = 20.5
    assert told(values) == []


def test_the_first_day_says_nothing_of_stuck_instruments() -> None:
    values = story(5)
    values["flow"][at(1) :] = 40.25
    assert told(values) == []


def test_a_loose_contact_is_told_and_a_few_jumps_are_not() -> None:
    values = story(32)
    values["bearing"][at(26) : at(28) : 10] += 60
    found = told(values)
    assert [(rule, event) for rule, event, _ in found] == [
        ("bearing_spiky", "raise"),
        ("bearing_spiky", "clear"),
    ]
    assert 26.4 < found[0][2] < 27.1
    assert 29 <= found[1][2] < 31
    few = story(32)
    few["bearing"][at(26) : at(28) : 40] += 60
    assert told(few) == []


def test_the_day_s_swing_is_no_jump() -> None:
    values = story(48)
    hour = np.arange(len(values["room"])) * STEP / HOUR
    values["room"] += 8 * np.sin(hour / 24 * 2 * np.pi)
    values["bearing"] += np.where(hour % 6 < 3, 15, 0)
    assert told(values) == []

"""The demo's story: the same each time, in time, and repaired where it says so."""

from __future__ import annotations

import pytest

from plantroom.times import MINUTE, SECOND, Nanos
from simulators.fleet import Fleet
from simulators.story import STORY, faults_of_story
from tests.simulators.kit import Changes, Property, local

NIGHT, AFTERNOON = local(2026, 11, 24, 3), local(2026, 7, 21, 14)


def test_it_is_the_same_story_for_the_same_seed() -> None:
    assert faults_of_story(NIGHT) == faults_of_story(NIGHT)
    assert faults_of_story(NIGHT, seed=2) != faults_of_story(NIGHT)
    assert [fault.kind for fault in faults_of_story(NIGHT)] == [scene.kind for scene in STORY]


@pytest.mark.parametrize("start", [NIGHT, AFTERNOON])
def test_the_half_hour_at_any_time_of_day(demo: Property, start: Nanos) -> None:
    fleet = Fleet(demo.table, demo.sites, start, faults=faults_of_story(start))
    changes = Changes(demo)
    for number in range(1, 31):
        now = start + number * MINUTE
        changes.take([(message.topic, message.payload) for message in fleet.advance(now)], now)
    raised = {(path, rule): ts - start for ts, path, rule, event in changes.found if event == "raise"}
    cleared = {(path, rule) for _, path, rule, event in changes.found if event == "clear"}
    # at speed 10 a minute of wall time is ten of the story's
    assert raised["demo/pump-02", "low_flow"] < 3 * MINUTE
    assert raised["demo/pump-01", "vibration_zone_c"] < 9 * MINUTE
    assert {
        ("demo/elevator-02", "door_blocked"),
        ("demo/ahu-01", "filter_clogged"),
        ("demo/light-01", "lamp_failure"),
        ("demo/fire-panel-01", "trouble"),
        ("demo/elevator-01", "machine_room_temperature"),
        ("demo/light-06", "no_power"),
        ("demo/pump-03", "dry_run"),
        ("demo/switchboard-01", "residual_high"),
        ("demo/boiler-01", "gas_warning"),
        ("demo/water-tank-01", "hatch_open"),
    } <= set(raised)
    assert {
        ("demo/pump-02", "low_flow"),
        ("demo/elevator-02", "door_blocked"),
        ("demo/fire-panel-01", "trouble"),
        ("demo/light-06", "no_power"),
        ("demo/pump-03", "dry_run"),
        ("demo/switchboard-01", "residual_high"),
        ("demo/boiler-01", "gas_warning"),
        ("demo/water-tank-01", "hatch_open"),
    } <= cleared
    assert ("demo/pump-01", "vibration_zone_c") not in cleared
    assert {path for path, _ in raised} == {f"demo/{scene.equipment}" for scene in STORY}
    assert min(raised.values()) > 60 * SECOND

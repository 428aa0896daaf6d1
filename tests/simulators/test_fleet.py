"""A fleet: what it publishes, how often, and where faults go."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from plantroom.errors import NotFoundError
from plantroom.model import Point
from plantroom.times import MINUTE, SECOND
from simulators.base import Fault
from simulators.fleet import Fleet, placed
from tests.simulators.kit import Changes, Property, local

START = local(2026, 10, 19, 9)


def messages(fleet: Fleet, until: int) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    for message in fleet.advance(until):
        found.setdefault(message.topic, []).append(msgspec.json.decode(message.payload))
    return found


def test_every_equipment_publishes_one_message_a_tick(demo: Property) -> None:
    fleet = Fleet(demo.table, demo.sites, START)
    assert fleet.sites == ["annex", "demo"]
    assert messages(fleet, START + SECOND) == {}
    first = messages(fleet, START + 2 * SECOND)
    assert set(first) == {
        f"plantroom/v1/{name}"
        for name in ("demo/elevator-01", "demo/elevator-02", "demo/elevator-03", "annex/elevator-11")
    }
    assert first["plantroom/v1/demo/elevator-01"][0]["ts"] == START + 2 * SECOND
    later = messages(fleet, START + 5 * SECOND)
    assert len(later) == len(demo.table.equipment)
    assert all(len(found) == 1 for found in later.values())
    assert fleet.now == START + 5 * SECOND


def test_several_ticks_become_one_batch_of_columns(demo: Property) -> None:
    fleet = Fleet(demo.table, demo.sites, START, only="demo")
    found = messages(fleet, START + MINUTE)
    (body,) = found["plantroom/v1/demo/pump-01"]
    ts, values = body["ts"], body["values"]
    assert ts == [START + n * 5 * SECOND for n in range(1, 13)]
    assert isinstance(values, dict)
    assert all(len(column) == 12 for column in values.values())
    assert not any(topic.startswith("plantroom/v1/annex/") for topic in found)


def test_how_the_time_is_cut_does_not_change_a_reading(demo: Property) -> None:
    whole, cut = (Fleet(demo.table, demo.sites, START, seed=4) for _ in range(2))
    at_once = messages(whole, START + MINUTE)["plantroom/v1/demo/pump-01"][0]["values"]
    pieces = [
        messages(cut, START + number * 5 * SECOND)["plantroom/v1/demo/pump-01"][0]["values"]
        for number in range(1, 13)
    ]
    assert isinstance(at_once, dict)
    assert at_once == {key: [piece[key] for piece in pieces] for key in at_once}  # type: ignore[index]


def test_the_collector_takes_every_reading_for_good(demo: Property) -> None:
    fleet, changes = Fleet(demo.table, demo.sites, START), Changes(demo)
    for number in range(1, 61):
        now = START + number * 10 * SECOND
        changes.take([(message.topic, message.payload) for message in fleet.advance(now)], now)
    assert changes.found == []


def test_a_point_that_is_not_fitted_is_not_published(demo: Property) -> None:
    table = demo.table
    kept: list[Point] = [point for point in table.points.values() if point.key not in ("flow", "trip")]
    fleet = Fleet(type(table)(table.equipment, kept), demo.sites, START)
    (body,) = messages(fleet, START + 5 * SECOND)["plantroom/v1/demo/pump-01"]
    assert not {"flow", "trip"} & set(body["values"])  # type: ignore[call-overload]
    none = Fleet(type(table)(table.equipment, []), demo.sites, START)
    assert messages(none, START + MINUTE) == {}


def test_faults_find_their_equipment(demo: Property) -> None:
    equipment = demo.table.equipment
    found = placed([Fault("trip", "pump-01", START), Fault("no_power", "light-11", START)], equipment)
    assert set(found) == {"demo/pump-01", "annex/light-11"}
    assert found["demo/pump-01"][0].site == "demo"


def test_a_fault_of_nothing_is_refused(demo: Property) -> None:
    with pytest.raises(NotFoundError, match="no simulated equipment 'pump-99'; there is ahu-01, "):
        Fleet(demo.table, demo.sites, START, faults=[Fault("trip", "pump-99", START)])
    with pytest.raises(NotFoundError, match="a pump has no fault 'alarm'"):
        Fleet(demo.table, demo.sites, START, faults=[Fault("alarm", "pump-01", START)])
    with pytest.raises(NotFoundError, match="no simulated equipment 'annex/pump-01'"):
        Fleet(demo.table, demo.sites, START, faults=[Fault("trip", "pump-01", START, site="annex")])


def test_a_key_of_two_sites_needs_its_site(demo: Property) -> None:
    one = demo.equipment("pump-01")
    twins = [one, replace(one, site="annex")]
    with pytest.raises(NotFoundError, match="could be demo/pump-01 or annex/pump-01; name the site"):
        placed([Fault("trip", "pump-01", START)], twins)
    assert set(placed([Fault("trip", "pump-01", START, site="annex")], twins)) == {"annex/pump-01"}

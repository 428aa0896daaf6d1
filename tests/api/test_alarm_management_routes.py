"""Roots, chattering, stale alarms, floods and feedback over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from plantroom.alarms import AlarmEvent
from plantroom.stores.records import alarms, floods
from plantroom.times import DAY, HOUR, MINUTE, SECOND
from tests.api.kit import World, ok, problem

ALARMS = "/api/v1/alarms"


def explained(world: World) -> tuple[int, int, int]:
    """A root, an alarm under it, and one beside."""
    root = world.raise_alarm("north/mill-1", "low_flow", 20 * SECOND)
    under = world.raise_alarm("north/mill-2", "low_flow", 15 * SECOND)
    beside = world.raise_alarm("north/beacon-1", "dark", 10 * SECOND)
    with world.database.transaction() as session:
        alarms.put_under(session, alarms.get(session, under), root, world.clock.now)
    return root, under, beside


def test_a_root_lists_what_it_explains(world: World, viewer: TestClient) -> None:
    root, under, beside = explained(world)
    found = {item["id"]: item for item in ok(viewer.get(ALARMS))["items"]}
    assert [(found[number]["root"], found[number]["explains"]) for number in (root, under, beside)] == [
        (None, 1),
        (root, 0),
        (None, 0),
    ]
    assert [item["id"] for item in ok(viewer.get(f"{ALARMS}?root={root}"))["items"]] == [under]
    assert [item["id"] for item in ok(viewer.get(f"{ALARMS}?standing=true"))["items"]] == [beside, root]
    detail = ok(viewer.get(f"{ALARMS}/{root}"))
    assert detail["explains"] == 1
    assert detail["explained"] == [
        {
            "id": under,
            "site": "north",
            "equipment": "mill-2",
            "equipment_name": {"en": "50%_mill <b>", "zh": "二号磨机"},
            "rule": "low_flow",
            "name": {"en": "Low flow", "zh": "流量低"},
            "severity": "major",
            "state": "suppressed",
            "active": True,
            "raised_at": "2026-03-01T07:59:45.000Z",
        }
    ]
    hidden = ok(viewer.get(f"{ALARMS}/{under}"))
    assert (hidden["root"], hidden["allowed"], hidden["explained"]) == (root, [], [])
    assert hidden["history"][0]["note"] == f"follows from alarm {root}"
    standing = ok(viewer.get("/api/v1/equipment/north/mill-1"))["standing_alarms"]
    assert [(item["id"], item["explains"]) for item in standing] == [(root, 1)]


def test_what_is_suppressed_is_nothing_for_people(world: World, engineer: TestClient) -> None:
    _, under, _ = explained(world)
    for action, body in (("acknowledge", {}), ("shelve", {"for": "1 h", "reason": "r"}), ("unshelve", {})):
        answer = problem(engineer.post(f"{ALARMS}/{under}/{action}", json=body), 409, "transition")
        assert answer["allowed"] == []


def test_chattering_and_stale_alarms_say_so(world: World, viewer: TestClient) -> None:
    old = world.raise_alarm("north/mill-2", "low_flow", 25 * HOUR)
    for place, event in enumerate((AlarmEvent.RAISE, AlarmEvent.CLEAR) * 3):
        noisy = world.follow("north/mill-1", "low_flow", event, ts=world.clock.now - (60 - place) * SECOND)
    world.raise_alarm("north/beacon-1", "dark")
    for query, expected in (("chattering=true", {noisy}), ("stale=true", {old})):
        found = {item["id"] for item in ok(viewer.get(f"{ALARMS}?{query}"))["items"]}
        assert found == expected
        assert ok(viewer.get(f"{ALARMS}?{query.replace('true', 'false')}"))["total"] == 2
    assert (
        ok(viewer.get(f"{ALARMS}/{noisy}"))["chattering"],
        ok(viewer.get(f"{ALARMS}/{old}"))["stale"],
    ) == (
        True,
        True,
    )
    world.later(2 * HOUR)
    assert ok(viewer.get(f"{ALARMS}/{noisy}"))["chattering"] is False
    assert ok(viewer.get(f"{ALARMS}?chattering=true"))["total"] == 0


def test_a_latched_alarm_comes_back_latched(world: World, engineer: TestClient) -> None:
    alarm_id = world.raise_alarm("north/mill-2", "burst", 10 * SECOND)
    world.follow("north/mill-2", "burst", AlarmEvent.CLEAR)
    with world.database.transaction() as session:
        until = world.clock.now + HOUR
        alarms.act(session, alarm_id, AlarmEvent.SHELVE, by="li", now=world.clock.now, until=until)
    assert ok(engineer.post(f"{ALARMS}/{alarm_id}/unshelve"))["state"] == "latched_unacknowledged"


def test_floods(world: World, viewer: TestClient) -> None:
    assert ok(viewer.get(f"{ALARMS}/floods")) == {"items": [], "next_cursor": None, "total": 0}
    for place in range(12):
        ts = world.clock.now - (24 - 2 * place) * SECOND
        world.follow("north/mill-1", "low_flow", AlarmEvent.RAISE, ts=ts)
        with world.database.transaction() as session:
            floods.note_raise(session, "north", ts)
        world.follow("north/mill-1", "low_flow", AlarmEvent.CLEAR, ts=ts + SECOND)
    (flood,) = ok(viewer.get(f"{ALARMS}/floods"))["items"]
    assert flood == {
        "id": 1,
        "site": "north",
        "started_at": "2026-03-01T07:59:36.000Z",
        "ends_at": "2026-03-01T08:09:50.000Z",
        "running": True,
        "raises": 12,
        "peak": 12,
    }
    assert ok(viewer.get(f"{ALARMS}/floods?running=true&site=north"))["total"] == 1
    assert ok(viewer.get(f"{ALARMS}/floods?site=south"))["total"] == 0
    world.later(10 * MINUTE)
    assert ok(viewer.get(f"{ALARMS}/floods?running=true"))["total"] == 0
    assert ok(viewer.get(f"{ALARMS}/floods?running=false"))["total"] == 1


def test_feedback_is_kept_by_occurrence_and_the_last_word_stands(
    world: World, technician: TestClient, viewer: TestClient
) -> None:
    first = world.clock.now - HOUR + 123_456  # finer than times go out
    alarm_id = world.follow("north/mill-1", "low_flow", AlarmEvent.RAISE, ts=first)
    route = f"{ALARMS}/{alarm_id}/feedback"
    found = ok(technician.post(route, json={"judgement": "false", "note": "sensor"}))["feedback"]
    assert found == {
        "raised_at": "2026-03-01T07:00:00.000Z",
        "judgement": "false",
        "note": "sensor",
        "by": "technician",
        "at": "2026-03-01T08:00:00.000Z",
    }
    world.follow("north/mill-1", "low_flow", AlarmEvent.CLEAR, ts=first + SECOND)
    world.raise_alarm()
    assert ok(viewer.get(f"{ALARMS}/{alarm_id}"))["feedback"] is None  # of the new occurrence nothing yet
    body = {"judgement": "nuisance", "raised_at": "2026-03-01T07:00:00.000Z"}
    ok(technician.post(route, json=body))
    ok(technician.post(route, json={"judgement": "true"}))
    assert ok(viewer.get(f"{ALARMS}/feedback")) == [
        {
            "class": "mill",
            "rule": "low_flow",
            "name": {"en": "Low flow", "zh": "流量低"},
            "true": 1,
            "false": 0,
            "nuisance": 1,
            "precision": 0.5,
        }
    ]
    assert len(ok(viewer.get(f"{ALARMS}/feedback?class=mill&rule=low_flow"))) == 1
    assert ok(viewer.get(f"{ALARMS}/feedback?class=beacon")) == []


def test_feedback_may_come_with_the_acknowledgement_and_the_reset(
    world: World, technician: TestClient, engineer: TestClient
) -> None:
    alarm_id = world.raise_alarm("north/mill-2", "burst", 10 * SECOND)
    seen = ok(
        technician.post(f"{ALARMS}/{alarm_id}/acknowledge", json={"judgement": "true", "note": "I see it"})
    )
    assert (seen["state"], seen["feedback"]["judgement"]) == ("acknowledged", "true")
    world.follow("north/mill-2", "burst", AlarmEvent.CLEAR)
    body = {"judgement": "false", "note": "it was a drill"}
    reset = ok(engineer.post(f"{ALARMS}/{alarm_id}/reset", json=body))
    assert (reset["state"], reset["feedback"]["judgement"]) == ("normal", "false")
    refused = technician.post(f"{ALARMS}/{alarm_id}/acknowledge", json={"judgement": "true"})
    problem(refused, 409, "transition")
    assert ok(engineer.get(f"{ALARMS}/{alarm_id}"))["feedback"]["judgement"] == "false"


BAD_WORDS: list[tuple[dict[str, Any], int]] = [
    ({}, 422),
    ({"judgement": "maybe"}, 422),
    ({"judgement": "true", "raised_at": "yesterday"}, 422),
    ({"judgement": "true", "raised_at": "2026-03-01T07:00:00Z"}, 404),
    ({"judgement": "true", "unknown": 1}, 422),
]


@pytest.mark.parametrize(("body", "status"), BAD_WORDS)
def test_bad_feedback(world: World, technician: TestClient, body: dict[str, Any], status: int) -> None:
    alarm_id = world.raise_alarm()
    problem(technician.post(f"{ALARMS}/{alarm_id}/feedback", json=body), status)
    problem(technician.post(f"{ALARMS}/99/feedback", json={"judgement": "true"}), 404, "not_found")
    assert ok(technician.get(f"{ALARMS}/feedback")) == []


def test_an_alarm_that_never_was_raised_cannot_be_judged(world: World, technician: TestClient) -> None:
    alarm_id = world.follow("north/mill-1", "low_flow", AlarmEvent.CLEAR, ts=world.clock.now - DAY)
    problem(technician.post(f"{ALARMS}/{alarm_id}/feedback", json={"judgement": "true"}), 404, "not_found")

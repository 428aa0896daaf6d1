"""Backtests through the API: started, watched, cancelled; and that only a few run at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.backtests.jobs import BacktestJobs, Job, JobState
from plantroom.alarms import AlarmEvent, Judgement
from plantroom.errors import ConflictError, NotFoundError, StoreUnavailableError
from plantroom.readings import ReadingBatch
from plantroom.stores.records import feedback
from plantroom.times import HOUR, MINUTE, SECOND, to_iso
from rules.backtest import CancelledError
from tests.api.kit import World, ok, problem
from tests.plantroom.records.kit import START

PATH = "/api/v1/backtests"
DRAFT = "class: mill\nrules:\n  - {key: low_flow, on_delay: 60s}\n"
BODY = {"rules": DRAFT, "start": to_iso(START - HOUR), "equipment": ["north/mill-1"]}
PATIENCE_S = 30.0


def until(done: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def finished(client: TestClient, backtest_id: str) -> Any:
    until(lambda: ok(client.get(f"{PATH}/{backtest_id}"))["state"] != "running")
    return ok(client.get(f"{PATH}/{backtest_id}"))


def fill(world: World) -> None:
    """An hour in which the flow is low for two minutes, and once for half a minute."""
    ids = {key: world.point_id(f"north/mill-1/{key}") for key in ("flow", "running")}
    rows = []
    for at in range(0, 3600, 10):
        low = 600 <= at < 720 or 1200 <= at < 1230
        rows += [(ids["running"], at, 1.0), (ids["flow"], at, 5.0 if low else 45.0)]
    points, seconds, values = zip(*rows, strict=True)
    world.store.append(ReadingBatch.of(points, [START - HOUR + at * SECOND for at in seconds], values))


def test_a_backtest_runs_and_says_what_it_found(world: World, engineer: TestClient) -> None:
    fill(world)
    alarm = world.follow("north/mill-1", "low_flow", AlarmEvent.RAISE, ts=START - HOUR + 1200 * SECOND)
    with world.database.transaction() as session:
        feedback.give(session, alarm, Judgement.NUISANCE, by="engineer", now=START)
    answer = engineer.post(PATH, json=BODY)
    started = ok(answer, 202)
    assert answer.headers["location"] == f"{PATH}/{started['id']}"
    found = finished(engineer, started["id"])
    assert (found["state"], found["share"], found["class"], found["by"]) == ("done", 1.0, "mill", "engineer")
    assert found["end"] == to_iso(START)
    (rule,) = found["report"]["rules"]
    assert (rule["rule"], rule["moved"], rule["lost"], rule["gained"]) == ("low_flow", 1, 1, 0)
    assert (rule["before"]["orders"], rule["after"]["orders"]) == (2, 1)
    assert (rule["before"]["marked_nuisance"], rule["before"]["precision"]) == (1, 0.0)
    assert (rule["after"]["marked_nuisance"], rule["after"]["precision"]) == (0, None)
    (line,) = found["report"]["lines"]
    assert line["moved_alarms"][0]["by_s"] == 60.0
    heads = ok(engineer.get(PATH))
    assert [item["id"] for item in heads] == [started["id"]]
    assert "report" not in heads[0]
    ok(engineer.delete(f"{PATH}/{started['id']}"), 204)
    problem(engineer.get(f"{PATH}/{started['id']}"), 404, "not_found")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rules": "class: mill\nrules:\n  - {key: low_flow, when: 'flow < 5 bar'}\n"}, "3:35 rules.0.when"),
        ({"rules": "class: mlil\nrules: []\n"}, "1:8 class"),
        ({"rules": "{"}, "1:"),
        ({"start": to_iso(START)}, "body.start"),
        ({"equipment": ["north/none"]}, "body.equipment"),
        ({"equipment": ["mill-1"]}, "body.equipment.0"),
        ({"warm_up": "soon"}, "body.warm_up"),
        ({"until": "now"}, "body.until"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(engineer: TestClient, change: dict[str, Any], said: str) -> None:
    body = problem(engineer.post(PATH, json={**BODY, **change}), 422)
    assert body["errors"][0]["where"].startswith(said)
    assert ok(engineer.get(PATH)) == []


def test_a_viewer_may_not(viewer: TestClient) -> None:
    problem(viewer.post(PATH, json=BODY), 403, "forbidden")


class Gate:
    """Work that waits until it is let go or cancelled."""

    def __init__(self) -> None:
        self.open = threading.Event()

    def work(self, _tell: object, cancelled: Callable[[], bool]) -> dict[str, Any]:
        while not self.open.wait(0.01):
            if cancelled():
                raise CancelledError("cancelled")
        return {"found": True}


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open.set()


def begin(jobs: BacktestJobs, work: Any) -> Job:
    return jobs.start(work, lambda: START, cls="mill", start=START - MINUTE, end=START, by="x")


def test_only_a_few_run_at_once_and_a_cancelled_one_makes_room(gate: Gate) -> None:
    jobs = BacktestJobs(running=2)
    first, second = begin(jobs, gate.work), begin(jobs, gate.work)
    with pytest.raises(ConflictError, match="2 backtests are running"):
        begin(jobs, gate.work)
    jobs.drop(first.id)
    until(lambda: first.state is JobState.CANCELLED)
    assert jobs.get(first.id).report is None
    third = begin(jobs, gate.work)
    assert [job.id for job in jobs.list()] == [third.id, second.id, first.id]
    gate.open.set()
    until(lambda: third.state is JobState.DONE)
    assert third.report == {"found": True}


def test_what_ended_is_forgotten_after_a_while(gate: Gate) -> None:
    jobs = BacktestJobs(running=2, kept=3)
    gate.open.set()
    ended = []
    for _ in range(5):
        ended.append(begin(jobs, gate.work))
        until(lambda: ended[-1].state is JobState.DONE)
    assert [job.id for job in jobs.list()] == [job.id for job in reversed(ended[2:])]
    with pytest.raises(NotFoundError):
        jobs.get(ended[0].id)


def failing(failure: Exception) -> Callable[..., dict[str, Any]]:
    def work(*_: object) -> dict[str, Any]:
        raise failure

    return work


def test_a_failure_is_said_and_what_is_ours_tells_nothing_of_the_inside() -> None:
    jobs = BacktestJobs()
    away = begin(jobs, failing(StoreUnavailableError("the store is away")))
    ours = begin(jobs, failing(KeyError("secret")))
    until(lambda: {away.state, ours.state} == {JobState.FAILED})
    assert away.detail == "the store is away"
    assert "secret" not in ours.detail
    assert "log" in ours.detail

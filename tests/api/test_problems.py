"""The error tree as HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import problems
from api.app import create_api
from plantroom.errors import (
    CatalogueError,
    ConflictError,
    ExpressionError,
    NotFoundError,
    PayloadError,
    PlantroomError,
    Problem,
    SettingsError,
    StoreCorruptError,
    StoreError,
    StoreUnavailableError,
    TransitionError,
    UnitError,
)
from plantroom.readings import ReadingBatch
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.stores.records import locks
from plantroom.stores.records.paging import CursorError
from plantroom.stores.records.users import SignInError
from plantroom.work_orders import Role
from tests.api.kit import World, ok, problem

TREE: list[tuple[PlantroomError, int, str]] = [
    (NotFoundError("no pump"), 404, "not_found"),
    (ConflictError("taken"), 409, "conflict"),
    (TransitionError("cannot", ["assign"]), 409, "transition"),
    (CursorError("forged"), 422, "cursor"),
    (UnitError("no unit"), 422, "unit"),
    (ExpressionError("no rule"), 422, "expression"),
    (CatalogueError([Problem("pump.yaml", 3, 5, "rules.0", "wrong")]), 422, "file"),
    (SignInError("no"), 401, "sign_in_failed"),
    (SignInError("later", 1_500_000_000), 429, "sign_in_slowed"),
    (StoreUnavailableError("/secret/path is locked"), 503, "store_unavailable"),
    (StoreCorruptError("/secret/path is damaged"), 500, "internal"),
    (StoreError("/secret/path"), 500, "internal"),
    (SettingsError("/secret/path"), 500, "internal"),
    (PayloadError("json", "/secret/path"), 500, "internal"),
]


def raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize(("error", "status", "code"), TREE, ids=lambda item: type(item).__name__)
def test_each_error_has_its_status(error: PlantroomError, status: int, code: str) -> None:
    app = FastAPI()
    problems.install(app)
    app.add_api_route("/x", raising(error))
    answer = TestClient(app, raise_server_exceptions=False).get("/x")
    body = problem(answer, status, code)
    assert "/secret/path" not in answer.text
    assert body["instance"] == "/x"
    if isinstance(error, TransitionError):
        assert body["allowed"] == ["assign"]
    if isinstance(error, CatalogueError):
        assert body["errors"] == [{"where": "3:5 rules.0", "what": "wrong"}]
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
    if code == "sign_in_slowed":
        assert (answer.headers["retry-after"], body["retry_after_s"]) == ("2", 2)
    if status == 503:
        assert int(answer.headers["retry-after"]) > 0


def test_an_error_that_nobody_thought_of_tells_nothing() -> None:
    app = FastAPI()
    problems.install(app)
    app.add_api_route("/x", raising(RuntimeError("password=hunter2")))
    answer = TestClient(app, raise_server_exceptions=False).get("/x")
    problem(answer, 500, "internal")
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text


def test_odd_text_is_quoted_safely() -> None:
    answer = problems.response("/x", 422, "validation", "\ud800 & <b>")
    assert json.loads(answer.body)["detail"] == "\ud800 & <b>"


class AwayStore(DuckdbStore):
    """A store whose queries fail for now."""

    def __init__(self) -> None:
        """Opens nothing."""

    def range(self, *_: object) -> ReadingBatch:
        raise StoreUnavailableError("/secret/path is locked")


def test_a_store_that_is_away_holds_up_nothing_else(world: World) -> None:
    token = world.as_role(Role.VIEWER).headers["Authorization"]
    app = create_api(replace(world.context, store=AwayStore()))
    client = TestClient(app, raise_server_exceptions=False, headers={"Authorization": token})
    answer = client.get("/api/v1/readings/range?point=north/mill-1/flow")
    problem(answer, 503, "store_unavailable")
    assert "/secret/path" not in answer.text
    ok(client.get("/api/v1/alarms"))


def test_a_locked_database_is_503(tmp_path: Path) -> None:
    world = World(tmp_path, busy_seconds=0.05)
    alarm_id = world.raise_alarm()
    technician = world.as_role(Role.TECHNICIAN)
    ok(technician.get("/api/v1/me"))
    with world.database.transaction() as session:
        locks.hold_sites(session, ["north"])
        answer = technician.post(f"/api/v1/alarms/{alarm_id}/acknowledge")
        body = problem(answer, 503, "store_unavailable")
        assert body["retry_after_s"] == int(answer.headers["retry-after"]) > 0
        ok(technician.get("/api/v1/alarms"))  # readers are not held up
    ok(technician.post(f"/api/v1/alarms/{alarm_id}/acknowledge"))
    world.close()

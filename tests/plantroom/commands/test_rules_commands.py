"""`plantroom backtest` and `plantroom rules test`, as a person calls them."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner, Result

from plantroom.app import listen
from plantroom.cli import app
from plantroom.readings import ReadingBatch
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.stores.records import sessions, users
from plantroom.stores.records.property import load_table
from plantroom.times import HOUR, SECOND, to_iso
from plantroom.work_orders import Role
from tests.api.kit import World
from tests.plantroom.records.kit import PROPERTY, START, catalogue, import_file
from tests.servers.databases import database_url, open_database

DRAFT = "class: mill\nrules:\n  - {key: low_flow, on_delay: 60s}\n"
PERIOD = ("--from", to_iso(START - HOUR), "--to", to_iso(START))
CASES = """\
class: mill
healthy: {running: true}
cases:
  - {rule: low_flow, case: fires, until: 1 min, series: {flow: {0s: 45, 30s: 5}}, expect: [{raise: 30s}]}
  - {rule: low_flow, case: just_under, note: at the limit, until: 1 min, series: {flow: {0s: 25}}, expect: []}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the tests' own classes and a draft."""
    monkeypatch.setenv("PLANTROOM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PLANTROOM_CATALOGUE", str(PROPERTY / "classes"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("PLANTROOM_DATABASE_URL", database_url(tmp_path / "data", name="plantroom"))
    (tmp_path / "draft.yaml").write_text(DRAFT, encoding="utf-8")
    (tmp_path / "cases.yaml").write_text(CASES, encoding="utf-8")
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def low_for_two_minutes(points: dict[str, int]) -> ReadingBatch:
    rows = []
    for at in range(0, 3600, 10):
        rows += [(points["running"], at, 1.0), (points["flow"], at, 5.0 if 600 <= at < 720 else 45.0)]
    ids, ts, values = zip(*rows, strict=True)
    return ReadingBatch.of(ids, [START - HOUR + at * SECOND for at in ts], values)


@pytest.fixture
def history(folder: Path) -> Path:
    """The data folder of a server that is stopped."""
    with closing(open_database(folder / "data", name="plantroom")) as database:
        import_file(database)
        with database.session() as session:
            points = load_table(session, catalogue()).of_equipment("north", "mill-1")
    assert points is not None
    with closing(DuckdbStore(folder / "data" / "readings.duckdb")) as store:
        store.append(low_for_two_minutes(dict(points)))
    return folder


def test_a_backtest_of_a_stopped_servers_data(history: Path) -> None:
    found = call("backtest", "--rules", "draft.yaml", *PERIOD, "--format", "json")
    assert found.exit_code == 0, found.output
    report = json.loads(found.stdout)
    (rule,) = report["rules"]
    assert (rule["rule"], rule["moved"], rule["gained"], rule["lost"]) == ("low_flow", 1, 0, 0)
    assert report["readings"] == 720
    shown = call("backtest", "--rules", "draft.yaml", *PERIOD, "--equipment", "north/mill-1")
    assert shown.exit_code == 0
    assert "north/mill-1" in shown.output
    assert "1min later" in shown.output
    rows = list(
        csv.DictReader(
            io.StringIO(call("backtest", "--rules", "draft.yaml", *PERIOD, "--format", "csv").stdout)
        )
    )
    assert [(row["what"], row["by_s"], row["cleared_at"]) for row in rows] == [("moved", "60.0", "")]


def test_a_server_that_has_the_folder_is_said_and_the_way_round_it(history: Path) -> None:
    with closing(DuckdbStore(history / "data" / "readings.duckdb")):
        found = call("backtest", "--rules", "draft.yaml", *PERIOD)
    assert found.exit_code == 3
    assert "is open elsewhere" in found.output
    assert "--url http://localhost:8420 --token" in found.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rules", "none.yaml", *PERIOD), "none.yaml:1:1: cannot be read"),
        (("--rules", "wrong.yaml", *PERIOD), "wrong.yaml:3:11: rules.0.key: the class has no rule"),
        (("--rules", "draft.yaml", "--from", "yesterday"), "--from: 'yesterday' is not a time"),
        (("--rules", "draft.yaml", "--from", to_iso(START), "--to", to_iso(START)), "--from must be before"),
        (("--rules", "draft.yaml", *PERIOD, "--warm-up", "long"), "--warm-up: 'long'"),
        (("--rules", "draft.yaml", *PERIOD, "--equipment", "mill-1"), "write SITE/KEY"),
        (("--rules", "draft.yaml", *PERIOD, "--url", "ftp://x"), "--url: 'ftp://x' is no address"),
        (("--rules", "draft.yaml", *PERIOD, "--url", "http://x"), "--token"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(history: Path, words: tuple[str, ...], said: str) -> None:
    (history / "wrong.yaml").write_text(DRAFT.replace("low_flow", "low_flwo"), encoding="utf-8")
    found = call("backtest", *words)
    assert found.exit_code == 1
    assert said in " ".join(found.output.split())


def test_no_readings_are_said_and_no_file_is_made(folder: Path) -> None:
    found = call("backtest", "--rules", "draft.yaml", *PERIOD)
    assert found.exit_code == 1
    assert "there are no readings at" in found.output
    assert list((folder / "data").glob("readings*")) == []


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a server with the same history, and an engineer's token."""
    world = World(tmp_path_factory.mktemp("server"))
    points = {key: world.point_id(f"north/mill-1/{key}") for key in ("flow", "running")}
    world.store.append(low_for_two_minutes(points))
    with world.database.transaction() as session:
        owner = users.identity(users.get_user(session, Role.ENGINEER.value))
        _, token = sessions.create_token(session, owner, "test", Role.ENGINEER, START)
    listener = listen("127.0.0.1", 0)
    served = uvicorn.Server(uvicorn.Config(world.app, log_level="warning"))
    thread = threading.Thread(target=served.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.monotonic() + 20
    while not served.started and time.monotonic() < deadline:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", token
    served.should_exit = True
    thread.join()
    world.close()


def test_a_backtest_in_a_running_server(server: tuple[str, str], folder: Path) -> None:
    there = ("--url", server[0], "--token", server[1])
    found = call("backtest", "--rules", "draft.yaml", *PERIOD, *there, "--format", "json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["rules"][0]["moved"] == 1
    (folder / "wrong.yaml").write_text(DRAFT.replace("60s", "soon"), encoding="utf-8")
    wrong = call("backtest", "--rules", "wrong.yaml", *PERIOD, *there)
    assert wrong.exit_code == 1
    assert wrong.output.startswith("3:31 rules.0.on_delay: 'soon' is not a duration")
    nobody = call("backtest", "--rules", "draft.yaml", *PERIOD, "--url", server[0], "--token", "plt_x")
    assert nobody.exit_code == 1
    assert "sign in" in nobody.output


def test_a_server_that_is_away_is_said() -> None:
    with closing(listen("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found = call(
        "backtest", "--rules", "draft.yaml", *PERIOD, "--url", f"http://127.0.0.1:{port}", "--token", "x"
    )
    assert found.exit_code == 3
    assert "does not answer" in " ".join(found.output.split())


def test_cases_that_come_out_as_expected() -> None:
    found = call("rules", "test", "cases.yaml")
    assert found.exit_code == 0, found.output
    assert found.output.strip() == "2 of 2 cases come out as expected"
    every = call("rules", "test", "-v", "cases.yaml", "cases.yaml")
    assert "4 of 4 cases" in every.output
    assert "raise at 30s" in every.output
    assert "at the limit" in every.output


def test_a_case_that_comes_out_otherwise_fails() -> None:
    found = call("rules", "test", "cases.yaml", "--rules", "draft.yaml")
    assert found.exit_code == 1
    text = " ".join(found.output.split())
    assert "1 of 2 cases" in text
    assert "expected raise at" in text


def test_files_that_are_wrong_are_all_said(folder: Path) -> None:
    (folder / "bad.yaml").write_text(CASES.replace("low_flow", "low_flwo"), encoding="utf-8")
    found = call("rules", "test", "bad.yaml", "none.yaml", "cases.yaml")
    assert found.exit_code == 1
    assert "bad.yaml:4:" in found.output
    assert "none.yaml:1:1: cannot be read" in found.output

"""`worker`, `scheduler` and `api` on stores that let one process in: said at once, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from plantroom.cli import app


@pytest.mark.parametrize("command", ["worker", "scheduler", "api"])
def test_the_embedded_stores_are_refused_before_anything_starts(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PLANTROOM_DATABASE_URL", raising=False)
    found = CliRunner().invoke(app, [command])
    text = " ".join(found.output.split())
    assert found.exit_code == 1
    for word in ("PLANTROOM_DATABASE_URL", "PLANTROOM_INFLUX__URL", "plantroom serve"):
        assert word in text
    assert not (tmp_path / "data").exists()


def test_what_is_shared_already_is_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLANTROOM_DATABASE_URL", "postgresql+psycopg://plantroom@nowhere.invalid/plantroom")
    found = CliRunner().invoke(app, ["worker"])
    assert found.exit_code == 1
    assert "SQLite" not in found.output
    assert "DuckDB" in found.output


def test_the_exit_codes_are_in_the_help() -> None:
    found = " ".join(CliRunner().invoke(app, ["--help"]).output.split())
    assert "3 a broker or store is away" in found
    for command in ("worker", "scheduler", "api", "serve"):
        assert command in found

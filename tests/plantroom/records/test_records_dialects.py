"""URLs, limits and errors of both databases."""

from __future__ import annotations

import json

import pytest
from sqlalchemy.exc import StatementError

from plantroom.errors import SettingsError, StoreUnavailableError
from plantroom.stores.records import Database
from plantroom.stores.records.tables import AuditRow
from tests.plantroom.records.kit import START


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://u:hunter2@host/name", "mysql is not supported"),
        ("sqlite+aiosqlite:///x", "sqlite.aiosqlite is not supported"),
        ("hunter2 and nonsense", "is no database URL"),
        ("", "is no database URL"),
    ],
)
def test_another_database_is_a_wrong_setting_and_no_password_is_shown(url: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as raised:
        Database(url)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("name", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_is_psycopg(name: str) -> None:
    database = Database(f"{name}://u@host/name")
    assert database.shared
    assert database.engine.dialect.driver == "psycopg"


def test_a_server_that_is_not_there_is_away_and_its_password_is_not_shown() -> None:
    database = Database("postgresql://u:hunter2@127.0.0.1:1/name")
    with pytest.raises(StoreUnavailableError) as raised, database.session() as session:
        session.connection()
    assert "hunter2" not in str(raised.value)
    database.close()


def test_no_figure_that_is_no_json_gets_in(empty: Database) -> None:
    def write(figure: float) -> None:
        with empty.transaction() as session:
            row = AuditRow(at=START, by="x", action="x", subject="x", detail={"figure": figure})
            session.add(row)

    with pytest.raises((StatementError, ValueError)):
        write(float("nan"))
    write(1e300)


def test_texts_of_every_kind_come_back_as_they_were(empty: Database) -> None:
    odd = '\'; DROP TABLE audit; --  100%_  \\ "x" 泵 🛗 \u202e\u200d e\u0301'
    big = {"a": [1, 2.5, None, True, odd], odd: {"n": 2**53}}
    with empty.transaction() as session:
        session.add(AuditRow(at=2**62, by=odd[:64], action="x", subject=odd, detail=big))
    with empty.session() as session:
        (row,) = session.query(AuditRow).all()
        assert (row.at, row.by, row.subject) == (2**62, odd[:64], odd)
        assert json.dumps(row.detail) == json.dumps(big)

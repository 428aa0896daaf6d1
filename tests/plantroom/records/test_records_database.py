"""The database itself: migrations, transactions, and what goes wrong with a file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import StatementError

from plantroom.alarms import AlarmEvent, Severity
from plantroom.errors import StoreCorruptError, StoreError, StoreUnavailableError
from plantroom.stores.records import Database, alarms, locks
from plantroom.stores.records.alarms import RuleFacts
from plantroom.stores.records.database import MIGRATIONS
from plantroom.stores.records.tables import AlarmRow, Base, CheckpointRow, SiteRow, UserRow
from plantroom.work_orders import OPEN_STATES
from tests.plantroom.records.kit import START
from tests.servers.databases import POSTGRESQL, database_url

of_sqlite = pytest.mark.skipif(POSTGRESQL, reason="is about SQLite's file")


def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(MIGRATIONS))
    return found


def test_from_nothing_the_migrations_make_what_the_tables_say(empty: Database) -> None:
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert context.get_current_revision() == ScriptDirectory.from_config(config()).get_current_head()
        # what the comparison does not look at: the condition of the one-open-order index
        where = "pg_indexes WHERE indexname" if POSTGRESQL else "sqlite_master WHERE name"
        column = "indexdef" if POSTGRESQL else "sql"
        sql = connection.scalar(text(f"SELECT {column} FROM {where} = 'uq_work_orders_open_fault'"))
        assert "UNIQUE" in str(sql)
        assert all(f"'{state}'" in str(sql) for state in OPEN_STATES)
        assert "fault IS NOT NULL" in str(sql)


def test_migrating_again_changes_nothing(empty: Database) -> None:
    with empty.transaction() as session:
        session.add(SiteRow(key="north", name_en="N", name_zh="N", zone="UTC"))
    empty.migrate()
    with empty.session() as session:
        assert session.scalars(select(SiteRow)).one().key == "north"


def test_every_migration_goes_down_and_up_again(empty: Database) -> None:
    for target, tables in (("base", {"alembic_version"}), ("head", None)):
        with empty.engine.execution_options(write=True).begin() as connection:
            settings = config()
            settings.attributes["connection"] = connection
            (command.downgrade if target == "base" else command.upgrade)(settings, target)
        found = set(inspect(empty.engine).get_table_names())
        assert found == (tables if tables is not None else {*Base.metadata.tables, "alembic_version"})


def to_version(database: Database, target: str, *, down: bool = False) -> None:
    with database.engine.execution_options(write=True).begin() as connection:
        settings = config()
        settings.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(settings, target)


def test_alarms_of_the_first_version_keep_their_history_and_their_latch(database: Database) -> None:
    facts = RuleFacts(Severity.MAJOR, latching=True)
    with database.transaction() as session:
        for equipment, events in ((1, "rc"), (2, "rca"), (3, "rcar")):
            for place, letter in enumerate(events[:2]):
                event = {"r": AlarmEvent.RAISE, "c": AlarmEvent.CLEAR}[letter]
                alarms.follow(
                    session, equipment, "low_flow", event=event, ts=START + place, facts=facts, readings={}
                )
            for event in (AlarmEvent.ACKNOWLEDGE, AlarmEvent.RESET)[: len(events) - 2]:
                alarms.act(session, equipment, event, by="chen", now=START + 10)
    to_version(database, "0001", down=True)
    to_version(database, "head")
    with database.session() as session:
        rows = list(session.scalars(alarms.query().order_by(AlarmRow.id)))
        assert [(row.state, row.latched) for row in rows] == [
            ("latched_unacknowledged", True),
            ("latched_acknowledged", True),
            ("normal", False),
        ]
        assert [len(alarms.events_of(session, row.id)) for row in rows] == [2, 3, 4]
        assert {row.root_alarm_id for row in rows} == {None}


def test_two_processes_migrate_at_once(tmp_path: Path) -> None:
    url = database_url(tmp_path, None)
    databases = [Database(url) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(Database.migrate, databases))
    assert set(Base.metadata.tables) <= set(inspect(databases[0].engine).get_table_names())
    for database in databases:
        database.close()


def test_a_newer_database_is_left_alone(empty: Database) -> None:
    with empty.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version"):
        empty.migrate()
    with empty.session() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


@of_sqlite
def test_sqlite_is_durable_and_holds_its_keys(empty: Database) -> None:
    with empty.session() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA synchronous")) == 2
        assert session.scalar(text("PRAGMA foreign_keys")) == 1


def test_reading_commits_nothing(empty: Database) -> None:
    with empty.session() as session:
        session.add(SiteRow(key="north", name_en="N", name_zh="N", zone="UTC"))
        session.flush()
    with empty.session() as session:
        assert session.scalars(select(SiteRow)).all() == []


def test_a_reader_is_not_held_up_by_a_writer(empty: Database) -> None:
    with empty.transaction() as writing:
        writing.add(SiteRow(key="north", name_en="N", name_zh="N", zone="UTC"))
        writing.flush()
        with empty.session() as reading:
            assert reading.scalars(select(SiteRow)).all() == []


def test_a_lock_that_is_held_is_said_to_be_for_now(empty: Database) -> None:
    other = Database(empty.url, busy_seconds=0.01)
    with empty.transaction() as session:
        locks.hold(session, "the same")
        with pytest.raises(StoreUnavailableError, match="lock"), other.transaction() as waiting:
            locks.hold(waiting, "the same")
    with other.transaction() as session:
        session.add(SiteRow(key="north", name_en="N", name_zh="N", zone="UTC"))
    other.close()


def test_writers_take_turns(empty: Database) -> None:
    with empty.transaction() as session:
        session.add(CheckpointRow(name="count", at=0, data=b""))

    def add_one(_: int) -> None:
        with empty.transaction() as session:
            locks.hold(session, "count")
            row = session.get_one(CheckpointRow, "count")
            row.at += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add_one, range(40)))
    with empty.session() as session:
        assert session.get_one(CheckpointRow, "count").at == 40


@of_sqlite
def test_a_damaged_file_is_said_to_be_damaged(empty: Database, tmp_path: Path) -> None:
    empty.close()
    for leftover in tmp_path.glob("records.sqlite-*"):
        leftover.unlink()
    file = tmp_path / "records.sqlite"
    content = bytearray(file.read_bytes())
    page = 4096
    for start in range(page, len(content), page):
        content[start : start + 200] = b"\xa5" * 200
    file.write_bytes(content)
    with pytest.raises(StoreCorruptError, match="doctor"), empty.session() as session:
        session.scalars(select(SiteRow)).all()
    assert file.read_bytes()[page : page + 10] == b"\xa5" * 10  # and is not written over


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"
    file.write_bytes(b"this is not a database at all" * 100)
    database = Database(f"sqlite:///{file}")
    with pytest.raises(StoreCorruptError, match="not a database"):
        database.migrate()
    assert file.read_bytes().startswith(b"this is not")
    database.close()


def test_a_folder_that_is_not_there_is_a_store_error(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'none' / 'records.sqlite'}")
    with pytest.raises(StoreUnavailableError):
        database.migrate()
    database.close()


def test_errors_do_not_show_values(empty: Database) -> None:
    with pytest.raises(StatementError) as raised, empty.transaction() as session:
        session.add(UserRow(username="chen", password_hash="$argon2id$secret"))
    assert "$argon2id$secret" not in str(raised.value)

"""The database: engine, sessions and migrations."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from plantroom.errors import StoreCorruptError, StoreError, StoreUnavailableError

MIGRATIONS = Path(__file__).parents[1] / "migrations"
_DAMAGED = re.compile("malformed|not a database")
_WAL_ATTEMPTS = 100
BUSY_SECONDS = 30.0
"""How long a write waits for another process's or thread's."""


class Database:
    """Sessions on one SQLAlchemy URL. SQLite runs in WAL mode with full durability."""

    def __init__(self, url: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        sqlite = url.startswith("sqlite")
        # values stay out of errors and so out of logs: some are hashes of passwords
        options: dict[str, Any] = {"hide_parameters": True}
        if sqlite:
            options["connect_args"] = {"timeout": busy_seconds}
        self.url = url
        self.engine = create_engine(url, pool_pre_ping=not sqlite, **options)
        # a write transaction takes its lock at once: SQLite can't upgrade a stale read to a write
        self._writer = self.engine.execution_options(write=True)
        if sqlite:
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session for reading; nothing is committed.

        Raises: StoreUnavailableError, StoreCorruptError.
        """
        with _store_errors(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session for writing: committed at the end, rolled back on any exception.

        Raises: StoreUnavailableError, StoreCorruptError.
        """
        with _store_errors(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Bring the schema to this version.

        Raises: StoreError where the database was written by a newer Plantroom.
        """
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        with _store_errors(), self._writer.begin() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
            if found is not None and found not in known:
                raise StoreError(
                    f"the database is at schema {found}, which this Plantroom does not know: "
                    "it was written by a newer version; upgrade, or restore a backup"
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy says BEGIN, not the driver
    _use_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _use_wal(connection: sqlite3.Connection) -> None:
    # SQLite does not wait for its lock here: of two processes that open a new file at once one is turned away
    for attempt in range(_WAL_ATTEMPTS):
        if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
            return
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if attempt + 1 == _WAL_ATTEMPTS:
                raise
            time.sleep(0.05)


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except OperationalError as failure:
        raise StoreUnavailableError(f"the database: {failure.orig}") from failure
    except PoolTimeout as failure:
        raise StoreUnavailableError("the database: every connection is in use") from failure
    except DBAPIError as failure:
        if isinstance(failure.orig, sqlite3.DatabaseError) and _DAMAGED.search(str(failure.orig)):
            raise StoreCorruptError(f"the database: {failure.orig}; see plantroom doctor") from failure
        raise

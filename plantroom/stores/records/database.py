"""The database: engine, sessions and migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.orm import Session

from plantroom.errors import StoreError
from plantroom.stores.records import locks
from plantroom.stores.records.dialects import is_postgresql, open_engine, store_errors

MIGRATIONS = Path(__file__).parents[1] / "migrations"
BUSY_SECONDS = 30.0
"""How long a write waits for another process's or thread's."""


class Database:
    """Sessions on one SQLAlchemy URL: SQLite in WAL mode with full durability, or PostgreSQL."""

    def __init__(self, url: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        """Connects to nothing yet.

        Raises: SettingsError for a URL that is malformed or of another database.
        """
        self.url = url
        self.engine = open_engine(url, busy_seconds=busy_seconds)
        # a write transaction takes its lock at once: SQLite can't upgrade a stale read to a write
        self._writer = self.engine.execution_options(write=True)

    @property
    def shared(self) -> bool:
        """Whether several processes may work on it, on several machines."""
        return is_postgresql(self.engine)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session for reading; nothing is committed.

        Raises: StoreUnavailableError, StoreCorruptError.
        """
        with store_errors(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session for writing: committed at the end, rolled back on any exception.

        Raises: StoreUnavailableError, StoreCorruptError.
        """
        with store_errors(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Bring the schema to this version.

        Raises: StoreError where the database was written by a newer Plantroom.
        """
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        with store_errors(), self._writer.begin() as connection:
            if is_postgresql(connection):
                # processes that start together take turns, and changing a large table may take its time
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                locks.hold(connection, locks.MIGRATION)
                connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
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

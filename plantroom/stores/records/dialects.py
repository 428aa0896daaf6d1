"""What SQLite and PostgreSQL each need of a connection, and what their errors mean."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from plantroom.errors import SettingsError, StoreCorruptError, StoreUnavailableError

_DAMAGED = re.compile("malformed|not a database")
_WAL_ATTEMPTS = 100
_AWAY_CLASSES = ("08", "25", "40", "53", "55", "57")
"""Classes of SQLSTATE after which a later try may work: no connection, a transaction that was ended or went
to a server that only reads, a deadlock, full, locked, shut down."""
_POSTGRESQL = ("postgresql+psycopg", "postgresql", "postgres")
CONNECT_SECONDS = 10
STATEMENT_SECONDS = 60
"""No statement of ours takes so long but a migration's, which has no limit."""


def open_engine(text: str, *, busy_seconds: float) -> Engine:
    """An engine on SQLite or PostgreSQL that gives up in good time what is away.

    Raises: SettingsError for a URL that is malformed or of another database.
    """
    url = _url(text)
    # values stay out of errors and so out of logs: some are hashes of passwords
    options: dict[str, Any] = {"hide_parameters": True, "json_serializer": _json}
    if url.get_backend_name() == "postgresql":
        engine = create_engine(url, **options, **_postgresql_options(url, busy_seconds))
        event.listen(engine, "handle_error", _hide_values)
        return engine
    engine = create_engine(url, **options, connect_args={"timeout": busy_seconds})
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def is_postgresql(connection: Connection | Engine) -> bool:
    """Whether the other end is a server that several processes share."""
    return connection.dialect.name == "postgresql"


def _url(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        # not its text, which may hold a password
        raise SettingsError(
            "database_url: is no database URL; write postgresql+psycopg://USER@HOST/NAME"
        ) from None
    if url.drivername in _POSTGRESQL:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        return url
    raise SettingsError(
        f"database_url: {url.drivername} is not supported; use postgresql+psycopg://USER@HOST/NAME, "
        "or leave it out for the embedded SQLite"
    )


def _postgresql_options(url: URL, busy_seconds: float) -> dict[str, Any]:
    limits = {
        "statement_timeout": f"{STATEMENT_SECONDS}s",
        "lock_timeout": f"{int(busy_seconds * 1000)}ms",
        # a process that hangs in the middle of a transaction must not hold its locks for ever
        "idle_in_transaction_session_timeout": f"{STATEMENT_SECONDS}s",
    }
    given = {
        "connect_timeout": CONNECT_SECONDS,
        # a server whose machine is gone says nothing: without these a connection waits for hours
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
        "application_name": "plantroom",
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
    }
    return {
        "connect_args": {name: value for name, value in given.items() if name not in url.query},
        "pool_pre_ping": True,
        "pool_size": 10,
        "max_overflow": 10,
        "pool_timeout": busy_seconds,
        "pool_recycle": 3600,
    }


def _json(content: Any) -> str:
    # NaN is no JSON: SQLite would keep it and PostgreSQL refuse it, so nobody may write it
    return json.dumps(content, ensure_ascii=False, allow_nan=False)


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
def store_errors() -> Iterator[None]:
    """Turns what the drivers raise of a database that is away or damaged into the error tree."""
    try:
        yield
    except PoolTimeout as failure:
        raise StoreUnavailableError("the database: every connection is in use") from failure
    except DBAPIError as failure:
        if isinstance(failure.orig, sqlite3.DatabaseError) and _DAMAGED.search(str(failure.orig)):
            raise StoreCorruptError(f"the database: {failure.orig}; see plantroom doctor") from failure
        if isinstance(failure, OperationalError) or failure.connection_invalidated or _is_away(failure):
            raise StoreUnavailableError(f"the database: {_first_line(failure)}") from failure
        raise


def _is_away(failure: DBAPIError) -> bool:
    state = getattr(failure.orig, "sqlstate", None)
    return state is not None and state.startswith(_AWAY_CLASSES)


def _hide_values(context: ExceptionContext) -> None:
    """PostgreSQL's errors have lines after the first that show the row, a password's hash and all."""
    failure = context.sqlalchemy_exception
    if isinstance(failure, DBAPIError) and failure.orig is not None:
        whole, first = str(failure.orig), _first_line(failure)
        failure.orig.args = (first,)
        failure.args = tuple(str(part).replace(whole, first) for part in failure.args)


def _first_line(failure: DBAPIError) -> str:
    return str(failure.orig).strip().partition("\n")[0]

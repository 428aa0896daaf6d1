"""Databases for the tests: SQLite files, or with PLANTROOM_TESTS_DATABASE=postgresql a real PostgreSQL's.

Each is a copy of a prepared one, since migrations and passwords take long. A folder and a name are always
the same database within a test, so that one that was closed can be opened again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from sqlalchemy import make_url

from plantroom.stores.records import Database
from tests.servers.postgresql import shared_server

Prepare = Callable[[Database], None]
POSTGRESQL = os.environ.get("PLANTROOM_TESTS_DATABASE", "sqlite") == "postgresql"
_KEPT = 60
"""How many databases stay on the server: those of tests that are over are dropped when there are more."""
_numbers = count()
_names: dict[Path, str] = {}


def migrated(database: Database) -> None:
    """Prepare the tables and nothing in them."""
    database.migrate()


def database_url(folder: Path, prepare: Prepare | None = migrated, *, name: str = "records") -> str:
    """The URL of a database that belongs to the folder: new ones are as `prepare` makes them, None empty."""
    file = folder / f"{name}.sqlite"
    if not POSTGRESQL:
        if not file.exists() and prepare is not None:
            file.write_bytes(_sqlite_template(prepare))
        return f"sqlite:///{file}"
    if file not in _names:
        _names[file] = _create(None if prepare is None else _postgresql_template(prepare))
        _drop_oldest()
    return shared_server().url(_names[file])


def open_database(folder: Path, prepare: Prepare | None = migrated, *, name: str = "records") -> Database:
    """The folder's database."""
    return Database(database_url(folder, prepare, name=name))


def forget_postgresql(url: str) -> None:
    """Drop a PostgreSQL database, closing whatever is connected."""
    shared_server().execute(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')


@cache
def _sqlite_template(prepare: Prepare) -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "records.sqlite"
        database = Database(f"sqlite:///{file}")
        prepare(database)
        database.close()
        return file.read_bytes()


@cache
def _postgresql_template(prepare: Prepare) -> str:
    # from the tables and nothing in them on: only one prepared database has to go through the migrations
    base = None if prepare is migrated else _postgresql_template(migrated)
    name = _create(base)
    database = Database(shared_server().url(name))
    prepare(database)
    database.close()
    return name


def _create(template: str | None) -> str:
    name = f"t{next(_numbers)}"
    source = "template1" if template is None else template
    shared_server().execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY FILE_COPY')
    return name


def _drop_oldest() -> None:
    while len(_names) > _KEPT:
        file = next(iter(_names))
        name = _names.pop(file)
        try:
            shared_server().execute(f'DROP DATABASE "{name}"')
        except psycopg.errors.ObjectInUse:
            return  # of a module's fixture that is still in use, and forgotten here

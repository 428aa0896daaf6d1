"""An empty database, and one with the tests' property."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plantroom.stores.records import Database
from tests.plantroom.records.kit import import_file
from tests.servers.databases import open_database


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    found = open_database(tmp_path)
    yield found
    found.close()


@pytest.fixture
def database(empty: Database) -> Database:
    import_file(empty)
    return empty

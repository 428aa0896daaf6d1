"""The DuckDB store when a query takes long, or has to end because the file is opened again or closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from plantroom.errors import StoreError, StoreUnavailableError
from plantroom.stores.base import Appended
from plantroom.stores.duckdb_store import DuckdbStore
from tests.contracts.rows import FAR, T0, batch, rows

_FOR_HOURS = "SELECT count(*) FROM range(1000000000000000) numbers(i) WHERE i % 7 = 3"  # and in no memory


class LongQuery:
    """A query that takes hours, in a thread of its own, through the store's own cursors."""

    def __init__(self, store: DuckdbStore) -> None:
        self.failure: StoreError | None = None
        self.cursor: duckdb.DuckDBPyConnection | None = None
        self._begun = threading.Barrier(2)
        self._thread = threading.Thread(target=self._run, args=(store,))
        self._thread.start()
        self._begun.wait()

    def running(self) -> bool:
        """Whether it has not ended."""
        return self._thread.is_alive()

    def ended(self) -> StoreError | None:
        """Its failure, once it ended."""
        self._thread.join()
        return self.failure

    def _run(self, store: DuckdbStore) -> None:
        try:
            with store._file.cursor() as self.cursor:
                self.cursor.begin()
                self.cursor.execute("SELECT count(*) FROM readings").fetchall()  # its snapshot is taken
                self._begun.wait()
                self.cursor.execute(_FOR_HOURS).fetchall()
        except StoreError as failure:
            self.failure = failure


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckdbStore]:
    opened = DuckdbStore(tmp_path / "readings.duckdb")
    opened.append(batch((1, T0, 1.0), (2, T0, 1.0)))
    yield opened
    opened.close()


def test_appends_and_other_queries_go_on_beside_a_long_query(store: DuckdbStore) -> None:
    query = LongQuery(store)
    # new, late, replaced and dropped: every way of writing
    assert store.append(batch((1, T0 + 1, 2.0))) == Appended(1, 0, 0)
    assert store.append(batch((1, T0 - 1, 2.0), (2, T0, 9.0))) == Appended(1, 0, 1)
    assert store.drop_before(T0) == 1
    assert rows(store.range(None, 0, FAR)) == rows(batch((1, T0, 1.0), (2, T0, 9.0), (1, T0 + 1, 2.0)))
    assert query.running()
    store.close()
    assert "Interrupted" in str(query.ended())


def test_a_failure_that_duckdb_does_not_survive_is_healed_by_opening_again(store: DuckdbStore) -> None:
    query = LongQuery(store)
    with pytest.raises(StoreUnavailableError, match="invalidated"), store._file.cursor():
        raise duckdb.FatalException("FATAL Error: database has been invalidated")
    assert store.append(batch((1, T0, 1.0), (1, T0 + 1, 2.0))) == Appended(1, 1, 0)
    assert "Interrupted" in str(query.ended())
    assert rows(store.latest()) == rows(batch((1, T0 + 1, 2.0), (2, T0, 1.0)))
    assert store.size() == 3


def _insert_and_fail(store: DuckdbStore, *, commit: bool) -> None:
    with store._transaction() as cursor:
        cursor.execute("INSERT INTO readings VALUES (7, 7, 7.0, 0)")
        if commit:
            cursor.commit()
        raise RuntimeError("the caller fails")


def test_an_append_that_failed_leaves_memory_and_file_alike(store: DuckdbStore) -> None:
    query = LongQuery(store)
    with pytest.raises(StoreError), store._transaction() as cursor:
        cursor.execute("INSERT INTO readings VALUES (7, 7, 7.0, 0), (8, 8, NULL, 0)")
    with pytest.raises(RuntimeError, match="fails"):
        _insert_and_fail(store, commit=False)
    assert store.size() == 2
    assert rows(store.latest()) == rows(batch((1, T0, 1.0), (2, T0, 1.0)))
    assert store.append(batch((7, 7, 7.0))) == Appended(1, 0, 0)
    assert query.running()
    store.close()
    query.ended()


def test_an_append_that_failed_after_its_commit_is_remembered_all_the_same(store: DuckdbStore) -> None:
    with pytest.raises(RuntimeError, match="fails"):
        _insert_and_fail(store, commit=True)
    assert store.append(batch((7, 7, 7.0), (7, 6, 1.0))) == Appended(1, 1, 0)
    assert store.size() == 4
    assert rows(store.latest()) == rows(batch((1, T0, 1.0), (2, T0, 1.0), (7, 7, 7.0)))


def test_closing_ends_a_long_query(store: DuckdbStore) -> None:
    query = LongQuery(store)
    store.close()
    assert "Interrupted" in str(query.ended())

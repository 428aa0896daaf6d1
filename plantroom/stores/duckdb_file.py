"""One DuckDB file, kept open: cursors for many threads, DuckDB's errors in our words, and a guard on its WAL.

Nothing else in this process may open or read the file while it is open, not even to copy it: closing any
descriptor of it drops the lock that keeps other processes out (POSIX record locks).
"""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import duckdb

from plantroom.errors import StoreCorruptError, StoreError, StoreUnavailableError
from plantroom.stores.tally import Tally

SCHEMA_VERSION = 1
_CREATE = """
CREATE TABLE meta (key VARCHAR NOT NULL, value VARCHAR NOT NULL);
CREATE TABLE readings (
    point_id INTEGER NOT NULL, ts BIGINT NOT NULL, value DOUBLE NOT NULL, quality UTINYINT NOT NULL
);
"""
_ONE_PROCESS = (
    "DuckDB lets one process write and no other open the file, so the embedded mode is one process. "
    "Stop the other process; to split Plantroom over processes use InfluxDB and PostgreSQL"
)
_DAMAGED = "the file or its write-ahead log is damaged; `plantroom doctor` says how to go on"
_UNTOUCHED = "nothing was overwritten"
_DAMAGE_WORDS = ("corrupt", "checksum", "replaying wal", "not a valid duckdb", "could not read enough bytes")
_AWAY_WORDS = ("cannot open file", "is a directory", "could not write", "could not create", "no space left")


class DuckdbFile:
    """The open file. After a failure that DuckDB does not survive, the next cursor opens it again."""

    def __init__(self, path: Path, memory_limit: str, threads: int) -> None:
        self.path = path
        self.generation = 0
        """Counts the times that the file was opened: what was remembered of an earlier one may not hold."""
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": threads,
            # a query over the limit fails: spilling would fill the disk that appends need
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            # DuckDB shares a file inside a process between equal configurations; two stores on one file
            # would each trust their own memory of it, so each is made different
            "custom_user_agent": f"plantroom-{uuid.uuid4()}",
        }
        self._gate = threading.Condition()
        self._cursors: set[duckdb.DuckDBPyConnection] = set()
        self._root: duckdb.DuckDBPyConnection | None = None
        self._broken = False
        self._closed = False
        self._tally_path = path.with_name(path.name + ".tally")
        self._tally: Tally | None = None
        self._open()

    @contextlib.contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of the caller's own, rolled back and closed at the end.

        Raises: StoreError and its kinds, for every error of DuckDB inside.
        """
        cursor = self._take()
        try:
            yield cursor
        except duckdb.Error as failure:
            raise self._in_our_words(failure) from failure
        finally:
            with contextlib.suppress(duckdb.Error):
                cursor.close()
            with self._gate:
                self._cursors.discard(cursor)
                self._gate.notify_all()

    def note(self, rows: int, *, ahead_of_delete: bool = False) -> None:
        """Remember that so many rows are committed; ahead of a delete, how many will be left of them.

        Raises: StoreUnavailableError only ahead of a delete.
        """
        assert self._tally is not None  # noqa: S101 - there is a tally while the file is open
        try:
            self._tally.put(rows, durably=ahead_of_delete)
        except OSError as failure:
            raise StoreUnavailableError(f"{self._tally_path}: {failure.strerror}") from failure

    def close(self) -> None:
        """Interrupt what runs, fold the WAL into the file and release it."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            while self._cursors:
                self._wait_for_cursors()
            self._release()
            if self._tally is not None:
                self._tally.close()

    def _take(self) -> duckdb.DuckDBPyConnection:
        with self._gate:
            # DuckDB opens the file anew only when nothing holds the broken one any more
            while self._broken and self._cursors and not self._closed:
                self._wait_for_cursors()
            if self._closed:
                raise StoreError(f"{self.path} was closed")
            if self._broken:
                self._release()
                self._open()
            assert self._root is not None  # noqa: S101 - _open sets it or raises
            cursor = self._root.cursor()
            self._cursors.add(cursor)
            return cursor

    def _wait_for_cursors(self) -> None:
        for cursor in self._cursors:
            cursor.interrupt()
        # an interruption does not reach a query that has not begun yet: the caller comes again and again
        self._gate.wait(timeout=0.05)

    def _release(self) -> None:
        root, self._root = self._root, None
        _close_quietly(root)  # a checkpoint that fails leaves everything in the WAL

    def _refuse_orphans(self) -> None:
        """DuckDB deletes a WAL without its file, and a tally without it means that the file is gone."""
        if self.path.exists():
            return
        begins = f"{self.path.name}.wal"
        left = sorted(item.name for item in self.path.parent.iterdir() if item.name.startswith(begins))
        if Tally.rows(self._tally_path):
            left.append(self._tally_path.name)
        if left:
            raise StoreCorruptError(
                f"{self.path} is gone but what belongs to it is there ({', '.join(left)}), {_UNTOUCHED}: put "
                "it back, or to begin without its readings move those away too; `plantroom doctor` says how"
            )

    def _open(self) -> None:
        root: duckdb.DuckDBPyConnection | None = None
        try:
            self._refuse_orphans()
            root = duckdb.connect(self.path, config=self._config)
            # until the contents are known to be whole, closing must leave file and WAL as they are
            root.execute("PRAGMA disable_checkpoint_on_shutdown")
            rows, known = _prepare(root), Tally.rows(self._tally_path)
            if rows < known:
                raise StoreCorruptError(
                    f"{self.path} holds {rows} readings, {known} were committed: {_DAMAGED}, {_UNTOUCHED}. "
                    f"To go on with what it holds, move {self._tally_path.name} away"
                )
            self._tally = self._tally or Tally(self._tally_path)
            self._tally.put(rows)
            root.execute("PRAGMA enable_checkpoint_on_shutdown")
        except duckdb.Error as failure:
            _close_quietly(root)
            raise self._cannot_open(failure) from failure
        except OSError as failure:
            _close_quietly(root)
            raise StoreUnavailableError(f"{self.path} cannot be opened: {failure.strerror}") from failure
        except StoreError:
            _close_quietly(root)
            raise
        self._root = root
        self._broken = False
        self.generation += 1

    def _cannot_open(self, failure: duckdb.Error) -> StoreError:
        text = str(failure).splitlines()[0]
        low = text.lower()
        if "could not set lock" in low or "different configuration" in low:
            return StoreUnavailableError(f"{self.path} is open elsewhere: {_ONE_PROCESS} ({text})")
        if any(word in low for word in _AWAY_WORDS) or isinstance(failure, duckdb.OutOfMemoryException):
            return StoreUnavailableError(f"{self.path} cannot be opened: {text}")
        if "version number" in low:
            return StoreError(f"{self.path} was written by another version of DuckDB: {text}")
        kinds = (
            duckdb.IOException,
            duckdb.SerializationException,
            duckdb.FatalException,
            duckdb.InternalException,
        )
        if isinstance(failure, kinds) or type(failure) is duckdb.Error:
            return StoreCorruptError(f"{self.path}: {_DAMAGED}, {_UNTOUCHED} ({text})")
        return StoreError(f"{self.path} cannot be opened: {text}")

    def _in_our_words(self, failure: duckdb.Error) -> StoreError:
        text = str(failure).splitlines()[0]
        if isinstance(failure, (duckdb.FatalException, duckdb.InternalException)):
            self._broken = True
        if isinstance(failure, duckdb.OutOfMemoryException):
            limit = self._config["memory_limit"]
            return StoreUnavailableError(
                f"the query needs more memory than the store may use ({limit}); "
                f"ask for a shorter range or fewer points ({text})"
            )
        if any(word in text.lower() for word in _DAMAGE_WORDS):
            return StoreCorruptError(f"{self.path}: {_DAMAGED}, {_UNTOUCHED} ({text})")
        passing = (duckdb.OperationalError, duckdb.FatalException, duckdb.InternalException)
        if isinstance(failure, (*passing, duckdb.InterruptException)):
            return StoreUnavailableError(f"{self.path}: {text}")
        return StoreError(f"{self.path}: {text}")


def _close_quietly(connection: duckdb.DuckDBPyConnection | None) -> None:
    if connection is not None:
        with contextlib.suppress(duckdb.Error):
            connection.close()


def _prepare(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of readings in the file, whose tables are made if it is new."""
    tables = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not tables:
        connection.begin()
        connection.execute(_CREATE)
        connection.execute(
            "INSERT INTO meta VALUES ('schema_version', $version)", {"version": str(SCHEMA_VERSION)}
        )
        connection.commit()
        # from here on the WAL holds nothing but readings: were it lost, the tables would still be there
        connection.execute("CHECKPOINT")
        return 0
    if not {"meta", "readings"} <= tables:
        raise StoreError(
            f"the DuckDB file is not a reading store: it has the tables {', '.join(sorted(tables))}"
        )
    rows = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchall()
    version = int(rows[0][0]) if len(rows) == 1 and str(rows[0][0]).isdecimal() else 0
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"the reading store has schema version {version}, this Plantroom knows up to {SCHEMA_VERSION}: "
            "a newer Plantroom used it; install that one, or use another data folder"
        )
    if version < 1:
        raise StoreError("the reading store does not say which schema version it has")
    return count_readings(connection)


def count_readings(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of readings in the file; DuckDB has it at hand."""
    return int(connection.execute("SELECT count(*) FROM readings").fetchall()[0][0])

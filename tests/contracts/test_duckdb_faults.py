"""The DuckDB store when it is killed, locked out or short of room."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from plantroom.errors import StoreError, StoreUnavailableError
from plantroom.stores.base import Appended
from plantroom.stores.duckdb_store import DuckdbStore
from tests.contracts.duckdb_child import ROWS, TIMES, numbered
from tests.contracts.duckdb_parent import ROOT, child, contents, held, said, stored_numbers
from tests.contracts.rows import FAR, T0, batch, rows


class TestKilled:
    @pytest.mark.slow
    def test_ten_kills_lose_no_batch_that_was_reported(self, tmp_path: Path) -> None:
        path = tmp_path / "readings.duckdb"
        chance = random.Random(20260)
        first = 0
        for _ in range(10):
            process = child("append", path, first)
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(chance.randrange(1, 60))]
            process.send_signal(signal.SIGKILL)
            lines += process.communicate()[0].splitlines()
            numbers = stored_numbers(lines)
            assert numbers == list(range(first, first + len(numbers)))
            store = DuckdbStore(path)
            assert all(held(store, number) for number in numbers)
            after = first + len(numbers)
            # the batch that was under way is there whole or not at all, and comes again either way
            whole = held(store, after)
            expected = Appended(0, ROWS, 0) if whole else Appended(ROWS, 0, 0)
            assert store.append(numbered(after)) == expected
            assert store.size() == (after + 1) * ROWS
            store.close()
            first = after + 1

    def test_appending_waits_for_the_disk(self, tmp_path: Path) -> None:
        strace = shutil.which("strace")
        if strace is None:
            pytest.skip("needs strace (Debian: apt-get install strace)")
        log = tmp_path / "trace"
        command = [strace, "-f", "-o", str(log), "-e", "trace=fdatasync,fsync,write"]
        command += [sys.executable, "-m", "tests.contracts.duckdb_child", "append-and-die"]
        command += [str(tmp_path / "readings.duckdb"), "3"]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if "ptrace" in ended.stderr:
            pytest.skip("strace may not trace here")
        synced = False
        reports = 0
        for line in log.read_text().splitlines():
            synced = synced or "sync(" in line
            if '"stored ' in line:
                assert synced, "a batch was reported before the WAL was synced"
                reports, synced = reports + 1, False
        assert reports == 3


class TestElsewhere:
    def test_a_second_process_is_told_what_to_do(self, tmp_path: Path) -> None:
        path = tmp_path / "readings.duckdb"
        holder = child("hold", path)
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(StoreUnavailableError) as caught:
            DuckdbStore(path)
        holder.communicate()
        for words in (
            "one process write and no other open",
            "embedded mode is one process",
            "InfluxDB",
            "PostgreSQL",
        ):
            assert words in str(caught.value)
        DuckdbStore(path).close()

    def test_this_process_keeps_others_out_while_it_reads_and_writes(self, tmp_path: Path) -> None:
        path = tmp_path / "readings.duckdb"
        store = DuckdbStore(path)
        store.append(batch((1, T0, 1.0)))
        store.range(None, 0, FAR)
        assert said("try", path)[0].startswith("StoreUnavailableError")
        store.append(batch((1, T0 + 1, 1.0)))
        store.close()
        assert said("try", path) == ["opened"]

    def test_a_second_store_in_this_process_is_refused(self, tmp_path: Path) -> None:
        store = DuckdbStore(tmp_path / "readings.duckdb")
        with pytest.raises(StoreUnavailableError, match="one process"):
            DuckdbStore(tmp_path / "readings.duckdb")
        assert store.append(batch((1, T0, 1.0))) == Appended(1, 0, 0)
        store.close()

    def test_a_folder_that_does_not_exist_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(StoreUnavailableError, match="nowhere"):
            DuckdbStore(tmp_path / "nowhere" / "readings.duckdb")

    def test_a_folder_in_the_files_place_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(StoreUnavailableError, match="cannot be opened"):
            DuckdbStore(tmp_path)

    def test_a_newer_schema_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "readings.duckdb"
        DuckdbStore(path).close()
        with duckdb.connect(path) as connection:
            connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
        before = contents(tmp_path)
        with pytest.raises(StoreError, match=r"schema version 99.*newer Plantroom"):
            DuckdbStore(path)
        assert contents(tmp_path) == before

    @pytest.mark.parametrize(
        "change", ["DELETE FROM meta", "UPDATE meta SET value = 'x'", "DROP TABLE readings"]
    )
    def test_a_file_without_our_tables_is_refused(self, tmp_path: Path, change: str) -> None:
        path = tmp_path / "readings.duckdb"
        DuckdbStore(path).close()
        with duckdb.connect(path) as connection:
            connection.execute(change)
        with pytest.raises(StoreError, match="reading store"):
            DuckdbStore(path)

    def test_a_closed_store_says_so(self, tmp_path: Path) -> None:
        store = DuckdbStore(tmp_path / "readings.duckdb")
        store.close()
        with pytest.raises(StoreError, match="closed"):
            store.append(batch((1, T0, 1.0)))
        with pytest.raises(StoreError, match="closed"):
            store.range(None, 0, FAR)


class TestFullDisk:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("limit", "where"), [(3_000_000, "the WAL cannot grow"), (25_000_000, "a checkpoint cannot end")]
    )
    def test_readings_are_taken_again_once_there_is_room(
        self, tmp_path: Path, limit: int, where: str
    ) -> None:
        path = tmp_path / "readings.duckdb"
        lines = said("full", path, limit)
        assert [line for line in lines if line.startswith("full ")], where
        numbers = stored_numbers(lines)
        assert numbers == list(range(len(numbers)))
        assert lines[-1] == f"size {len(numbers) * ROWS} latest {ROWS // TIMES}"
        store = DuckdbStore(path)
        assert store.size() == len(numbers) * ROWS
        assert all(held(store, number) for number in (0, numbers[-2], numbers[-1]))
        store.close()


class TestMemory:
    def test_a_query_over_the_limit_fails_alone(self, tmp_path: Path) -> None:
        store = DuckdbStore(tmp_path / "readings.duckdb", memory_limit="64MB")
        for number in range(100):
            store.append(numbered(number))
        with pytest.raises(StoreUnavailableError, match=r"more memory.*64MB.*shorter range"):
            store.range(None, 0, FAR)
        assert store.append(batch((1, T0, 1.0))) == Appended(1, 0, 0)
        assert rows(store.range(np.array([1], dtype=np.int32), T0, FAR)) == rows(batch((1, T0, 1.0)))
        assert not (tmp_path / "readings.duckdb.tmp").exists()
        store.close()

    def test_a_limit_that_is_none_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="cannot be opened"):
            DuckdbStore(tmp_path / "readings.duckdb", memory_limit="a lot")

"""The DuckDB store before damaged files: refused, said so, and left as they are."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from plantroom.errors import StoreCorruptError
from plantroom.stores.duckdb_store import DuckdbStore
from tests.contracts.duckdb_child import ROWS, numbered
from tests.contracts.duckdb_parent import contents, held, said, stored_numbers
from tests.contracts.rows import FAR, T0, batch


@pytest.fixture(scope="module")
def left_by_a_kill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file whose last batches are in the WAL only."""
    folder = tmp_path_factory.mktemp("killed")
    path = folder / "readings.duckdb"
    assert stored_numbers(said("append-and-die", path, 4)) == [0, 1, 2, 3]
    assert (folder / "readings.duckdb.wal").stat().st_size > 4 * ROWS
    return folder


@pytest.fixture
def folder(left_by_a_kill: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(left_by_a_kill, tmp_path / "copy"))


def flip(file: Path, place: int, bits: int = 0xFF) -> None:
    """Damage one byte."""
    with file.open("r+b") as opened:
        opened.seek(place)
        byte = opened.read(1)[0]
        opened.seek(place)
        opened.write(bytes([byte ^ bits]))


def assert_refused(folder: Path) -> None:
    before = contents(folder)
    with pytest.raises(StoreCorruptError, match="plantroom doctor"):
        DuckdbStore(folder / "readings.duckdb")
    assert contents(folder) == before


def test_undamaged_it_opens(folder: Path) -> None:
    store = DuckdbStore(folder / "readings.duckdb")
    assert all(held(store, number) for number in range(4))
    store.close()


def test_a_flipped_byte_in_the_wal_is_refused(folder: Path) -> None:
    wal = folder / "readings.duckdb.wal"
    flip(wal, wal.stat().st_size // 2)
    assert_refused(folder)


def test_a_flipped_bit_anywhere_in_the_wal_never_loses_readings_silently(
    left_by_a_kill: Path, tmp_path: Path
) -> None:
    """DuckDB takes damage to the WAL's header or to a length for the torn end of a crash."""
    size = (left_by_a_kill / "readings.duckdb.wal").stat().st_size
    chance = random.Random(7)
    places = [*range(48), *(chance.randrange(size) for _ in range(20)), *range(size - 12, size)]
    refused = 0
    for place in places:
        folder = Path(shutil.copytree(left_by_a_kill, tmp_path / str(place), dirs_exist_ok=True))
        flip(folder / "readings.duckdb.wal", place, bits=1 << chance.randrange(8))
        before = contents(folder)
        try:
            store = DuckdbStore(folder / "readings.duckdb")
        except StoreCorruptError:
            refused += 1
            assert contents(folder) == before
        else:
            assert all(held(store, number) for number in range(4))
            store.close()
        shutil.rmtree(folder)
    assert refused > len(places) * 0.8


def test_a_wal_cut_short_of_what_was_committed_is_refused(folder: Path) -> None:
    wal = folder / "readings.duckdb.wal"
    with wal.open("r+b") as opened:
        opened.truncate(wal.stat().st_size // 2)
    assert_refused(folder)


def test_a_missing_wal_is_refused(folder: Path) -> None:
    (folder / "readings.duckdb.wal").unlink()
    assert_refused(folder)


def test_a_missing_file_is_not_made_anew_over_its_wal(folder: Path) -> None:
    (folder / "readings.duckdb").unlink()
    assert_refused(folder)


def test_a_missing_file_is_not_made_anew_over_its_tally(folder: Path) -> None:
    (folder / "readings.duckdb").unlink()
    (folder / "readings.duckdb.wal").unlink()
    assert_refused(folder)


@pytest.mark.parametrize("place", [0, 8, 20, 4096, 8200])
def test_a_flipped_byte_in_the_headers_is_refused(folder: Path, place: int) -> None:
    flip(folder / "readings.duckdb", place)
    before = contents(folder)
    try:
        store = DuckdbStore(folder / "readings.duckdb")
    except StoreCorruptError:
        assert contents(folder) == before
    else:  # the one of the two headers that is not in use
        assert store.size() == 4 * ROWS
        store.close()


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readings.duckdb").write_bytes(b"not a database, but a text. " * 1000)
    assert_refused(tmp_path)


def test_a_damaged_block_is_named_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "readings.duckdb"
    store = DuckdbStore(path)
    for number in range(20):
        store.append(numbered(number))
    store.close()
    raw = bytearray(path.read_bytes())
    for place in range(20_000, len(raw), 4096):  # past the headers, in every block
        raw[place] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(StoreCorruptError, match="plantroom doctor"):
        DuckdbStore(path).range(None, 0, FAR)
    assert path.read_bytes() == raw


def test_an_unreadable_tally_is_no_obstacle(folder: Path) -> None:
    (folder / "readings.duckdb.tally").write_bytes(b"\x00" * 5)
    store = DuckdbStore(folder / "readings.duckdb")
    assert store.size() == 4 * ROWS
    store.close()


def test_a_tally_that_lags_behind_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "readings.duckdb"
    store = DuckdbStore(path)
    store.append(batch((1, T0, 1.0)))
    early = (tmp_path / "readings.duckdb.tally").read_bytes()
    store.append(batch((1, T0 + 1, 1.0)))
    store.close()
    (tmp_path / "readings.duckdb.tally").write_bytes(early)
    store = DuckdbStore(path)
    assert store.size() == 2
    store.close()

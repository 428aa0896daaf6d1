"""The spool: in order, durable, bounded, and whole again after a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.inbox import Received
from collector.spool import LEAST_SEGMENT, SEGMENTS, Spool
from plantroom.errors import SettingsError, StoreUnavailableError
from tests.collector.kit import message


def some(start: int, count: int, size: int = 10) -> list[Received]:
    return [message(f"{number}".ljust(size), mid=number % 65_536) for number in range(start, start + count)]


def drained(spool: Spool, most: int = 7) -> list[Received]:
    found: list[Received] = []
    while messages := spool.peek(most):
        found += messages
        spool.forget(len(messages))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def test_messages_come_out_whole_and_in_order(folder: Path) -> None:
    spool = Spool(folder, 10**7)
    odd = message(b"\xff\x00", "a/\u00fc", qos=0, retain=True, dup=True, size=9_999, mid=3, epoch=2)
    spool.append([*some(0, 20), odd])
    spool.append(some(20, 10))
    assert spool.messages == 31
    assert drained(spool) == [*some(0, 20), odd, *some(20, 10)]
    assert (spool.messages, spool.bytes) == (0, 0)
    assert not list(folder.iterdir())


def test_what_comes_while_it_is_drained_comes_last(folder: Path) -> None:
    spool = Spool(folder, 10**7)
    spool.append(some(0, 10))
    assert spool.peek(4) == some(0, 4)
    spool.forget(4)
    spool.append(some(10, 5))
    assert drained(spool) == some(4, 11)


def test_another_process_goes_on_with_what_is_there(folder: Path) -> None:
    first = Spool(folder, 10**7)
    first.append(some(0, 10))
    first.peek(4)
    first.forget(4)  # not remembered: stored twice is stored once
    second = Spool(folder, 10**7)
    second.append(some(10, 2))
    assert drained(second) == some(0, 12)


def test_many_segments(folder: Path) -> None:
    spool = Spool(folder, 10**7)
    for start in range(0, 3_000, 100):
        spool.append(some(start, 100, size=1_000))
    assert len(list(folder.iterdir())) > 2
    assert drained(Spool(folder, 10**7), most=1_000) == some(0, 3_000, size=1_000)


@pytest.mark.parametrize("keep", range(0, 120, 7))
def test_cut_off_by_a_crash_what_is_whole_stays(folder: Path, keep: int) -> None:
    spool = Spool(folder, 10**7)
    spool.append(some(0, 5))
    whole = spool.bytes
    spool.append(some(5, 5))
    (path,) = folder.iterdir()
    data = path.read_bytes()
    path.write_bytes(data[: whole + min(keep, len(data) - whole - 1)])
    again = Spool(folder, 10**7)
    assert again.messages >= 5
    again.append(some(90, 1))
    found = drained(again)
    assert found[-1:] == some(90, 1)
    assert found[:-1] == some(0, len(found) - 1)


def test_a_changed_byte_is_found(folder: Path) -> None:
    spool = Spool(folder, 10**7)
    spool.append(some(0, 5))
    (path,) = folder.iterdir()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    again = Spool(folder, 10**7)
    assert again.damaged == 1
    assert drained(again) == some(0, 4)


def test_over_its_size_the_oldest_are_dropped_and_counted(folder: Path) -> None:
    most = SEGMENTS * LEAST_SEGMENT
    spool = Spool(folder, most)
    for start in range(0, 2_000, 50):
        spool.append(some(start, 50, size=1_000))
        assert spool.bytes <= most
    assert 0 < spool.dropped < 2_000
    assert drained(spool) == some(spool.dropped, 2_000 - spool.dropped, size=1_000)


def test_what_the_disk_does_not_take_is_not_kept(folder: Path) -> None:
    spool = Spool(folder, 10**7)
    spool.append(some(0, 2))
    (path,) = folder.iterdir()
    moved = path.rename(path.with_suffix(".moved"))
    path.mkdir()
    with pytest.raises(StoreUnavailableError, match=r"the spool .* cannot be written"):
        spool.append(some(2, 2))
    path.rmdir()
    moved.rename(path)
    spool.append(some(2, 1))
    assert drained(spool) == some(0, 3)


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"ingest\.spool: .*file"):
        Spool(tmp_path / "file", 10**7)

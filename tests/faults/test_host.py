"""What the host does to the product: a full disk, a locked database."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.conftest import until
from tests.faults.scene import Scene

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow, pytest.mark.timeout(300)]
Make = Callable[..., Scene]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("needs root and the right to mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_the_disk_fills_up(scene: Make, small_disk: Path) -> None:
    made = scene(speed=45.0, data=small_disk / "data")
    made.begin()
    time.sleep(4)
    ballast = small_disk / "ballast"
    fill(ballast)
    until("the product says that it cannot write", lambda: not made.served.is_ready(), 60)
    assert made.publishing, "the disk was not full under load"
    time.sleep(5)
    assert "could not be written" in " ".join(made.served.log.read_text().split())
    ballast.unlink()
    sent = made.finish()
    print(f"disk full: {made.judge(sent)}")


def fill(ballast: Path) -> None:
    """Write until nothing more fits."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            while True:
                try:
                    file.write(b"\0" * size)
                except OSError:
                    break


def test_the_records_are_locked_for_half_a_minute(scene: Make) -> None:
    made = scene(speed=40.0)
    made.begin()
    time.sleep(4)
    with closing(sqlite3.connect(made.settings.data / "plantroom.sqlite", timeout=20)) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        time.sleep(30)
        other.execute("ROLLBACK")
    assert made.publishing, "the lock was not under load"
    sent = made.finish()
    print(f"records locked for 30 s: {made.judge(sent)}")

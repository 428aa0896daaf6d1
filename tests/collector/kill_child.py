"""A collector in a process of its own, to be killed: `kill_child.py PORT FOLDER DIE_AFTER [SPOOL]`.

With DIE_AFTER n > 0 it kills itself right after its n-th durable write, before the acknowledgement. It says
`connected` once it is, notes every write in FOLDER/writes, and ends when its input does. While FOLDER/away
exists its store takes nothing.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from collector.collector import Collector
from plantroom.errors import StoreUnavailableError
from plantroom.metrics import Metrics
from plantroom.readings import ReadingBatch
from plantroom.settings import IngestSettings, MqttSettings
from plantroom.stores.base import Appended
from plantroom.stores.duckdb_store import DuckdbStore
from tests.collector.kit import Handed, MemoryQuarantine, load_table, until


class DeadlyStore(DuckdbStore):
    """The real store, which ends the process after so many writes."""

    def __init__(self, folder: Path, die_after: int) -> None:
        super().__init__(folder / "readings.duckdb")
        self._left = die_after
        self._away = folder / "away"
        self._notes = os.open(folder / "writes", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def append(self, batch: ReadingBatch) -> Appended:
        if self._away.exists():
            raise StoreUnavailableError("away")
        appended = super().append(batch)
        os.write(self._notes, f"{appended.new} {appended.repeated} {appended.replaced}\n".encode())
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
            threading.Event().wait()
        return appended


def main(port: int, folder: Path, die_after: int, spool: Path | None) -> None:
    """Collect until the input ends."""
    store = DeadlyStore(folder, die_after)
    collector = Collector(
        MqttSettings(port=port, client_id="to-be-killed"),
        IngestSettings(spool=spool),
        load_table(),
        store,
        MemoryQuarantine(),
        Metrics(),
        Handed(),
    )
    collector.start()
    until(lambda: collector.health().connected, what="the connection")
    os.write(1, b"connected\n")
    sys.stdin.read()
    assert collector.stop()
    store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]) if sys.argv[4:] else None)

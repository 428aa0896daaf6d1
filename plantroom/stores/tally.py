"""A lower bound of how many rows a file holds, kept beside it: shows when committed rows have gone."""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from pathlib import Path

_RECORD = struct.Struct("<qI")


class Tally:
    """How many rows the file held at the last commit, in a small file beside it.

    DuckDB takes a write-ahead log whose header or a length is damaged for one that was cut short by a crash,
    and goes on without the rest. Fewer rows than were once committed show that. Written after each commit
    without waiting for the disk, so it may lag behind the file but never runs ahead of it.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    @staticmethod
    def rows(path: Path) -> int:
        """Rows that must be there; 0 where there is no file or it says nothing readable."""
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return 0
        if len(raw) != _RECORD.size:
            return 0
        rows, check = _RECORD.unpack(raw)
        return max(0, int(rows)) if check == zlib.crc32(raw[:8]) else 0

    def put(self, rows: int, *, durably: bool = False) -> None:
        """Note `rows`; `durably` waits for the disk: before rows are deleted, so that it never runs ahead.

        Raises: OSError only if `durably`: a lagging tally is no harm.
        """
        body = struct.pack("<q", rows)
        with contextlib.suppress(*(() if durably else (OSError,))):
            os.pwrite(self._file, body + struct.pack("<I", zlib.crc32(body)), 0)
            if durably:
                os.fdatasync(self._file)

    def close(self) -> None:
        """Release the file."""
        os.close(self._file)

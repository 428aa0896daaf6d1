"""Messages on disk, for brokers that do not queue: what is acknowledged while the store is away waits here.

Segment files to which is only appended, each record with its length and checksum; an append is on the disk
when it returns. A segment is removed once everything in it is stored, so that after a crash some messages
are read again: readings are unique by point and time. What was half written is cut off: it was never
acknowledged. Over `most_bytes` the oldest segment is dropped, and counted.
"""

from __future__ import annotations

import logging
import os
import struct
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from collector.inbox import Received
from plantroom.errors import SettingsError, StoreUnavailableError

log = logging.getLogger(__name__)

SEGMENTS = 8
"""Into how many segments the whole is divided at least; one is the least that can be dropped."""
LEAST_SEGMENT, MOST_SEGMENT = 64 * 1024, 16 * 1024 * 1024
"""A segment is read as a whole."""
_HEAD = struct.Struct("<II")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Received).decode


class Spool:
    """Messages in the order received; used by one thread.

    Raises: SettingsError where the folder cannot be used.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most = most_bytes
        self._segment_bytes = min(max(LEAST_SEGMENT, most_bytes // SEGMENTS), MOST_SEGMENT)
        self.dropped = self.damaged = 0
        """Messages dropped for want of room, and places where a segment could not be read on."""
        self._taken = 0  # messages of the oldest segment that are stored
        self._oldest: list[Received] | None = None  # its messages
        self._segments: deque[tuple[Path, int, int]] = deque()  # with messages and bytes
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            for path in sorted(folder.glob("*.spool")):
                self._recover(path)
        except OSError as failure:
            raise SettingsError(f"ingest.spool: {folder} cannot be used: {failure.strerror}") from failure

    def _recover(self, path: Path) -> None:
        """Take a segment of an earlier run into the books, cut off where it cannot be read on."""
        messages, good = _read(path)
        size = path.stat().st_size
        if good < size:
            self.damaged += 1
            log.warning("%s: the last %d of %d bytes cannot be read and are cut off", path, size - good, size)
            os.truncate(path, good)
        if messages:
            self._segments.append((path, len(messages), good))
        else:
            path.unlink()

    @property
    def messages(self) -> int:
        """How many messages wait."""
        return sum(count for _, count, _ in tuple(self._segments)) - self._taken

    @property
    def bytes(self) -> int:
        """How much of the disk they take."""
        return sum(size for _, _, size in tuple(self._segments))

    def append(self, messages: Sequence[Received]) -> None:
        """Nothing, with the messages on the disk.

        Raises: StoreUnavailableError where the disk does not take them; nothing is kept then.
        """
        data = b"".join(_records(messages))
        path, count, size = self._segments[-1] if self._segments else (None, 0, 0)
        being_read = len(self._segments) == 1 and self._oldest is not None
        if path is None or being_read or size + len(data) > self._segment_bytes:
            path, count, size = self._next(path), 0, 0
        try:
            _write(path, size, data)
        except OSError as failure:
            raise StoreUnavailableError(
                f"the spool {path} cannot be written: {failure.strerror}"
            ) from failure
        if size:
            self._segments.pop()
        self._segments.append((path, count + len(messages), size + len(data)))
        while self.bytes > self._most and len(self._segments) > 1:
            lost = self._segments[0][1] - self._taken
            self.dropped += lost
            log.error("the spool is full: the oldest %d messages are dropped", lost)
            self._remove_oldest()

    def _next(self, last: Path | None) -> Path:
        number = int(last.stem) + 1 if last is not None else 1
        return self._folder / f"{number:012d}.spool"

    def peek(self, most: int) -> Sequence[Received]:
        """The oldest messages, at most `most`; none where none waits."""
        while self._segments:
            if self._oldest is None:
                self._oldest, _ = _read(self._segments[0][0])
            if found := self._oldest[self._taken : self._taken + most]:
                return found
            self._remove_oldest()
        return ()

    def forget(self, count: int) -> None:
        """Take note that the oldest `count` messages are stored."""
        self._taken += count
        if self._segments and self._taken >= self._segments[0][1]:
            self._remove_oldest()

    def _remove_oldest(self) -> None:
        path, _, _ = self._segments.popleft()
        self._taken, self._oldest = 0, None
        path.unlink(missing_ok=True)


def _records(messages: Sequence[Received]) -> Iterator[bytes]:
    for message in messages:
        body = _encode(message)
        yield _HEAD.pack(len(body), zlib.crc32(body))
        yield body


def _write(path: Path, at: int, data: bytes) -> None:
    """Write at the end of what is good: a part of an earlier write that failed is written over."""
    is_new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        os.ftruncate(handle, at)
        rest, place = memoryview(data), at
        while rest:
            count = os.pwrite(handle, rest, place)
            rest, place = rest[count:], place + count
        os.fsync(handle)
    finally:
        os.close(handle)
    if is_new:  # the name is durable only with its folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _read(path: Path) -> tuple[list[Received], int]:
    """(messages, bytes that they take) of a segment, up to its end or what is not whole."""
    data = path.read_bytes()
    found: list[Received] = []
    at = 0
    while at + _HEAD.size <= len(data):
        length, checksum = _HEAD.unpack_from(data, at)
        body = data[at + _HEAD.size : at + _HEAD.size + length]
        if len(body) < length or zlib.crc32(body) != checksum:
            break
        try:
            found.append(_decode(body))
        except msgspec.MsgspecError:
            break
        at += _HEAD.size + length
    return found, at

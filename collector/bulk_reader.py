"""paho's client with a reader of its own for what comes in thousands: PUBLISH packets of QoS 0 and 1.

paho spends about 65 Python calls and several system calls on a packet. `BulkClient` reads the socket in large
blocks and takes whole, regular PUBLISH packets from a block by itself. Everything else - other packets, the
start of a packet at the end of a block, one that is larger than a block, and whatever looks wrong - it leaves
where it is, and paho reads it from the block as if from the socket. So what is malformed is malformed by
paho's word, and this file has only to be right about what it takes; `tests/collector/test_bulk_reader.py`
compares both ways on streams cut at every byte.

It uses private parts of paho, and is used only with the versions that the comparison was run with.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import paho.mqtt
from paho.mqtt.client import PUBACK, Client
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.exception import MQTTException
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from collector.session import Published

PAHO = paho.mqtt.__version__
TESTED = frozenset({"2.2.0"})
"""The versions of paho that the comparison was run with."""
BLOCK_BYTES = 64 * 1024
SHORTEST = 5
"""Fewer bytes than this at the end of a block may be any packet: paho's."""
_PUBLISH = 0x30


def is_tested(version: str = PAHO) -> bool:
    """Whether this reader may be used with the paho that is installed."""
    return version in TESTED


class BulkClient(Client):
    """paho's client; `read` goes before `loop_read`, `acknowledge` before `ack`."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.on_published: Callable[[Sequence[Published]], None] = lambda _: None
        """Told of messages that did not go through paho; those that did go to `on_message`."""
        self.forget()

    def forget(self) -> None:
        """Forget what was read ahead: it belongs to a connection that has ended."""
        self._block = b""
        self._at = 0
        self._is_cut = False

    @property
    def has_more(self) -> bool:
        """Whether there is something to be read without asking the socket."""
        return self._at < len(self._block) and not self._is_cut

    def read(self, most: int) -> None:
        """Nothing, after at most one look at the socket, and at most `most` messages or one other packet."""
        if not self._in_packet["command"]:
            try:
                there = self.has_more or self._filled()
            except BlockingIOError:
                return
            if there and self._taken(most):
                return
        self.loop_read()

    def _taken(self, most: int) -> bool:
        """Whether what is at the front was ours: messages, or the start of one whose rest has yet to come."""
        found: list[Published] = []
        is_v5 = self._protocol == MQTTProtocolVersion.MQTTv5
        self._at, self._is_cut = take(self._block, self._at, most, found, is_v5=is_v5)
        if found:
            self.on_published(found)
        return bool(found) or self._is_cut

    def _filled(self) -> bool:
        """Whether more was read from the socket; where not, paho finds out why by asking again.

        Raises: BlockingIOError where nothing has come.
        """
        try:
            more = super()._sock_recv(BLOCK_BYTES)
        except BlockingIOError:
            raise
        except OSError:
            return False
        self._block = self._block[self._at :] + more if self._at < len(self._block) else more
        self._at, self._is_cut = 0, False
        return bool(more)

    def _sock_recv(self, bufsize: int) -> bytes:
        """For paho: the next bytes, at most `bufsize`."""
        if self._at >= len(self._block):
            self._block, self._at = super()._sock_recv(BLOCK_BYTES), 0
        self._is_cut = False
        data = self._block[self._at : self._at + bufsize]
        self._at += len(data)
        return data

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Nothing, with the messages of QoS 1 acknowledged in one write; paho keeps what is left of it."""
        if self._sock is None or not mids:
            return
        packets = np.empty((len(mids), 2), dtype=">u2")
        packets[:, 0] = PUBACK << 8 | 2
        packets[:, 1] = mids
        self._packet_queue(PUBACK, packets.tobytes(), mids[-1], 1)


def take(block: bytes, at: int, most: int, found: list[Published], *, is_v5: bool) -> tuple[int, bool]:  # noqa: C901 -- calls cost
    """(where the first packet starts that was not taken, whether it is a PUBLISH that is not there whole).

    Adds whole and regular PUBLISH packets to `found`, until there are `most` in it.
    """
    end = len(block)
    while len(found) < most and end - at >= SHORTEST:
        head = block[at]
        if head & 0xF0 != _PUBLISH:
            break
        start, length = at + 2, block[at + 1]
        if length & 0x80:
            start, length = _long(block, at, length)
        stop = start + length
        if stop > end:
            return at, length <= BLOCK_BYTES
        if length < 2:
            break
        name = start + 2
        body = after = name + (block[start] << 8 | block[start + 1])
        mid = 0
        if head & 0x06:
            body += 2
            if body > stop or head & 0x04:
                break
            mid = block[after] << 8 | block[after + 1]
        if is_v5:
            if body >= stop:
                break
            properties = body + 1
            body = properties + block[body]
            if body != properties and (
                body > stop or body - properties > 127 or not _are_regular(block[properties:body])
            ):
                break
        elif body > stop or after == name:
            break
        try:
            topic = block[name:after].decode()
        except UnicodeDecodeError:
            break
        found.append((topic, block[body:stop], head, mid))
        at = stop
    return at, False


def _long(block: bytes, at: int, first: int) -> tuple[int, int]:
    """(where the rest of the packet starts, its length) of a length of two bytes or three.

    One of four bytes comes out as a length that no block has: paho's.
    """
    second, third = block[at + 2], block[at + 3]
    length = (first & 0x7F) | (second & 0x7F) << 7
    if not second & 0x80:
        return at + 3, length
    return at + 4, 2 * BLOCK_BYTES + len(block) if third & 0x80 else length | third << 14


@lru_cache(maxsize=4_096)
def _are_regular(properties: bytes) -> bool:
    """Whether paho takes these properties of a PUBLISH, of which nothing is needed here.

    A topic alias is never granted; paho would deliver such a message with its empty topic, and so do we.
    """
    whole = bytes([len(properties)]) + properties
    try:
        _, length = Properties(PacketTypes.PUBLISH).unpack(whole)  # type: ignore[no-untyped-call]
    except (MQTTException, ValueError, LookupError, struct.error):
        return False
    return bool(length == len(whole))

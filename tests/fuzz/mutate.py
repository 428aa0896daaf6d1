"""Messages of all formats, and what becomes of them when bytes are lost, changed and mixed up."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from collector.inbox import Received
from plantroom.times import MILLISECOND
from tests.collector.golden_case import message_of
from tests.collector.kit import GOLDEN, NOW

FOLDERS = ("json_v1", "msgpack_v1", "sparkplug_b", "maps")
MOST_BYTES = 4_096
MOST_OF_A_FILE = 20
_EDGES = [
    *(
        b"\x00",
        b"\xff",
        b"\x7f",
        b"\x80",
        b"\xff" * 4,
        b"\x00" * 8,
        b"\xff" * 8,
        b"\xc1",
        b"\xc6\xff\xff\xff\xff",
    ),
    *(
        b"null",
        b"NaN",
        b"1e999",
        b"-1",
        b"9" * 25,
        b"1772352000",
        b"true",
        b"ON",
        b"<b>",
        b"\xdd\xff\xff\xff\xff",
    ),
    *(b'"', b"{", b"}", b"[", b"]", b",", b":", b'"ts":', b'{"value":', b"\\ud800", b"\\u202e"),
    *(b"\xe2\x80\xae", b"\xed\xa0\x80"),
]
_TOPIC_EDGES = [
    "+",
    "#",
    "$SYS",
    "",
    "\x00",
    "\u202e",
    "x" * 400,
    "NBIRTH",
    "DDATA",
    "config",
    "status",
    "plantroom",
]


def corpus() -> tuple[list[Received], list[dict[str, Any]], list[dict[str, Any]]]:
    """(messages, map entries, adopted devices) of every golden file."""
    messages: list[Received] = []
    maps: dict[str, dict[str, Any]] = {}
    adopted: list[dict[str, Any]] = []
    for folder in FOLDERS:
        for path in sorted((GOLDEN / folder).glob("*.json")):
            case = json.loads(path.read_text())
            for use in case.get("maps", []):
                key = json.dumps([use["layout"], use.get("base")])
                known = maps.setdefault(key, use | {"devices": {}})
                known["devices"] = (
                    known["devices"] | use["devices"] if use.get("devices") else known["devices"]
                )
            adopted.extend(case.get("adopted", []))
            for item in case.get("messages", [case])[:MOST_OF_A_FILE]:
                message = message_of(item)
                if len(message.payload) <= MOST_BYTES:
                    messages.append(message)
    return messages, list(maps.values()), adopted


class Mutator:
    """An endless stream of mutated messages, the same for the same seed."""

    def __init__(self, messages: list[Received], seed: int) -> None:
        self._messages = messages
        self._random = random.Random(seed)
        self._at = 0
        self._ways: list[Callable[[bytearray], None]] = [
            self._flip,
            self._flip,
            self._overwrite,
            self._insert,
            self._delete,
            self._cut,
            self._repeat,
            self._splice,
        ]

    def next(self) -> Received:
        """The next message; one in five as it was, so that births and data still meet."""
        pick = self._random
        # mostly in the corpus' order, for what a message means may depend on those before
        self._at = (self._at + 1 if pick.random() < 0.8 else pick.randrange(1 << 30)) % len(self._messages)
        message = self._messages[self._at]
        topic, payload = message.topic, message.payload
        chance = pick.random()
        if chance > 0.2:
            data = bytearray(payload)
            for _ in range(1 if chance < 0.7 else pick.randrange(1, 6)):
                pick.choice(self._ways)(data)
            payload = bytes(data[:MOST_BYTES])
        if pick.random() < 0.05:
            topic = self._other_topic(topic)
        received_at = NOW + self._at * MILLISECOND
        return message._replace(
            topic=topic,
            payload=payload,
            size=len(payload),
            received_at=received_at,
            dup=pick.random() < 0.05,
            retain=message.retain and pick.random() < 0.5,
            qos=0 if pick.random() < 0.05 else 1,
        )

    def _place(self, data: bytearray) -> int:
        return self._random.randrange(len(data) + 1)

    def _flip(self, data: bytearray) -> None:
        if data:
            data[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)

    def _overwrite(self, data: bytearray) -> None:
        place, edge = self._place(data), self._random.choice(_EDGES)
        data[place : place + len(edge)] = edge

    def _insert(self, data: bytearray) -> None:
        place = self._place(data)
        data[place:place] = self._random.choice(_EDGES)

    def _delete(self, data: bytearray) -> None:
        place = self._place(data)
        del data[place : place + self._random.randrange(1, 9)]

    def _cut(self, data: bytearray) -> None:
        del data[self._place(data) :]

    def _repeat(self, data: bytearray) -> None:
        place = self._place(data)
        data[place:place] = data[place : place + self._random.randrange(1, 33)]

    def _splice(self, data: bytearray) -> None:
        other = self._random.choice(self._messages).payload
        place = self._place(data)
        data[place:] = other[self._random.randrange(len(other) + 1) :]

    def _other_topic(self, topic: str) -> str:
        levels = topic.split("/")
        place = self._random.randrange(len(levels))
        choice = self._random.randrange(4)
        if choice == 0:
            levels[place] = self._random.choice(_TOPIC_EDGES)
        elif choice == 1:
            levels[place] = f"d{self._random.randrange(100_000)}"
        elif choice == 2:
            del levels[place]
        else:
            return self._random.choice(self._messages).topic
        return "/".join(levels)

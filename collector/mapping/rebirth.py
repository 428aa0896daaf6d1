"""Which Sparkplug edge nodes to ask for their births, and how often."""

from __future__ import annotations

from collections.abc import Callable

from collector.codecs.sparkplug_b import encode_rebirth
from plantroom.times import HOUR, SECOND, Nanos

FIRST_WAIT = 30 * SECOND
LONGEST_WAIT = HOUR
MOST_A_SECOND = 20
MOST_NODES = 10_000


class Rebirths:
    """Asks through `send(topic, payload)`; a node that does not answer is asked ever less often.

    At most once in FIRST_WAIT a node, and MOST_A_SECOND in all: a thousand nodes that a restart finds unborn
    must not all send their births at once. What is put off is asked when the node is heard again.
    """

    def __init__(self, send: Callable[[str, bytes], None]) -> None:
        self._send = send
        self._next: dict[str, tuple[Nanos, Nanos]] = {}
        self._second = self._in_second = 0
        self.asked = 0

    def ask(self, topic: str, now: Nanos) -> bool:
        """Whether the node whose command topic this is was asked now."""
        at, wait = self._next.get(topic, (0, FIRST_WAIT))
        if now < at:
            return False
        if now // SECOND != self._second:
            self._second, self._in_second = now // SECOND, 0
        if self._in_second >= MOST_A_SECOND:
            return False
        self._in_second += 1
        self.asked += 1
        self._next.pop(topic, None)
        self._next[topic] = (now + wait, min(2 * wait, LONGEST_WAIT))
        if len(self._next) > MOST_NODES:
            del self._next[next(iter(self._next))]
        self._send(topic, encode_rebirth(now))
        return True

    def answered(self, topic: str) -> None:
        """Take note of a node's birth: the next silence is waited for anew, but not sooner."""
        known = self._next.get(topic)
        if known is not None:
            self._next[topic] = (known[0], FIRST_WAIT)

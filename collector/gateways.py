"""Which gateways say that they are online, from their `$status` topics."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from plantroom.errors import PayloadError
from plantroom.times import Nanos

MOST_GATEWAYS = 10_000
_WORDS = {b"online": True, b"offline": False}


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """What a gateway last said of itself; `since` is when it came to be so, as far as was seen here."""

    site: str
    gateway: str
    online: bool
    since: Nanos


class GatewayBook:
    """The last status of each gateway, the most recently changed MOST_GATEWAYS of them."""

    def __init__(self, most: int = MOST_GATEWAYS) -> None:
        self._most = most
        self._book: dict[tuple[str, str], GatewayStatus] = {}
        self._lock = threading.Lock()

    def note(self, site: str, gateway: str, payload: bytes, received_at: Nanos) -> None:
        """Take down a status message.

        Raises: PayloadError(`status`) for anything but `online` and `offline`.
        """
        online = _WORDS.get(payload.strip())
        if online is None:
            raise PayloadError("status", "a gateway's status is the word online or offline")
        self.set(site, gateway, online=online, at=received_at)

    def set(self, site: str, gateway: str, *, online: bool, at: Nanos) -> None:
        """Take down that a gateway is online, or is not."""
        key = (site, gateway)
        with self._lock:
            known = self._book.get(key)
            if known is not None and known.online == online:
                return
            self._book.pop(key, None)
            self._book[key] = GatewayStatus(site, gateway, online, at)
            if len(self._book) > self._most:
                del self._book[next(iter(self._book))]

    def all(self) -> tuple[GatewayStatus, ...]:
        """Every gateway known, by site and name."""
        with self._lock:
            return tuple(self._book[key] for key in sorted(self._book))

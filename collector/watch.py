"""Waiting for a socket or for another thread, whichever comes first."""

from __future__ import annotations

import selectors
import socket
from contextlib import suppress

from collector.session import Socket


class Watch:
    """One socket at a time, and a bell that any thread may ring.

    By the system's selector and not `select`, which refuses a process with more than 1,024 open files.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._bell, self._heard = socket.socketpair()
        self._bell.setblocking(False)
        self._heard.setblocking(False)
        self._selector.register(self._heard, selectors.EVENT_READ)
        self._watched: Socket | None = None
        self._interest = 0

    def ring(self) -> None:
        """End the present or the next `wait`; from any thread."""
        with suppress(OSError):  # full: it ends anyway; closed: nobody waits any more
            self._bell.send(b"\0")

    def forget(self) -> None:
        """Watch no socket; to be called before the watched one is closed by ourselves."""
        if self._watched is not None:
            with suppress(KeyError, ValueError):
                self._selector.unregister(self._watched)
            self._watched = None

    def wait(self, sock: Socket | None, *, read: bool, write: bool, timeout: float) -> tuple[bool, bool]:
        """(readable, writable) of `sock` as far as asked for, after at most `timeout` seconds."""
        interest = (selectors.EVENT_READ if read else 0) | (selectors.EVENT_WRITE if write else 0)
        if sock is None or not interest or sock is not self._watched:
            self.forget()
        if sock is not None and interest:
            if self._watched is None:
                self._selector.register(sock, interest)
            elif interest != self._interest:
                self._selector.modify(sock, interest)
            self._watched, self._interest = sock, interest
        ready = 0
        for key, events in self._selector.select(timeout):
            if key.fileobj is self._heard:
                with suppress(BlockingIOError):
                    self._heard.recv(4096)
            else:
                ready = events
        return bool(ready & selectors.EVENT_READ), bool(ready & selectors.EVENT_WRITE)

    def close(self) -> None:
        """Release everything."""
        self.forget()
        self._selector.close()
        self._bell.close()
        self._heard.close()

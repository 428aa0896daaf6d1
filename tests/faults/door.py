"""A door between the product and its broker that can be shut: refused at once, or without a word."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress


class Door:
    """Takes connections on `port` and, while it is open, passes all on to the broker's port and back."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._other: dict[socket.socket, socket.socket] = {}
        self._open = threading.Event()
        self._open.set()
        self._deaf = self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def shut(self, *, deaf: bool) -> None:
        """Pass nothing on; `deaf` says nothing about it, as a pulled cable, else connections are reset."""
        self._deaf = deaf
        self._open.clear()

    def open(self) -> None:
        """Pass on again; connections of before are gone."""
        self._deaf = False
        self._open.set()

    def close(self) -> None:
        self._ended = True
        self._thread.join(5)
        self._drop_all()
        self._listener.close()

    def _run(self) -> None:
        was_open = True
        while not self._ended:
            is_open = self._open.is_set()
            if was_open != is_open and (is_open or not self._deaf):
                self._drop_all()
            was_open = is_open
            if not is_open and self._deaf:
                self._open.wait(0.05)
                continue
            for key, _ in self._selector.select(0.05):
                if key.fileobj is self._listener:
                    self._take()
                elif isinstance(key.fileobj, socket.socket):
                    self._pass_on(key.fileobj)

    def _take(self) -> None:
        ours, _ = self._listener.accept()
        if not self._open.is_set():
            ours.close()
            return
        try:
            theirs = socket.create_connection(("127.0.0.1", self._to), timeout=1)
        except OSError:
            ours.close()
            return
        for one, other in ((ours, theirs), (theirs, ours)):
            self._other[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, one: socket.socket) -> None:
        other = self._other.get(one)
        if other is None:
            return
        data = b""
        with suppress(OSError):
            data = one.recv(65_536)
            if data:
                other.sendall(data)
        if not data:
            self._drop(one)

    def _drop(self, one: socket.socket) -> None:
        for item in (one, self._other.pop(one, None)):
            if item is not None:
                self._other.pop(item, None)
                with suppress(KeyError, ValueError):
                    self._selector.unregister(item)
                item.close()

    def _drop_all(self) -> None:
        for item in list(self._other):
            self._drop(item)

"""Sockets, signals, and web servers in a thread or in the foreground."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from plantroom.errors import SettingsError

_START_SECONDS = 10.0


def listen(host: str, port: int, setting: str = "http") -> socket.socket:
    """A listening socket, opened before anything starts.

    Raises: SettingsError where the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as failure:
        listener.close()
        raise SettingsError(
            f"{setting}: cannot listen on {host}:{port}: {failure.strerror}; stop what uses the port or set "
            f"PLANTROOM_{setting.upper()}__PORT (0 takes a free one)"
        ) from failure
    return listener


def serve(app: Any, listener: socket.socket) -> None:
    """Serve the application on the socket until a signal ends it."""
    config = uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=3)
    with _signals_end_the_server_only():
        uvicorn.Server(config).run(sockets=[listener])


class ServerThread:
    """A small web application beside the process's own work."""

    def __init__(self, app: Any, listener: socket.socket) -> None:
        self._listener = listener
        config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="status", daemon=True
        )

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()
        end = time.monotonic() + _START_SECONDS
        while not self._server.started and self._thread.is_alive() and time.monotonic() < end:
            time.sleep(0.01)

    def stop(self) -> None:
        """Answer no more."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(5.0)
        self._listener.close()


@contextmanager
def stopped_by_signal() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set, while the context lasts."""
    stop = threading.Event()

    def end(_number: int, _frame: object) -> None:
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _signals_end_the_server_only() -> Iterator[None]:
    """uvicorn raises the signal that ended it once more; here that must not skip the rest of the stop."""
    before = {number: signal.signal(number, _pass_over) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _pass_over(_number: int, _frame: object) -> None:
    pass

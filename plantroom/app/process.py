"""What a process of its own has in common with the others: a name, a status address, a wait for its end."""

from __future__ import annotations

import os
import socket
import threading

from starlette.routing import Route

from plantroom.app.serving import ServerThread, listen
from plantroom.app.status import status_app
from plantroom.settings import StatusSettings

TURN_SECONDS = 1.0


def holder_name() -> str:
    """This process, for people."""
    return f"{socket.gethostname()}:{os.getpid()}"


class StatusServer:
    """The status address of a process; listens from the start, answers once there is something to say."""

    def __init__(self, settings: StatusSettings) -> None:
        """Raises: SettingsError where the address is taken."""
        self._settings = settings
        self._listener = listen(settings.host, settings.port, "status")
        self._thread: ServerThread | None = None

    @property
    def address(self) -> str:
        """How others reach it."""
        if self._settings.address is not None:
            return self._settings.address.rstrip("/")
        host = self._settings.host
        if host in ("0.0.0.0", "::"):  # noqa: S104 - every address is none that others could use
            host = socket.gethostname()
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{self._listener.getsockname()[1]}"

    def start(self, routes: list[Route]) -> None:
        """Begin to answer."""
        self._thread = ServerThread(status_app(routes), self._listener)
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        if self._thread is not None:
            self._thread.stop()
        self._listener.close()


def pause(stop: threading.Event) -> bool:
    """Whether to go on after a turn's time."""
    return not stop.wait(TURN_SECONDS)

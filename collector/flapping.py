"""Whether somebody else uses our client id: two collectors of one id throw each other out for ever."""

from __future__ import annotations

from collections import deque

WINDOW_S = 300.0
QUICK_S = 10.0
ENOUGH = 3


class Flapping:
    """Remembers ends of connections that look like another client's doing."""

    def __init__(self, client_id: str) -> None:
        self._client_id = client_id
        self._ends: deque[tuple[float, bool]] = deque(maxlen=100)

    def note(self, now: float, lasted: float, *, taken_over: bool) -> None:
        """Take down that a connection ended at `now` after `lasted` seconds."""
        if taken_over or lasted < QUICK_S:
            self._ends.append((now, taken_over))

    def warning(self, now: float) -> str | None:
        """What to tell people, or None."""
        recent = [taken_over for at, taken_over in tuple(self._ends) if now - at < WINDOW_S]
        if len(recent) < ENOUGH:
            return None
        does = "takes" if any(recent) else "seems to take"
        return (
            f"another client {does} over our session: {len(recent)} times in {WINDOW_S / 60:.0f} min; give"
            f" every collector a client id of its own (mqtt.client_id, now {self._client_id!r})"
        )

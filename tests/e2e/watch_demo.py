"""Watches a starting demo as a newcomer would, and ends with 1 where it breaks a promise.

Usage: watch_demo.py ADDRESS LOG
Promises: the console answers within 90 s of the start, readings are live within 2 s, and within 60 s of the
first answer there is a fault's alarm with its work order.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx

Found = TypeVar("Found")


def until(what: str, seconds: float, look: Callable[[], Found | None]) -> Found:
    """What `look` finds, tried again until the time is up.

    Raises: SystemExit with what was awaited.
    """
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        try:
            found = look()
        except httpx.TransportError:
            found = None
        if found:
            print(f"{what}: after {time.monotonic() - started:.1f} s")
            return found
        time.sleep(0.5)
    raise SystemExit(f"{what}: not within {seconds:.0f} s")


def main(address: str, log: Path) -> None:
    """Check each promise in turn."""
    client = httpx.Client(base_url=address, timeout=10, headers={"Origin": address})
    until("the console answers", 90, lambda: client.get("/login").status_code == 200)
    text = until(
        "the sign-in is printed", 10, lambda: log.read_text() if "Password" in log.read_text() else None
    )
    password = re.search(r"Password\s+(\S+)", text)
    assert password is not None
    answer = client.post("/api/v1/sessions", json={"username": "admin", "password": password[1]})
    assert answer.is_success, answer.text

    def items(path: str, **parameters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            client.get(f"/api/v1{path}", params=parameters).raise_for_status().json()["items"]
        )
        return found

    until("an alarm stands", 60, lambda: items("/alarms"))
    order = until("a work order is open", 60, lambda: items("/work-orders", kind="corrective"))[0]
    print(f"order {order['id']}: {order['title']}")
    # the story runs behind the wall clock until it has caught up with the present
    until("readings are of the present", 300, lambda: _age(client) < 10 or None)
    assert client.get("/").status_code == 200


def _age(client: httpx.Client) -> float:
    answer = client.get("/api/v1/readings/latest", params={"point": "demo/pump-01/flow"}).raise_for_status()
    ts = datetime.fromisoformat(answer.json()["columns"]["at"][0])
    return (datetime.now(UTC) - ts).total_seconds()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

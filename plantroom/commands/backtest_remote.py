"""A backtest in a running server, through its API: started, watched, cancelled by Ctrl-C."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from rich.progress import BarColumn, Progress, TextColumn

from plantroom.commands.shared import err
from plantroom.errors import FileError, PlantroomError, Problem, SettingsError, StoreUnavailableError
from plantroom.times import SECOND, Nanos, to_iso

POLL_SECONDS = 0.5
TIMEOUT_SECONDS = 30.0


class Server:
    """A Plantroom server's API, asked with a token."""

    def __init__(self, url: str, token: str | None) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise SettingsError(f"--url: {url!r} is no address; write for example http://localhost:8420")
        if not token:
            raise SettingsError("--token: the server wants one (or set PLANTROOM_TOKEN)")
        self._base = f"{url.rstrip('/')}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer's JSON.

        Raises: StoreUnavailableError where the server is away, PlantroomError with what it says is wrong.
        """
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._base + path, data, self._headers, method=method)  # noqa: S310 - http(s) only
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - see above
                text = answer.read()
        except HTTPError as failure:
            raise _said(failure) from failure
        except (URLError, OSError) as failure:
            raise StoreUnavailableError(f"{self._base} does not answer: {failure}") from failure
        return json.loads(text) if text else None


def run(
    url: str,
    token: str | None,
    rules: Path,
    start: Nanos,
    end: Nanos,
    *,
    equipment: list[str],
    warm_up: Nanos,
) -> dict[str, Any]:
    """The report of a backtest that the server ran."""
    server = Server(url, token)
    try:
        text = rules.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as failure:
        raise FileError([Problem(rules, 1, 1, "", f"cannot be read: {failure}")]) from failure
    body = {
        "rules": text,
        "start": to_iso(start),
        "end": to_iso(end),
        "equipment": equipment,
        "warm_up": f"{warm_up // SECOND}s",
    }
    path = f"/backtests/{server.ask('POST', '/backtests', body)['id']}"
    try:
        job = _wait(server, path)
    except KeyboardInterrupt:
        server.ask("DELETE", path)
        raise
    if job["state"] != "done":
        raise PlantroomError(job["detail"] or f"the backtest was {job['state']}")
    report: dict[str, Any] = job["report"]
    return report


def _wait(server: Server, path: str) -> Any:
    with Progress(TextColumn("{task.description}"), BarColumn(), console=err) as shown:
        task = shown.add_task("in the server", total=1.0)
        while True:
            job = server.ask("GET", path)
            shown.update(task, completed=job["share"], description=f"{job['readings']:,} readings")
            if job["state"] != "running":
                return job
            time.sleep(POLL_SECONDS)


def _said(failure: HTTPError) -> PlantroomError:
    try:
        body = json.loads(failure.read())
        lines = [f"{item['where']}: {item['what']}" for item in body.get("errors") or ()]
        return PlantroomError("\n".join(lines) or str(body["detail"]))
    except (ValueError, KeyError, AttributeError, TypeError):
        return PlantroomError(f"the server answers {failure.code} {failure.reason}; is this Plantroom?")

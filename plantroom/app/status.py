"""What a worker or a scheduler answers: probes, Prometheus, and, to who knows the secret, the live state.

The secret stands in the records beside the address: who may read those may ask.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from plantroom.health import PartHealth
from plantroom.live import LiveValues
from plantroom.readings import ReadingBatch

MSGPACK = "application/msgpack"


class Part(msgspec.Struct, frozen=True):
    """One part's word about itself."""

    name: str
    ok: bool
    detail: str


class LiveChanges(msgspec.Struct, frozen=True):
    """The newest readings that came after a version, as little-endian columns; `parts` as they are now."""

    version: int
    point_id: bytes
    ts: bytes
    value: bytes
    quality: bytes
    parts: list[Part]


def changes_of(batch: ReadingBatch, version: int, parts: tuple[PartHealth, ...]) -> LiveChanges:
    """The readings and parts as they travel."""
    return LiveChanges(
        version,
        batch.point_id.astype("<i4").tobytes(),
        batch.ts.astype("<i8").tobytes(),
        batch.value.astype("<f8").tobytes(),
        batch.quality.tobytes(),
        [Part(part.name, part.ok, part.detail) for part in parts],
    )


def probes(health: Callable[[], tuple[PartHealth, ...]], registry: CollectorRegistry) -> list[Route]:
    """`/healthz`, `/readyz` and `/metrics`."""

    def alive(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    def ready(_request: Request) -> Response:
        parts = [{"name": part.name, "ok": part.ok} for part in health()]
        whole = all(part["ok"] for part in parts)
        return JSONResponse({"ready": whole, "parts": parts}, 200 if whole else 503)

    def metrics(_request: Request) -> Response:
        return PlainTextResponse(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", metrics)]


def live_state(
    live: LiveValues,
    health: Callable[[], tuple[PartHealth, ...]],
    rule_states: Callable[[int], Mapping[str, str]],
    secret: str,
) -> list[Route]:
    """`/live?since=VERSION` and `/rules/EQUIPMENT_ID`."""

    def guarded(answer: Callable[[Request], Any]) -> Callable[[Request], Response]:
        def check(request: Request) -> Response:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), secret.encode()):
                return PlainTextResponse("the secret stands in the records", 401)
            return Response(msgspec.msgpack.encode(answer(request)), media_type=MSGPACK)

        return check

    def changes(request: Request) -> LiveChanges:
        since = request.query_params.get("since", "0")
        batch, version = live.since(int(since) if since.isdecimal() and len(since) < 19 else 0)
        return changes_of(batch, version, health())

    def states(request: Request) -> dict[str, str]:
        return dict(rule_states(request.path_params["equipment_id"]))

    return [Route("/live", guarded(changes)), Route("/rules/{equipment_id:int}", guarded(states))]


def status_app(routes: list[Route]) -> Starlette:
    """The application."""
    return Starlette(routes=routes)

"""Liveness, readiness, metrics."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from starlette.responses import Response

from api.context import Context
from api.dependencies import Parts, Viewer
from api.operations.schemas import Alive, Health, PartDetail, PartState, Ready
from api.problems import Refusal
from plantroom import __version__
from plantroom.errors import StoreError
from plantroom.health import PartHealth

router = APIRouter(tags=["operations"])
"""At the root as well as under the API's prefix: that is where probes and Prometheus look."""


@router.get("/healthz", summary="Is the process alive")
def get_alive() -> Alive:
    """Needs no sign-in and touches nothing: what it proves is that requests are answered."""
    return Alive()


@router.get("/readyz", summary="Is every part ready")
def get_ready(context: Parts) -> Ready:
    """503 while a part does not work. Needs no sign-in, so it names parts and no more."""
    states = [PartState(name=part.name, ok=part.ok) for part in _parts(context)]
    if not all(state.ok for state in states):
        broken = ", ".join(state.name for state in states if not state.ok)
        raise Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "not_ready",
            f"not ready: {broken}",
            headers={"Retry-After": "5"},
            parts=[state.model_dump() for state in states],
        )
    return Ready(parts=states)


@router.get("/health", summary="Each part, with what to do")
def get_health(context: Parts, _who: Viewer) -> Health:
    """Always 200: `ready` says whether every part works."""
    parts = _parts(context)
    return Health(
        ready=all(part.ok for part in parts),
        version=__version__,
        parts=[PartDetail(name=part.name, ok=part.ok, detail=part.detail) for part in parts],
    )


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def get_metrics(context: Parts, _who: Viewer) -> Response:
    """Prometheus text. Give Prometheus a viewer's token (`authorization: credentials`)."""
    return Response(generate_latest(context.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _parts(context: Context) -> tuple[PartHealth, ...]:
    return (*context.health(), _database(context))


def _database(context: Context) -> PartHealth:
    try:
        with context.database.session() as session:
            session.execute(text("SELECT 1"))
    except StoreError as failure:
        return PartHealth("database", ok=False, detail=str(failure))
    return PartHealth("database", ok=True)

"""Service levels: what was agreed."""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import Parts, Viewer
from api.service_levels.schemas import PolicyOut

router = APIRouter(prefix="/service-levels", tags=["service levels"])


@router.get("", summary="What was agreed")
def get_service_levels(context: Parts, _who: Viewer) -> PolicyOut:
    """Clocks by kind and priority of order, the reasons to hold and whether they pause, and escalation."""
    return PolicyOut.of(context.levels.policy)

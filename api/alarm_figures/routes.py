"""The alarm system's figures."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from api import problems
from api.alarm_figures.schemas import (
    DEFAULT_SPAN,
    LONGEST_SPAN,
    FiguresOut,
    FiguresQuery,
    figures_out,
    named_in,
)
from api.dependencies import Now, Parts, Viewer
from plantroom.alarm_patterns import Period
from plantroom.errors import ConflictError
from plantroom.stores.records import alarm_history
from plantroom.stores.records.property import load_sites

router = APIRouter(prefix="/alarm-figures", tags=["alarms"])


@router.get("", summary="How the alarm system does")
def get_alarm_figures(
    query: Annotated[FiguresQuery, Query()], context: Parts, now: Now, _who: Viewer
) -> FiguresOut:
    """Rates, floods, offenders, priorities and answers, beside the targets of ISA-18.2 and EEMUA 191.

    A figure that the period is too short to show is rated `not_enough_data`.
    """
    end = now if query.end is None else min(query.end, now)
    start = max(0, end - DEFAULT_SPAN) if query.start is None else query.start
    if not 0 < end - start <= LONGEST_SPAN:
        raise problems.wrong("query.from", "must lie in the past, and at most 366 d before `to`")
    with context.database.session() as session:
        period = Period(start, end, _zone(session, query.site), query.operators or context.settings.operators)
        try:
            found = alarm_history.load_figures(
                session, context.table(), context.catalogue, period, query.site
            )
        except ConflictError as failure:
            raise problems.wrong("query.from", str(failure)) from failure
        rows = alarm_history.load_alarms(session, named_in(found))
    return figures_out(found, rows, context.catalogue)


def _zone(session: Session, site: str | None) -> ZoneInfo:
    """The zone whose days count: the site's, or the one that all sites have in common, else UTC."""
    zones = {item.zone for item in load_sites(session) if site in (None, item.key)}
    if site is not None and not zones:
        raise problems.wrong("query.site", f"there is no site {site[:64]!r}")
    return ZoneInfo(zones.pop() if len(zones) == 1 else "UTC")

"""Maintenance modes: list, begin, end."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api import problems
from api.dependencies import Engineer, Now, Parts, Viewer
from api.filters import classes_of
from api.maintenance_modes.schemas import MaintenanceMode, ModeBody, ModeQuery, mode
from api.wire import IdPath, PageOf, paged
from plantroom.catalogue.schema import System
from plantroom.stores.records import maintenance_modes
from plantroom.stores.records.tables import MaintenanceModeRow

router = APIRouter(prefix="/maintenance-modes", tags=["maintenance modes"])


@router.get("", summary="List maintenance modes")
def list_modes(query: Annotated[ModeQuery, Query()], context: Parts, _who: Viewer) -> PageOf[MaintenanceMode]:
    """The newest first, those that have ended too."""
    rows = maintenance_modes.query(running=query.running)
    if query.site is not None:
        rows = rows.where(MaintenanceModeRow.site == query.site)
    with context.database.session() as session:
        return paged(
            session, rows, query, mode, by=MaintenanceModeRow.id, key=MaintenanceModeRow.id, descending=True
        )


@router.post("", status_code=201, summary="Begin maintenance")
def begin_mode(body: ModeBody, context: Parts, now: Now, who: Engineer) -> MaintenanceMode:
    """The alarms of the equipment or space go out of service, with a reason, until a time; then all of them
    go to where the process says. They open no corrective orders meanwhile; preventive ones go on. Alarms of
    life safety and of fire systems stay in service.
    """
    until = body.until if body.duration is None else now + body.duration
    if until is None or not now < until <= now + maintenance_modes.LONGEST_MODE:
        raise problems.wrong("body.until", "must lie in the future, and at most 30 d from now")
    fire = classes_of(context.catalogue, System.FIRE)
    with context.database.transaction() as session:
        row = maintenance_modes.begin(
            session,
            site=body.site,
            equipment=body.equipment,
            space=body.space,
            until=until,
            reason=body.reason,
            by=who.username,
            now=now,
            exempt=lambda item: item.equipment_class in fire,
        )
        return mode(row)


@router.delete("/{mode_id}", summary="End maintenance")
def end_mode(mode_id: IdPath, context: Parts, now: Now, who: Engineer) -> MaintenanceMode:
    """Before its time is up. What is in fault stands unacknowledged, and calls for its order."""
    with context.database.transaction() as session:
        return mode(maintenance_modes.end(session, mode_id, by=who.username, now=now))

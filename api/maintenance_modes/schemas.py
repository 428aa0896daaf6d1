"""What goes in and out about maintenance modes."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from api.wire import Answer, Duration, Instant, Key, Note, PageQuery, Request, Time
from plantroom.stores.records.maintenance_modes import LONGEST_MODE
from plantroom.stores.records.tables import MaintenanceModeRow
from plantroom.times import MINUTE


class ModeQuery(PageQuery):
    """Which maintenance modes."""

    site: Key | None = None
    running: Annotated[bool | None, Field(description="true: those that run; false: those that ended.")] = (
        None
    )


class ModeBody(Request):
    """Of which equipment or space, until when or for how long, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"site": "demo", "equipment": "pump-01", "for": "4 h", "reason": "seal is being replaced"}
            ]
        }
    )

    site: Key
    equipment: Annotated[Key | None, Field(description="Its key; its parts are covered too.")] = None
    space: Annotated[Key | None, Field(description="Its key; the spaces inside it are covered too.")] = None
    until: Instant | None = None
    duration: Annotated[Duration | None, Field(alias="for")] = None
    reason: Annotated[Note, Field(min_length=1)]

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.equipment is None) == (self.space is None):
            raise ValueError("give either equipment or space")
        if (self.until is None) == (self.duration is None):
            raise ValueError("give either until or for")
        if self.duration is not None and not MINUTE <= self.duration <= LONGEST_MODE:
            raise ValueError("for must be from 1 min to 30 d")
        return self


class MaintenanceMode(Answer):
    """Equipment or a space whose alarms are out of service for some time."""

    id: int
    site: str
    equipment: str | None
    space: str | None
    reason: str
    by: str
    started_at: Time
    until: Time
    ended_at: Time | None
    ended_by: str | None


def mode(row: MaintenanceModeRow) -> MaintenanceMode:
    """The row as it goes out."""
    return MaintenanceMode(
        id=row.id,
        site=row.site,
        equipment=None if row.equipment is None else row.equipment.key,
        space=row.space,
        reason=row.reason,
        by=row.by,
        started_at=row.started_at,
        until=row.until,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )

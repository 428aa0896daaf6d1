"""What goes in and out about one technician: certificates, hours, duty, training."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from api.people.schemas import Named, SkillKey
from api.wire import Answer, Instant, Key, Line, Note, PageQuery, Request, Time
from plantroom.people import TrainingKind

LocalTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["08:00"])]
"""A local time of day, HH:MM."""


def _days_in_order(days: list[int]) -> list[int]:
    return sorted(set(days))


class _OfTechnician(Request):
    technician: Annotated[Key, Field(description="Username.")]

    def values(self) -> dict[str, Any]:
        """The row's columns."""
        return self.model_dump()


class CertificateBody(_OfTechnician):
    """What allows somebody to do work of a skill."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "technician": "chen",
                    "skill": "elevator",
                    "name": "Special equipment operator T",
                    "issued_on": "2025-03-01",
                    "expires_on": "2029-02-28",
                }
            ]
        }
    )

    skill: SkillKey
    name: Named
    number: Line = ""
    issued_on: date
    expires_on: Annotated[date | None, Field(description="Its last day; null where it never ends.")] = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.expires_on is not None and self.expires_on < self.issued_on:
            raise ValueError("expires_on must not be before issued_on")
        return self


class ShiftBody(_OfTechnician):
    """Hours that repeat by weekday, in the zone of the technician's team."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "technician": "chen",
                    "days": [0, 1, 2, 3, 4],
                    "start": "08:00",
                    "end": "17:00",
                    "first": "2026-01-01",
                }
            ]
        }
    )

    days: Annotated[
        list[Annotated[int, Field(ge=0, le=6)]],
        Field(min_length=1, max_length=7, description="0 Monday to 6 Sunday."),
        AfterValidator(_days_in_order),
    ]
    start: LocalTime
    end: Annotated[LocalTime, Field(description="At or before `start` it is on the next day.")]
    first: date
    last: date | None = None


class ShiftExceptionBody(_OfTechnician):
    """Other hours on one day, or a day off."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"technician": "chen", "day": "2026-10-01", "reason": "leave"}]}
    )

    day: date
    start: LocalTime | None = None
    end: LocalTime | None = None
    reason: Line = ""

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError("give both start and end, or neither for a day off")
        return self


class OnCallBody(_OfTechnician):
    """From when to when somebody answers for a team."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "team": "elevator",
                    "technician": "chen",
                    "starts_at": "2026-03-06T17:00:00+08:00",
                    "ends_at": "2026-03-09T08:00:00+08:00",
                }
            ]
        }
    )

    team: Key
    starts_at: Instant
    ends_at: Instant
    rank: Annotated[int, Field(ge=1, le=9, description="1 is called first.")] = 1

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise ValueError("ends_at must come after starts_at")
        return self


class TrainingBody(_OfTechnician):
    """A training or drill that somebody took."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "technician": "chen",
                    "kind": "drill",
                    "title": "Evacuation",
                    "held_on": "2026-05-12",
                    "passed": True,
                }
            ]
        }
    )

    kind: TrainingKind
    title: Named
    held_on: date
    passed: bool
    note: Note = ""

    def values(self) -> dict[str, Any]:
        """The row's columns."""
        return self.model_dump() | {"kind": self.kind.value}


class _Numbered(Answer):
    model_config = ConfigDict(from_attributes=True)

    id: int
    technician: str
    version: int


class CertificateOut(_Numbered):
    """A certificate."""

    skill: str
    name: str
    number: str
    issued_on: date
    expires_on: date | None


class ShiftOut(_Numbered):
    """Hours that repeat."""

    days: list[int]
    start: str
    end: str
    first: date
    last: date | None


class ShiftExceptionOut(_Numbered):
    """Other hours on one day."""

    day: date
    start: str | None
    end: str | None
    reason: str


class OnCallOut(_Numbered):
    """A duty."""

    team: str
    starts_at: Time
    ends_at: Time
    rank: int


class TrainingOut(_Numbered):
    """A training or drill."""

    kind: TrainingKind
    title: str
    held_on: date
    passed: bool
    note: str


class OfTechnicianQuery(PageQuery):
    """Whose."""

    technician: Key | None = None


class CertificateQuery(OfTechnicianQuery):
    """Which certificates."""

    skill: Key | None = None
    ends_within_days: Annotated[
        int | None, Field(ge=0, le=3650, description="Those that end by then, or have ended.")
    ] = None

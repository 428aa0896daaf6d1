"""What goes in and out about people."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, ConfigDict, Field

from api.wire import Answer, Instant, Key, Line, PageQuery, Request, Time, Words
from plantroom.stores.records.people_tables import SkillRow, TeamRow

SkillKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Named = Annotated[Line, Field(min_length=1)]


def _zone(zone: str) -> str:
    if zone not in available_timezones():
        raise ValueError("must be an IANA time zone, such as Asia/Shanghai")
    return zone


class BothWords(Request):
    """A name in both languages."""

    en: Named
    zh: Named


class SkillBody(Request):
    """Something that work may ask for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": {"en": "Elevator repair", "zh": "电梯维修"}, "certificate": True}]
        }
    )

    name: BothWords
    certificate: Annotated[bool, Field(description="Whether work takes a certificate that is valid.")] = False

    def values(self) -> dict[str, Any]:
        """The row's columns."""
        return {"name_en": self.name.en, "name_zh": self.name.zh, "certificate": self.certificate}


class SkillOut(Answer):
    """A skill."""

    key: str
    name: Words
    certificate: bool
    version: int

    @classmethod
    def of(cls, row: SkillRow) -> SkillOut:
        """The row as it goes out."""
        name = Words(en=row.name_en, zh=row.name_zh)
        return cls(key=row.key, name=name, certificate=row.certificate, version=row.version)


class TeamBody(Request):
    """People who do one kind of work."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": {"en": "Water team", "zh": "水務"}, "skills": ["water"], "zone": "Asia/Shanghai"}
            ]
        }
    )

    name: BothWords
    skills: Annotated[list[SkillKey], Field(default_factory=list, max_length=50)]
    zone: Annotated[
        str | None,
        Field(max_length=64, description="In which its shifts are written; without it, the first site's."),
        AfterValidator(lambda zone: None if zone is None else _zone(zone)),
    ] = None
    lead: Annotated[Key | None, Field(description="Username of who leads it.")] = None

    def values(self) -> dict[str, Any]:
        """The row's columns."""
        return {
            "name_en": self.name.en,
            "name_zh": self.name.zh,
            "skills": sorted(set(self.skills)),
            "zone": self.zone,
            "lead": self.lead,
        }


class TeamOut(Answer):
    """A team."""

    key: str
    name: Words
    skills: list[str]
    zone: str | None
    lead: str | None
    version: int

    @classmethod
    def of(cls, row: TeamRow) -> TeamOut:
        """The row as it goes out."""
        return cls(
            key=row.key,
            name=Words(en=row.name_en, zh=row.name_zh),
            skills=row.skills,
            zone=row.zone,
            lead=row.lead,
            version=row.version,
        )


class TechnicianBody(Request):
    """What a user does as a technician."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"team": "elevator", "skills": ["elevator"], "hired_on": "2024-03-01"}]
        }
    )

    team: Key | None = None
    skills: Annotated[list[SkillKey], Field(default_factory=list, max_length=50)]
    sites: Annotated[list[Key], Field(default_factory=list, max_length=200, description="None: all.")]
    active: bool = True
    hired_on: date | None = None

    def values(self) -> dict[str, Any]:
        """The row's columns."""
        return self.model_dump() | {"skills": sorted(set(self.skills)), "sites": sorted(set(self.sites))}


class TechnicianOut(Answer):
    """A technician."""

    model_config = ConfigDict(from_attributes=True)

    username: str
    team: str | None
    skills: list[str]
    sites: list[str]
    active: bool
    hired_on: date | None
    version: int


class TeamQuery(PageQuery):
    """Of which team."""

    team: Key | None = None


class RosterQuery(Request):
    """When; without it, now."""

    at: Instant | None = None


class OnDuty(Answer):
    """Who is there for a team at an instant."""

    team: str
    name: Words
    on_shift: list[str]
    on_call: list[str]
    """The first to call first."""


class RosterAt(Answer):
    """Who is there at an instant."""

    at: Time
    teams: list[OnDuty]

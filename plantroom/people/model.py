"""What is known of the people who do the work."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from plantroom.model import Text
from plantroom.times import Nanos


@dataclass(frozen=True, slots=True)
class Skill:
    """Something that work may ask for; some only with a certificate."""

    key: str
    name: Text
    certificate: bool = False
    """Whether the law or the owner asks for a certificate that is valid."""


@dataclass(frozen=True, slots=True)
class Team:
    """People who do one kind of work. `zone` is the one in which their shifts are written."""

    key: str
    name: Text
    skills: frozenset[str] = frozenset()
    """The skills whose work goes to this team first."""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    lead: str | None = None


@dataclass(frozen=True, slots=True)
class Technician:
    """Somebody who does work; no sites mean all."""

    username: str
    name: str
    team: str | None
    skills: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    active: bool = True
    hired_on: date | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """What allows somebody to do work of a skill, from a day to a day, both included."""

    technician: str
    skill: str
    name: str
    issued_on: date
    expires_on: date | None
    id: int = 0

    def valid_on(self, day: date) -> bool:
        """Whether it counts on that day."""
        return self.issued_on <= day and (self.expires_on is None or day <= self.expires_on)


@dataclass(frozen=True, slots=True)
class Shift:
    """Hours that repeat by weekday (0 Monday). One that ends at or before it starts ends the next day."""

    technician: str
    days: frozenset[int]
    start: time
    end: time
    first: date
    last: date | None = None


@dataclass(frozen=True, slots=True)
class ShiftException:
    """Other hours on one day in place of the shifts that begin on it; without hours a day off."""

    technician: str
    day: date
    start: time | None = None
    end: time | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OnCallDuty:
    """From when to when somebody answers for a team; the first rank is called first."""

    team: str
    technician: str
    starts_at: Nanos
    ends_at: Nanos
    rank: int = 1


class TrainingKind(StrEnum):
    """What was trained. Source of how often: requirements from the field, people."""

    INDUCTION = "induction"
    QUARTERLY = "quarterly"
    DRILL = "drill"
    OTHER = "other"


TRAINING_DAYS: dict[TrainingKind, int] = {
    TrainingKind.INDUCTION: 7,
    TrainingKind.QUARTERLY: 92,
    TrainingKind.DRILL: 366,
}
"""Induction within a week of being hired; training every quarter; an emergency drill every year."""


@dataclass(frozen=True, slots=True)
class Training:
    """One training or drill that somebody took."""

    technician: str
    kind: TrainingKind
    held_on: date
    passed: bool


@dataclass(frozen=True, slots=True)
class TrainingDue:
    """The last day on which somebody must have passed a training."""

    technician: str
    kind: TrainingKind
    due_on: date

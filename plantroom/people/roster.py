"""Everybody and when they are there, asked about an instant or a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from plantroom.model import Text
from plantroom.people.model import Certificate, OnCallDuty, Shift, ShiftException, Skill, Team, Technician
from plantroom.times import Nanos, from_datetime, to_datetime

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody, and when they are there."""

    teams: tuple[Team, ...] = ()
    technicians: tuple[Technician, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    shifts: tuple[Shift, ...] = ()
    exceptions: tuple[ShiftException, ...] = ()
    duties: tuple[OnCallDuty, ...] = ()
    skills: tuple[Skill, ...] = ()

    def team(self, key: str | None) -> Team | None:
        """The team of this key."""
        return next((team for team in self.teams if team.key == key), None)

    def technician(self, username: str) -> Technician | None:
        """The technician of this username."""
        return next((item for item in self.technicians if item.username == username), None)

    def team_for(self, skill: str) -> Team | None:
        """The team that work of this skill goes to; of several the first by key."""
        return next((team for team in sorted(self.teams, key=_key) if skill in team.skills), None)

    def needs_certificate(self, skill: str) -> bool:
        """Whether work of this skill takes a certificate."""
        return any(item.certificate for item in self.skills if item.key == skill)

    def skill_name(self, skill: str) -> Text:
        """The skill's name; of one that is not known its key."""
        named = (item.name for item in self.skills if item.key == skill)
        return next(named, Text(skill.replace("_", " "), skill.replace("_", " ")))

    def zone_of(self, username: str) -> ZoneInfo:
        """The zone in which the technician's shifts are written."""
        item = self.technician(username)
        team = None if item is None else self.team(item.team)
        return ZoneInfo("UTC") if team is None else team.zone

    def day_of(self, username: str, at: Nanos) -> date:
        """The technician's date at an instant."""
        return to_datetime(at, self.zone_of(username)).date()

    def shift_at(self, username: str, at: Nanos) -> tuple[Nanos, Nanos] | None:
        """From when to when the shift is that the technician is on; of several the one that ends last."""
        zone = self.zone_of(username)
        today = to_datetime(at, zone).date()
        spans = [span for day in (today - _DAY, today) for span in self.shifts_on(username, day)]
        return max(
            ((start, end) for start, end in spans if start <= at < end),
            key=lambda span: span[1],
            default=None,
        )

    def shifts_on(self, username: str, day: date) -> tuple[tuple[Nanos, Nanos], ...]:
        """The technician's shifts that begin on that day, as instants."""
        zone = self.zone_of(username)
        return tuple(_instants(day, start, end, zone) for start, end in self._hours(username, day))

    def _hours(self, username: str, day: date) -> Iterator[tuple[time, time]]:
        others = [item for item in self.exceptions if item.technician == username and item.day == day]
        if others:
            for other in others:
                if other.start is not None and other.end is not None:
                    yield other.start, other.end
            return
        for shift in self.shifts:
            runs = shift.first <= day and (shift.last is None or day <= shift.last)
            if shift.technician == username and runs and day.weekday() in shift.days:
                yield shift.start, shift.end

    def has_shifts(self, username: str) -> bool:
        """Whether it is known when the technician works."""
        return any(item.technician == username for item in self.shifts) or any(
            item.technician == username for item in self.exceptions
        )

    def on_shift(self, at: Nanos, team: str | None = None) -> tuple[Technician, ...]:
        """Who is on shift, by username; of one team where one is named."""
        here = (item for item in self.technicians if item.active and team in (None, item.team))
        return tuple(
            sorted(
                (item for item in here if self.shift_at(item.username, at) is not None),
                key=lambda item: item.username,
            )
        )

    def on_call(self, team: str, at: Nanos) -> tuple[str, ...]:
        """Who answers for the team, the first to call first."""
        active = {item.username for item in self.technicians if item.active}
        running = [
            duty
            for duty in self.duties
            if duty.team == team and duty.starts_at <= at < duty.ends_at and duty.technician in active
        ]
        names = [duty.technician for duty in sorted(running, key=lambda duty: (duty.rank, duty.technician))]
        return tuple(dict.fromkeys(names))

    def certificate_for(self, username: str, skill: str, day: date) -> Certificate | None:
        """The certificate that counts on that day, of several the one that lasts longest."""
        valid = [
            item
            for item in self.certificates
            if item.technician == username and item.skill == skill and item.valid_on(day)
        ]
        return max(valid, key=lambda item: (item.expires_on or date.max, item.id), default=None)

    def qualified(self, skill: str, day: date) -> tuple[Technician, ...]:
        """Who may do work of this skill on that day, by username: active, and certified where need be."""
        needs = self.needs_certificate(skill)
        return tuple(
            sorted(
                (
                    item
                    for item in self.technicians
                    if item.active
                    and skill in item.skills
                    and (not needs or self.certificate_for(item.username, skill, day) is not None)
                ),
                key=lambda item: item.username,
            )
        )


def _key(team: Team) -> str:
    return team.key


def _instants(day: date, start: time, end: time, zone: ZoneInfo) -> tuple[Nanos, Nanos]:
    # as instants, so that a night on which the clocks change is as long as it is
    last = day if end > start else day + _DAY
    return (
        from_datetime(datetime.combine(day, start, zone)),
        from_datetime(datetime.combine(last, end, zone)),
    )

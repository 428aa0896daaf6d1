"""People as the console shows them: who is there now, what each can do, and what runs out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from api.console.i18n import Translator
from api.console.views.alarms import Lens
from api.console.words import TRAINING
from plantroom.assignment import Load
from plantroom.people import Certificate, Roster, Technician, Training, training_due, warning_stage
from plantroom.stores.records import people
from plantroom.times import Nanos, to_datetime

TRAINING_AHEAD = 30
"""How many days ahead a training that is due is shown."""


@dataclass(frozen=True, slots=True)
class DutyView:
    """Who is there for a team."""

    team: str
    on_shift: tuple[str, ...]
    on_call: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaperView:
    """A certificate or training, until when it is good, and whether that is soon or over."""

    name: str
    until: date | None
    soon: bool = False
    over: bool = False
    due: bool = False
    """Whether it is something to be done by then, as a training is."""


@dataclass(frozen=True, slots=True)
class TechnicianView:
    """One technician."""

    username: str
    name: str
    team: str
    skills: tuple[str, ...]
    presence: str
    here: bool
    active: bool
    load: Load
    certificates: tuple[PaperView, ...]
    training: tuple[PaperView, ...]

    @property
    def worst(self) -> int:
        """0 where something has ended, 1 where something ends soon, else 2."""
        papers = (*self.certificates, *self.training)
        return 0 if any(item.over for item in papers) else 1 if any(item.soon for item in papers) else 2


@dataclass(frozen=True, slots=True)
class PeopleView:
    """Everybody."""

    duty: tuple[DutyView, ...]
    technicians: tuple[TechnicianView, ...]


def load_people(session: Session, lens: Lens) -> PeopleView:
    """Everybody, those first for whom something has ended or ends soon."""
    roster, loads = people.load_roster(session), people.load_loads(session)
    trainings = people.load_training(session)
    found = [
        technician_view(lens, roster, item, trainings=trainings, load=loads.get(item.username, Load()))
        for item in roster.technicians
    ]
    found.sort(key=lambda item: (not item.active, item.worst, item.name))
    names = {item.username: item.name for item in roster.technicians}
    duty = tuple(
        DutyView(
            team=lens.t.text(team.name),
            on_shift=tuple(item.name for item in roster.on_shift(lens.now, team.key)),
            on_call=tuple(names[username] for username in roster.on_call(team.key, lens.now)),
        )
        for team in roster.teams
    )
    return PeopleView(duty, tuple(found))


def technician_view(
    lens: Lens, roster: Roster, item: Technician, *, trainings: Iterable[Training], load: Load
) -> TechnicianView:
    """The technician as the list shows them."""
    t, now = lens.t, lens.now
    today = roster.day_of(item.username, now)
    team = roster.team(item.team)
    presence, here = _presence(t, roster, item, now)
    return TechnicianView(
        username=item.username,
        name=item.name,
        team="" if team is None else t.text(team.name),
        skills=tuple(t.text(roster.skill_name(skill)) for skill in sorted(item.skills)),
        presence=presence,
        here=here,
        active=item.active,
        load=load,
        certificates=tuple(_certificates(roster, item, today)),
        training=tuple(_trainings(t, item, trainings, today)),
    )


def _presence(t: Translator, roster: Roster, item: Technician, now: Nanos) -> tuple[str, bool]:
    if not item.active:
        return t("has left"), False
    shift = roster.shift_at(item.username, now)
    if shift is not None:
        until = f"{to_datetime(shift[1], roster.zone_of(item.username)):%H:%M}"
        return t("on shift until {time}", time=until), True
    if any(item.username in roster.on_call(team.key, now) for team in roster.teams):
        return t("on call"), True
    return (t("not on shift") if roster.has_shifts(item.username) else t("hours not known")), False


def _certificates(roster: Roster, item: Technician, today: date) -> Iterable[PaperView]:
    """Of each skill and name the certificate that lasts longest: one that was renewed is no matter."""
    newest: dict[tuple[str, str], Certificate] = {}
    for paper in sorted(roster.certificates, key=lambda paper: (paper.expires_on or date.max, paper.id)):
        if paper.technician == item.username:
            newest[paper.skill, paper.name] = paper
    for paper in newest.values():
        stage = warning_stage(paper, today)
        yield PaperView(paper.name, paper.expires_on, soon=stage is not None and stage > 0, over=stage == 0)


def _trainings(
    t: Translator, item: Technician, trainings: Iterable[Training], today: date
) -> Iterable[PaperView]:
    for due in training_due(item, trainings):
        left = (due.due_on - today).days
        if left <= TRAINING_AHEAD:
            yield PaperView(t(TRAINING[due.kind]), due.due_on, soon=left >= 0, over=left < 0, due=True)

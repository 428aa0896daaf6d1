"""What engineers enter about people: technicians, certificates, shifts, on-call duty."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api.console.forms import Ask, Field, check, select
from api.console.i18n import N_, Translator
from api.console.page import attempt, say
from api.console.pages.order_actions import load_assignees
from api.console.session import Visit
from plantroom.errors import ConflictError
from plantroom.people import Roster
from plantroom.stores.records import people
from plantroom.stores.records.people import PeopleRow
from plantroom.stores.records.people_tables import CertificateRow, OnCallRow, ShiftRow, TechnicianRow
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos, from_datetime, to_datetime
from plantroom.work_orders import Role

Changed = Callable[[], Awaitable[object]]
DAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))


async def ask_technician(visit: Visit, changed: Changed) -> None:
    """Ask what a user does as a technician; one that is entered already is changed."""
    t = visit.t
    loaded = await _load(visit)
    if loaded is None:
        return
    roster, accounts = loaded
    if not accounts:
        say(t("Nobody may be given work yet; an administrator adds users."), error=True)
        return
    skills: set[str] = set()
    chosen = {"username": next(iter(accounts)), "team": ""}
    ask = Ask(t, t("Add technician"))
    with ask.body:
        _pick(t("Who"), accounts, chosen, "username")
        teams = {"": t("no team"), **{team.key: t.text(team.name) for team in roster.teams}}
        _pick(t("Team"), teams, chosen, "team")
        for skill in roster.skills:
            _tick(t.text(skill.name), skill.key, skills)
    hired = ask.add(t("Hired on (YYYY-MM-DD)"), max_length=10)

    def save(session: Session, who: Identity, now: Nanos) -> None:
        values = {
            "team": chosen["team"] or None,
            "skills": sorted(skills),
            "sites": [],
            "active": True,
            "hired_on": _date(t, hired) if hired.text else None,
        }
        row = people.find(session, TechnicianRow, chosen["username"])
        if row is None:
            named = {"username": chosen["username"], **values}
            people.add(session, TechnicianRow, named, by=who.username, now=now)
        else:
            people.change(session, row, values, by=who.username, now=now)

    _open(visit, ask, save, changed)


async def ask_certificate(visit: Visit, changed: Changed) -> None:
    """Ask for a certificate of a technician."""
    t = visit.t
    loaded = await _load(visit, needed=True)
    if loaded is None:
        return
    roster, _ = loaded
    chosen = {"technician": roster.technicians[0].username, "skill": roster.skills[0].key}
    ask = Ask(t, t("Add certificate"))
    with ask.body:
        _pick(t("Who"), _names(roster), chosen, "technician")
        _pick(t("Skill"), {item.key: t.text(item.name) for item in roster.skills}, chosen, "skill")
    name = ask.add(t("Certificate"), needed=True, max_length=300)
    number = ask.add(t("Number"), max_length=300)
    issued = ask.add(t("Issued on (YYYY-MM-DD)"), needed=True, max_length=10)
    expires = ask.add(t("Valid until (YYYY-MM-DD)"), max_length=10)

    def save(session: Session, who: Identity, now: Nanos) -> None:
        last = _date(t, expires) if expires.text else None
        if last is not None and last < _date(t, issued):
            raise ConflictError(t("it ends before it begins"))
        values = {"name": name.text, "number": number.text, "issued_on": _date(t, issued), "expires_on": last}
        people.add(session, CertificateRow, chosen | values, by=who.username, now=now)

    _open(visit, ask, save, changed)


async def ask_shift(visit: Visit, changed: Changed) -> None:
    """Ask for hours that repeat by weekday."""
    t = visit.t
    loaded = await _load(visit, needed=True)
    if loaded is None:
        return
    roster, _ = loaded
    days: set[int] = set()
    chosen = {"technician": roster.technicians[0].username}
    ask = Ask(
        t, t("Add shift"), t("Local times of the team. One that ends before it starts ends the next day.")
    )
    with ask.body:
        _pick(t("Who"), _names(roster), chosen, "technician")
        for day, word in enumerate(DAYS):
            _tick(t(word), day, days)
    start = ask.add(t("From (HH:MM)"), value="08:00", needed=True, max_length=5)
    end = ask.add(t("To (HH:MM)"), value="17:00", needed=True, max_length=5)
    today = to_datetime(visit.now(), visit.common_zone()).date().isoformat()
    first = ask.add(t("First day (YYYY-MM-DD)"), value=today, needed=True, max_length=10)

    def save(session: Session, who: Identity, now: Nanos) -> None:
        if not days:
            raise ConflictError(t("tick the days of the week"))
        hours = {"start": _time(t, start), "end": _time(t, end), "first": _date(t, first), "last": None}
        values: dict[str, Any] = {**chosen, **hours, "days": sorted(days)}
        people.add(session, ShiftRow, values, by=who.username, now=now)

    _open(visit, ask, save, changed)


async def ask_duty(visit: Visit, changed: Changed) -> None:
    """Ask from when to when somebody answers for a team."""
    t = visit.t
    loaded = await _load(visit, needed=True)
    if loaded is None:
        return
    roster, _ = loaded
    teams = {team.key: t.text(team.name) for team in roster.teams}
    chosen = {"technician": roster.technicians[0].username, "team": next(iter(teams)), "rank": "1"}
    ask = Ask(t, t("Add on-call duty"), t("Local times of the team."))
    with ask.body:
        _pick(t("Team"), teams, chosen, "team")
        _pick(t("Who"), _names(roster), chosen, "technician")
        _pick(t("Called"), {"1": t("first"), "2": t("second"), "3": t("third")}, chosen, "rank")
    starts = ask.add(t("From (YYYY-MM-DD HH:MM)"), needed=True, max_length=16)
    ends = ask.add(t("To (YYYY-MM-DD HH:MM)"), needed=True, max_length=16)

    def save(session: Session, who: Identity, now: Nanos) -> None:
        team = roster.team(chosen["team"])
        zone = team.zone if team is not None else visit.common_zone()
        times = {"starts_at": _instant(t, starts, zone), "ends_at": _instant(t, ends, zone)}
        if times["ends_at"] <= times["starts_at"]:
            raise ConflictError(t("it ends before it begins"))
        values: dict[str, Any] = {**chosen, **times, "rank": int(chosen["rank"])}
        people.add(session, OnCallRow, values, by=who.username, now=now)

    _open(visit, ask, save, changed)


async def _load(visit: Visit, *, needed: bool = False) -> tuple[Roster, dict[str, str]] | None:
    """Everybody, and who may be given work; None, said, where that failed or technicians are `needed`."""
    found: list[tuple[Roster, dict[str, str]]] = []

    async def load() -> None:
        found.append(await visit.read(lambda session: (people.load_roster(session), load_assignees(session))))

    if not await attempt(visit, load(), ""):
        return None
    roster = found[0][0]
    if needed and not (roster.technicians and roster.skills and roster.teams):
        say(visit.t("Add a technician first."), error=True)
        return None
    return found[0]


def _open(
    visit: Visit, ask: Ask, save: Callable[[Session, Identity, Nanos], PeopleRow | None], changed: Changed
) -> None:
    async def go() -> bool:
        done = await attempt(visit, visit.change(Role.ENGINEER, save), visit.t("Done."))
        await changed()
        return done

    ask.open(visit.t("Save"), go)


def _names(roster: Roster) -> Mapping[str, str]:
    return {item.username: item.name for item in roster.technicians if item.active}


def _pick(label: str, options: Mapping[str, str], chosen: dict[str, str], name: str) -> None:
    select(label, options, chosen[name], lambda value: chosen.update({name: value}))


def _tick(label: str, key: Any, ticked: set[Any]) -> None:
    check(
        label,
        value=key in ticked,
        on_change=lambda on: ticked.add(key) if on else ticked.discard(key),
        shown=label,
    )


def _date(t: Translator, field: Field) -> date:
    try:
        return date.fromisoformat(field.text)
    except ValueError:
        raise ConflictError(t("{text} is not a date; write 2026-03-01", text=field.text)) from None


def _time(t: Translator, field: Field) -> str:
    try:
        return f"{datetime.strptime(field.text, '%H:%M'):%H:%M}"  # noqa: DTZ007 - a time of day has no zone
    except ValueError:
        raise ConflictError(t("{text} is not a time; write 08:00", text=field.text)) from None


def _instant(t: Translator, field: Field, zone: ZoneInfo) -> Nanos:
    try:
        local = datetime.strptime(field.text, "%Y-%m-%d %H:%M").replace(tzinfo=zone)
    except ValueError:
        raise ConflictError(t("{text} is not a time; write 2026-03-01 17:00", text=field.text)) from None
    return from_datetime(local)

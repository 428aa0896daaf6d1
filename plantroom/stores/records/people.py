"""People in the database: changed one by one with who and what in the audit log, read whole as a roster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, time
from typing import Any, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from plantroom.assignment import Load
from plantroom.errors import ConflictError, NotFoundError
from plantroom.model import Text
from plantroom.people import (
    DEFAULT_SKILLS,
    DEFAULT_TEAMS,
    Certificate,
    OnCallDuty,
    Roster,
    Shift,
    ShiftException,
    Skill,
    Team,
    Technician,
    Training,
    TrainingKind,
)
from plantroom.stores.records import locks
from plantroom.stores.records.people_tables import (
    CertificateRow,
    OnCallRow,
    ShiftExceptionRow,
    ShiftRow,
    SkillRow,
    TeamRow,
    TechnicianRow,
    TrainingRow,
)
from plantroom.stores.records.property import load_sites
from plantroom.stores.records.tables import UserRow, WorkOrderRow
from plantroom.stores.records.users import audit
from plantroom.times import Nanos
from plantroom.work_orders import OPEN_STATES, Role

PeopleRow: TypeAlias = (
    SkillRow
    | TeamRow
    | TechnicianRow
    | CertificateRow
    | ShiftRow
    | ShiftExceptionRow
    | OnCallRow
    | TrainingRow
)
Row = TypeVar("Row", bound=PeopleRow)
_WORD: Mapping[type, str] = {
    SkillRow: "skill",
    TeamRow: "team",
    TechnicianRow: "technician",
    CertificateRow: "certificate",
    ShiftRow: "shift",
    ShiftExceptionRow: "shift exception",
    OnCallRow: "on-call duty",
    TrainingRow: "training",
}


def find(session: Session, table: type[Row], key: str | int) -> Row | None:
    """The row, locked for the rest of the transaction where the database can."""
    return session.get(table, key, with_for_update=True, populate_existing=True)


def get(session: Session, table: type[Row], key: str | int) -> Row:
    """The row, as `find`.

    Raises: NotFoundError.
    """
    row = find(session, table, key)
    if row is None:
        raise NotFoundError(f"no {_WORD[table]} {key!r}")
    return row


def add(session: Session, table: type[Row], values: Mapping[str, Any], *, by: str, now: Nanos) -> Row:
    """The new row.

    Raises: ConflictError where it names what is not there.
    """
    _check(session, values)
    row = table(**values, version=1)
    session.add(row)
    session.flush()
    _audit(session, row, "add", by=by, now=now, after=values_of(row))
    return row


def change(session: Session, row: PeopleRow, values: Mapping[str, Any], *, by: str, now: Nanos) -> None:
    """Give the row these values; the audit log has what was and what is.

    Raises: ConflictError where it names what is not there.
    """
    _check(session, values)
    before = values_of(row)
    for name, value in values.items():
        setattr(row, name, value)
    after = values_of(row)
    changed = [name for name in after if after[name] != before[name]]
    if not changed:
        return
    row.version += 1
    session.flush()
    was, now_is = {name: before[name] for name in changed}, {name: after[name] for name in changed}
    _audit(session, row, "change", by=by, now=now, before=was, after=now_is)


def remove(session: Session, row: PeopleRow, *, by: str, now: Nanos) -> None:
    """Take the row out; the audit log keeps what it was.

    Raises: ConflictError where others name it.
    """
    if isinstance(row, TeamRow):
        if session.scalar(select(TechnicianRow.username).where(TechnicianRow.team == row.key).limit(1)):
            raise ConflictError(f"the team {row.key!r} has technicians; move them first")
        if session.scalar(select(OnCallRow.id).where(OnCallRow.team == row.key).limit(1)):
            raise ConflictError(f"the team {row.key!r} is on the on-call roster; take it out first")
    _audit(session, row, "remove", by=by, now=now, before=values_of(row))
    session.delete(row)
    session.flush()


def values_of(row: PeopleRow) -> dict[str, Any]:
    """The row's columns but for its version, as JSON can hold them."""
    columns = (column.key for column in row.__table__.columns if column.key != "version")
    found = {name: getattr(row, name) for name in columns}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in found.items()}


def _audit(session: Session, row: PeopleRow, what: str, *, by: str, now: Nanos, **detail: object) -> None:
    word = _WORD[type(row)].replace(" ", "_").replace("-", "_")
    key = getattr(row, "id", None) or getattr(row, "key", None) or getattr(row, "username", "")
    audit(session, f"{word}.{what}", f"{_WORD[type(row)]} {key}", by=by, now=now, **detail)


def _check(session: Session, values: Mapping[str, Any]) -> None:
    technician, team = values.get("technician"), values.get("team")
    if technician is not None and session.get(TechnicianRow, technician) is None:
        raise ConflictError(f"there is no technician {technician!r}")
    if team is not None and session.get(TeamRow, team) is None:
        raise ConflictError(f"there is no team {team!r}")
    for name in ("lead", "username"):
        if values.get(name) is not None:
            _check_user(session, values[name])
    wanted = {*values.get("skills", ()), *([values["skill"]] if "skill" in values else [])}
    known = set(session.scalars(select(SkillRow.key).where(SkillRow.key.in_(wanted)))) if wanted else set()
    if wanted - known:
        raise ConflictError(f"there is no skill {min(wanted - known)!r}")
    sites = {site.key for site in load_sites(session)} if values.get("sites") else set()
    if set(values.get("sites", ())) - sites:
        raise ConflictError(f"there is no site {min(set(values['sites']) - sites)!r}")


def _check_user(session: Session, username: str) -> None:
    row = session.scalar(select(UserRow).where(UserRow.username == username))
    if row is None:
        raise ConflictError(f"there is no user {username!r}")
    if Role(row.role) < Role.TECHNICIAN:
        raise ConflictError(f"{username!r} is a {row.role}, who cannot be given work")


def seed(session: Session) -> int:
    """How many skills and teams a property that has neither begins with."""
    locks.hold(session, locks.PROPERTY)  # of several processes that start only one begins
    if session.scalar(select(SkillRow.key).limit(1)) or session.scalar(select(TeamRow.key).limit(1)):
        return 0
    rows: list[PeopleRow] = [
        SkillRow(
            key=item.key, name_en=item.name.en, name_zh=item.name.zh, certificate=item.certificate, version=1
        )
        for item in DEFAULT_SKILLS
    ]
    rows += [
        TeamRow(
            key=item.key, name_en=item.name.en, name_zh=item.name.zh, skills=sorted(item.skills), version=1
        )
        for item in DEFAULT_TEAMS
    ]
    session.add_all(rows)
    session.flush()
    return len(rows)


def load_roster(session: Session) -> Roster:
    """Everybody, and when they are there. A technician whose account is closed is not active."""
    sites = load_sites(session)
    zone = sites[0].zone if sites else "UTC"
    accounts = {row.username: row for row in session.scalars(select(UserRow))}
    return Roster(
        teams=tuple(to_team(row, zone) for row in session.scalars(select(TeamRow).order_by(TeamRow.key))),
        technicians=tuple(
            _technician(row, accounts[row.username])
            for row in session.scalars(select(TechnicianRow).order_by(TechnicianRow.username))
        ),
        certificates=tuple(to_certificate(row) for row in session.scalars(select(CertificateRow))),
        shifts=tuple(_shift(row) for row in session.scalars(select(ShiftRow))),
        exceptions=tuple(_exception(row) for row in session.scalars(select(ShiftExceptionRow))),
        duties=tuple(
            OnCallDuty(row.team, row.technician, row.starts_at, row.ends_at, row.rank)
            for row in session.scalars(select(OnCallRow))
        ),
        skills=tuple(
            Skill(row.key, Text(row.name_en, row.name_zh), row.certificate)
            for row in session.scalars(select(SkillRow).order_by(SkillRow.key))
        ),
    )


def load_training(session: Session) -> tuple[Training, ...]:
    """Every training and drill that was taken."""
    return tuple(
        Training(row.technician, TrainingKind(row.kind), row.held_on, row.passed)
        for row in session.scalars(select(TrainingRow))
    )


def load_holders(session: Session) -> dict[Role, tuple[str, ...]]:
    """Role -> the usernames of those who have it and may sign in."""
    found: dict[Role, list[str]] = defaultdict(list)
    for row in session.scalars(select(UserRow).where(UserRow.active).order_by(UserRow.username)):
        found[Role(row.role)].append(row.username)
    return {role: tuple(names) for role, names in found.items()}


def load_loads(session: Session) -> dict[str, Load]:
    """Username -> what they have to do already."""
    urgent = func.sum(case((WorkOrderRow.priority <= 2, 1), else_=0))
    rows = session.execute(
        select(WorkOrderRow.assignee, func.count(), urgent)
        .where(WorkOrderRow.assignee.is_not(None), WorkOrderRow.state.in_([s.value for s in OPEN_STATES]))
        .group_by(WorkOrderRow.assignee)
    )
    return {str(name): Load(count, int(pressing)) for name, count, pressing in rows}


def to_team(row: TeamRow, zone: str) -> Team:
    """The row as a team; `zone` is its zone where it has none of its own."""
    name = Text(row.name_en, row.name_zh)
    return Team(row.key, name, frozenset(row.skills), ZoneInfo(row.zone or zone), row.lead)


def to_certificate(row: CertificateRow) -> Certificate:
    """The row as a certificate."""
    return Certificate(row.technician, row.skill, row.name, row.issued_on, row.expires_on, row.id)


def _technician(row: TechnicianRow, account: UserRow) -> Technician:
    return Technician(
        username=row.username,
        name=account.name,
        team=row.team,
        skills=frozenset(row.skills),
        sites=frozenset(row.sites),
        active=row.active and account.active,
        hired_on=row.hired_on,
    )


def _shift(row: ShiftRow) -> Shift:
    return Shift(
        row.technician,
        frozenset(row.days),
        time.fromisoformat(row.start),
        time.fromisoformat(row.end),
        row.first,
        row.last,
    )


def _exception(row: ShiftExceptionRow) -> ShiftException:
    start = None if row.start is None else time.fromisoformat(row.start)
    end = None if row.end is None else time.fromisoformat(row.end)
    return ShiftException(row.technician, row.day, start, end, row.reason)

"""People in the database: every change audited, nothing left hanging, certificates told of in time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from plantroom.errors import ConflictError, NotFoundError
from plantroom.stores.records import Database, certificates, people, users
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
from plantroom.stores.records.tables import AuditRow, OutboxRow
from plantroom.times import DAY, HOUR
from plantroom.work_orders import Role
from tests.plantroom.records.kit import START

BY = {"by": "eng", "now": START}
CHEN = {
    "username": "chen",
    "team": "elevator",
    "skills": ["elevator"],
    "sites": ["north"],
    "active": True,
    "hired_on": date(2026, 1, 1),
}
CARD = {
    "technician": "chen",
    "skill": "elevator",
    "name": "T",
    "number": "123",
    "issued_on": date(2024, 4, 1),
    "expires_on": date(2026, 3, 31),
}


@pytest.fixture
def staffed(database: Database) -> Database:
    with database.transaction() as session:
        assert people.seed(session) == 17
        assert people.seed(session) == 0
        for name, role in (("chen", Role.TECHNICIAN), ("guest", Role.VIEWER)):
            users.create_user(
                session, name, role, now=START, by="test", password="long enough for all", name="陈"
            )
        people.add(session, TechnicianRow, CHEN, **BY)
        people.add(session, CertificateRow, CARD, **BY)
    return database


def test_the_roster_is_what_was_entered(staffed: Database) -> None:
    hours = {"technician": "chen", "start": "08:00", "end": "17:00"}
    with staffed.transaction() as session:
        days = {"days": [6], "first": date(2026, 1, 1), "last": None}
        people.add(session, ShiftRow, hours | days, **BY)
        other = {"day": date(2026, 3, 8), "reason": "swap", "start": None, "end": None}
        people.add(session, ShiftExceptionRow, hours | other, **BY)
        duty = {
            "team": "elevator",
            "technician": "chen",
            "starts_at": START,
            "ends_at": START + DAY,
            "rank": 1,
        }
        people.add(session, OnCallRow, duty, **BY)
    with staffed.session() as session:
        roster = people.load_roster(session)
    chen = roster.technician("chen")
    assert chen is not None
    assert (chen.name, chen.team, chen.sites, chen.active) == ("陈", "elevator", frozenset({"north"}), True)
    # the tests' first site is in Asia/Shanghai: START is 16:00 on a Sunday there
    assert roster.zone_of("chen").key == "Asia/Shanghai"
    assert [item.username for item in roster.on_shift(START)] == ["chen"]
    assert roster.on_shift(START + 2 * HOUR) == ()
    assert roster.on_shift(START + 7 * DAY) == ()  # swapped
    assert roster.on_call("elevator", START) == ("chen",)
    assert roster.needs_certificate("elevator")


def test_who_cannot_sign_in_any_more_is_not_there(staffed: Database) -> None:
    with staffed.transaction() as session:
        users.update_user(session, "chen", now=START, by="root", active=False)
        found = people.load_roster(session).technician("chen")
        assert found is not None
        assert not found.active
        assert "chen" not in people.load_holders(session).get(Role.TECHNICIAN, ())


def test_every_change_is_audited_with_before_and_after(staffed: Database) -> None:
    with staffed.transaction() as session:
        row = people.get(session, CertificateRow, 1)
        people.change(session, row, CARD | {"expires_on": date(2028, 3, 31)}, **BY)
        assert row.version == 2
        people.change(session, row, CARD | {"expires_on": date(2028, 3, 31)}, **BY)
        assert row.version == 2  # nothing changed
        people.remove(session, row, **BY)
        lines = session.scalars(
            select(AuditRow).where(AuditRow.subject == "certificate 1").order_by(AuditRow.id)
        )
        found = [(line.action, line.by, line.detail) for line in lines]
    assert [action for action, _, _ in found] == [
        "certificate.add",
        "certificate.change",
        "certificate.remove",
    ]
    assert found[1][1:] == (
        "eng",
        {"before": {"expires_on": "2026-03-31"}, "after": {"expires_on": "2028-03-31"}},
    )
    assert found[2][2]["before"]["number"] == "123"


WRONG: list[tuple[type[Any], dict[str, Any], str]] = [
    (TechnicianRow, CHEN | {"username": "nobody"}, "no user 'nobody'"),
    (TechnicianRow, CHEN | {"username": "guest"}, "'guest' is a viewer"),
    (TechnicianRow, CHEN | {"team": "jugglers"}, "no team 'jugglers'"),
    (TechnicianRow, CHEN | {"skills": ["hvac", "juggling"]}, "no skill 'juggling'"),
    (TechnicianRow, CHEN | {"sites": ["moon"]}, "no site 'moon'"),
    (CertificateRow, CARD | {"technician": "guest"}, "no technician 'guest'"),
    (CertificateRow, CARD | {"skill": "juggling"}, "no skill 'juggling'"),
    (TeamRow, {"key": "x", "name_en": "x", "name_zh": "x", "skills": [], "lead": "nobody"}, "no user"),
]


@pytest.mark.parametrize(("table", "values", "message"), WRONG, ids=[case[2] for case in WRONG])
def test_what_is_not_there_is_not_named(
    staffed: Database, table: type[Any], values: dict[str, Any], message: str
) -> None:
    with staffed.transaction() as session, pytest.raises(ConflictError, match=message):
        people.add(session, table, values, **BY)


def test_a_team_with_people_stays(staffed: Database) -> None:
    with staffed.transaction() as session:
        with pytest.raises(ConflictError, match="has technicians"):
            people.remove(session, people.get(session, TeamRow, "elevator"), **BY)
        people.remove(session, people.get(session, TeamRow, "hvac"), **BY)
        with pytest.raises(NotFoundError, match="no team 'hvac'"):
            people.get(session, TeamRow, "hvac")


def test_trainings_are_read_back(staffed: Database) -> None:
    values = {
        "technician": "chen",
        "kind": "drill",
        "title": "Fire",
        "held_on": date(2026, 2, 1),
        "passed": True,
    }
    with staffed.transaction() as session:
        people.add(session, TrainingRow, values | {"note": ""}, **BY)
        (found,) = people.load_training(session)
    assert (found.technician, found.kind, found.passed) == ("chen", "drill", True)


def warned(database: Database, day: date) -> list[int]:
    """The days left in the warnings told on that day."""
    now = START + (day - date(2026, 3, 1)).days * DAY
    with database.transaction() as session:
        before = set(session.scalars(select(OutboxRow.id)))
        count = certificates.warn(session, people.load_roster(session), now)
        new = [row for row in session.scalars(select(OutboxRow)) if row.id not in before]
    assert count == len(new)
    return [row.payload["days"] for row in new]


def test_each_stage_of_a_certificate_is_told_once(staffed: Database) -> None:
    last = date(2026, 3, 31)
    found = {
        left: warned(staffed, last - timedelta(days=left)) for left in (61, 60, 45, 30, 29, 7, 6, 0, -1, -5)
    }
    assert found == {61: [], 60: [60], 45: [], 30: [30], 29: [], 7: [7], 6: [], 0: [], -1: [-1], -5: []}


def test_a_certificate_that_was_renewed_is_not_told_of(staffed: Database) -> None:
    with staffed.transaction() as session:
        renewed = CARD | {"issued_on": date(2026, 3, 1), "expires_on": date(2030, 3, 1)}
        people.add(session, CertificateRow, renewed, **BY)
    assert warned(staffed, date(2026, 3, 30)) == []


def test_skills_are_kept_in_order_of_their_keys(staffed: Database) -> None:
    with staffed.session() as session:
        keys = [item.key for item in people.load_roster(session).skills]
        assert keys == sorted(session.scalars(select(SkillRow.key)))

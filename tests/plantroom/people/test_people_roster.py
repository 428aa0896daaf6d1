"""Who is there, who is called, who may, and what runs out."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from plantroom.model import Text
from plantroom.people import (
    DEFAULT_SKILLS,
    DEFAULT_TEAMS,
    Certificate,
    OnCallDuty,
    Roster,
    Shift,
    ShiftException,
    Team,
    Technician,
    Training,
    TrainingKind,
    training_due,
    warning_stage,
)
from plantroom.times import HOUR, Nanos, from_datetime

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = frozenset(range(5))


def at(text: str) -> Nanos:
    return from_datetime(datetime.fromisoformat(f"2026-{text}").replace(tzinfo=BERLIN))


ROSTER = Roster(
    teams=(
        Team("elevator", Text("Elevators", "电梯"), frozenset({"elevator"}), BERLIN, "lin"),
        Team("hvac", Text("HVAC", "空调"), frozenset({"hvac"}), BERLIN),
    ),
    technicians=(
        Technician("chen", "Chen", "elevator", frozenset({"elevator"})),
        Technician("wu", "Wu", "elevator", frozenset({"elevator", "hvac"})),
        Technician("gone", "Gone", "elevator", frozenset({"elevator"}), active=False),
    ),
    certificates=(
        Certificate("chen", "elevator", "T", date(2024, 3, 1), date(2026, 3, 10), id=1),
        Certificate("chen", "elevator", "T", date(2026, 4, 1), date(2028, 3, 31), id=2),
        Certificate("gone", "elevator", "T", date(2024, 3, 1), None, id=3),
    ),
    shifts=(
        Shift("chen", WEEK, time(8), time(17), date(2026, 1, 1)),
        Shift("wu", frozenset(range(7)), time(22), time(6), date(2026, 1, 1), date(2026, 11, 30)),
        Shift("gone", WEEK, time(8), time(17), date(2026, 1, 1)),
    ),
    exceptions=(
        ShiftException("chen", date(2026, 3, 4), reason="leave"),
        ShiftException("chen", date(2026, 3, 5), time(12), time(20)),
    ),
    duties=(
        OnCallDuty("elevator", "wu", at("03-06T17:00"), at("03-09T08:00"), rank=2),
        OnCallDuty("elevator", "chen", at("03-06T17:00"), at("03-09T08:00")),
        OnCallDuty("elevator", "gone", at("03-06T17:00"), at("03-09T08:00")),
    ),
    skills=DEFAULT_SKILLS,
)

# 2026-03-02 is a Monday
ON_SHIFT = [
    ("03-02T07:59", []),
    ("03-02T08:00", ["chen"]),
    ("03-02T16:59", ["chen"]),
    ("03-02T17:00", []),
    ("03-02T22:00", ["wu"]),
    ("03-03T05:59", ["wu"]),
    ("03-03T06:00", []),
    ("03-04T10:00", []),  # leave
    ("03-05T10:00", []),  # later that day
    ("03-05T19:00", ["chen"]),
    ("03-07T10:00", []),  # Saturday
    ("12-01T05:00", ["wu"]),  # the last night began on 11-30
    ("12-01T22:00", []),
]


@pytest.mark.parametrize(("when", "names"), ON_SHIFT)
def test_who_is_on_shift(when: str, names: list[str]) -> None:
    assert [item.username for item in ROSTER.on_shift(at(when))] == names
    assert [item.username for item in ROSTER.on_shift(at(when), "elevator")] == names
    assert ROSTER.on_shift(at(when), "hvac") == ()


@pytest.mark.parametrize(("day", "hours"), [("2026-03-27", 8), ("2026-03-28", 7), ("2026-10-24", 9)])
def test_a_night_shift_is_as_long_as_the_night(day: str, hours: int) -> None:
    ((start, end),) = ROSTER.shifts_on("wu", date.fromisoformat(day))
    assert end - start == hours * HOUR


def test_who_is_on_call() -> None:
    assert ROSTER.on_call("elevator", at("03-06T16:59")) == ()
    assert ROSTER.on_call("elevator", at("03-06T17:00")) == ("chen", "wu")
    assert ROSTER.on_call("elevator", at("03-09T08:00")) == ()
    assert ROSTER.on_call("hvac", at("03-07T08:00")) == ()


@pytest.mark.parametrize(
    ("day", "names"),
    [("2026-03-10", ["chen"]), ("2026-03-11", []), ("2026-03-31", []), ("2026-04-01", ["chen"])],
)
def test_whose_certificate_counts(day: str, names: list[str]) -> None:
    when = date.fromisoformat(day)
    assert [item.username for item in ROSTER.qualified("elevator", when)] == names
    assert (ROSTER.certificate_for("chen", "elevator", when) is not None) is bool(names)
    assert [item.username for item in ROSTER.qualified("hvac", when)] == ["wu"]  # takes none


def test_skills_go_to_the_team_that_has_them() -> None:
    shipped = Roster(teams=DEFAULT_TEAMS, skills=DEFAULT_SKILLS)
    found = {skill: team.key for skill in ("lighting", "water", "hvac") if (team := shipped.team_for(skill))}
    assert found == {"lighting": "electrical", "water": "water", "hvac": "hvac"}
    assert shipped.team_for("juggling") is None
    assert shipped.skill_name("juggling") == Text("juggling", "juggling")
    assert shipped.skill_name("hvac").zh == "空调维修"


@pytest.mark.parametrize(
    ("today", "stage"),
    [
        ("2026-01-08", None),
        ("2026-01-09", 60),
        ("2026-02-07", 60),
        ("2026-02-08", 30),
        ("2026-03-03", 7),
        ("2026-03-10", 7),
        ("2026-03-11", 0),
    ],
)
def test_certificates_warn_before_they_end(today: str, stage: int | None) -> None:
    assert warning_stage(ROSTER.certificates[0], date.fromisoformat(today)) == stage
    assert warning_stage(ROSTER.certificates[2], date.fromisoformat(today)) is None


def test_trainings_are_due() -> None:
    hired = Technician("new", "New", "hvac", hired_on=date(2026, 1, 1))

    def due(*records: Training) -> dict[str, str]:
        return {item.kind.value: item.due_on.isoformat() for item in training_due(hired, records)}

    assert due() == {"induction": "2026-01-08", "quarterly": "2026-04-03", "drill": "2027-01-02"}
    failed = Training("new", TrainingKind.INDUCTION, date(2026, 1, 5), passed=False)
    passed = Training("new", TrainingKind.INDUCTION, date(2026, 1, 6), passed=True)
    other = Training("other", TrainingKind.INDUCTION, date(2026, 1, 6), passed=True)
    assert "induction" in due(failed, other)
    assert "induction" not in due(failed, passed)
    trained = Training("new", TrainingKind.QUARTERLY, date(2026, 3, 1), passed=True)
    assert due(trained)["quarterly"] == "2026-06-01"
    assert training_due(Technician("old", "Old", "hvac"), []) == ()

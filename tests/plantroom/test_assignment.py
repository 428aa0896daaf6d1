"""Who is proposed for an order, in which order, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantroom.assignment import Load, Work, propose
from plantroom.people import (
    DEFAULT_SKILLS,
    DEFAULT_TEAMS,
    Certificate,
    OnCallDuty,
    Roster,
    Shift,
    ShiftException,
    Technician,
)
from plantroom.times import DAY, from_datetime

NOW = from_datetime(datetime(2026, 3, 2, 10, tzinfo=ZoneInfo("UTC")))  # a Monday
TODAY = date(2026, 3, 2)
WORK = Work("elevator", "north", priority=2)
SKILL = frozenset({"elevator"})
BEST = Technician("best", "Best", "elevator", SKILL)
ALWAYS = Shift("best", frozenset(range(7)), time(8), time(18), date(2026, 1, 1))
CARD = Certificate("best", "elevator", "T", date(2025, 1, 1), date(2027, 1, 1))


def roster(*others: Technician, best: Technician = BEST, **given: object) -> Roster:
    known: dict[str, object] = {
        "teams": DEFAULT_TEAMS,
        "skills": DEFAULT_SKILLS,
        "technicians": (best, *others),
        "certificates": (CARD, *(replace(CARD, technician=item.username) for item in others)),
        "shifts": (ALWAYS, *(replace(ALWAYS, technician=item.username) for item in others)),
    }
    return Roster(**(known | given))  # type: ignore[arg-type]


def test_the_reasons_are_said_in_both_languages() -> None:
    (found,) = propose(WORK, roster(), {"best": Load(2, 1)}, NOW)
    assert (found.username, found.fit, found.rank) == ("best", True, 1)
    assert [reason.en for reason in found.reasons] == [
        "has the skill Elevator repair",
        "certificate valid until 2027-01-01",
        "of the Elevator repair team",
        "on shift until 18:00",
        "2 open orders, 1 urgent",
    ]
    assert [reason.zh for reason in found.reasons] == [
        "具备技能：电梯维修",
        "证书有效期至 2027-01-01",
        "属于電梯維修",
        "当班至 18:00",
        "2 个未完成工单，其中 1 个紧急",
    ]


LACKS = [
    ("skill", {"best": replace(BEST, skills=frozenset({"hvac"}))}, "lacks the skill Elevator repair"),
    ("site", {"best": replace(BEST, sites=frozenset({"south"}))}, "does not work at north"),
    ("certificate", {"certificates": ()}, "no certificate for Elevator repair"),
    (
        "certificate in time",
        {"certificates": (replace(CARD, expires_on=date(2026, 3, 1)),)},
        "certificate ended on 2026-03-01",
    ),
    (
        "certificate yet",
        {"certificates": (replace(CARD, issued_on=date(2026, 3, 3)),)},
        "no certificate for Elevator repair",
    ),
]


@pytest.mark.parametrize(("given", "reason"), [case[1:] for case in LACKS], ids=[case[0] for case in LACKS])
def test_who_may_not_do_it_is_told_why(given: dict[str, object], reason: str) -> None:
    (found,) = propose(WORK, roster(**given), {}, NOW)  # type: ignore[arg-type]
    assert not found.fit
    assert found.reasons[0].en == reason


def test_who_has_left_is_not_proposed() -> None:
    assert propose(WORK, roster(best=replace(BEST, active=False)), {}, NOW) == ()


AWAY = ShiftException("best", TODAY)
OTHER = replace(BEST, username="other", name="Other")
BETTER = [
    ("on shift before away", roster(OTHER, exceptions=(AWAY,)), {}, "not on shift"),
    (
        "on shift before on call",
        roster(OTHER, exceptions=(AWAY,), duties=(OnCallDuty("elevator", "best", NOW, NOW + DAY),)),
        {},
        "on call",
    ),
    (
        "on shift before hours not known",
        roster(OTHER, shifts=(replace(ALWAYS, technician="other"),)),
        {},
        "working hours not known",
    ),
    ("the skill's team before others", roster(OTHER, best=replace(BEST, team="hvac")), {}, "on shift"),
    ("fewer urgent orders first", roster(OTHER), {"best": Load(1, 1), "other": Load(5, 0)}, "1 urgent"),
    ("fewer orders first", roster(OTHER), {"best": Load(2), "other": Load(1)}, "2 open orders"),
    (
        "who may before who is there",
        roster(
            OTHER,
            certificates=(replace(CARD, technician="other"),),
            exceptions=(replace(AWAY, technician="other"),),
        ),
        {},
        "no certificate",
    ),
]


@pytest.mark.parametrize(
    ("people", "loads", "says"), [case[1:] for case in BETTER], ids=[case[0] for case in BETTER]
)
def test_the_other_comes_first(people: Roster, loads: dict[str, Load], says: str) -> None:
    first, second = propose(WORK, people, loads, NOW)
    assert (first.username, second.username) == ("other", "best")
    assert any(says in reason.en for reason in second.reasons)


@settings(max_examples=60, deadline=None)
@given(
    names=st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=2),
    order=st.randoms(use_true_random=False),
)
def test_equals_come_by_name_whatever_order_they_are_kept_in(names: list[str], order: object) -> None:
    people = [replace(BEST, username=name, name=name) for name in names]
    order.shuffle(people)  # type: ignore[attr-defined]
    found = propose(WORK, roster(*people[1:], best=people[0], certificates=(), shifts=()), {}, NOW)
    assert [item.username for item in found] == sorted(names)
    assert [item.rank for item in found] == list(range(1, len(names) + 1))


def test_as_many_as_are_asked_for() -> None:
    assert [item.username for item in propose(WORK, roster(OTHER), {}, NOW, limit=1)] == ["best"]

"""Who hears of a warning or a breach, and when: each step once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantroom.model import Text
from plantroom.people import OnCallDuty, Roster, Team, Technician
from plantroom.service_levels import (
    ClockKind,
    LogEntry,
    OrderAtHand,
    OrderFacts,
    Origin,
    default_policy,
    due_steps,
    replay,
)
from plantroom.service_levels.escalation import next_step
from plantroom.times import DAY, HOUR, MINUTE, Nanos
from plantroom.work_orders import OrderKind, Role

OPENED: Nanos = 1_000 * DAY
CHAIN = default_policy().escalation
ORDER = OrderAtHand(priority=3, team="hvac", assignee="chen")
ROSTER = Roster(
    teams=(Team("hvac", Text("HVAC", "空调"), lead="lin"),),
    technicians=(Technician("chen", "Chen", "hvac"), Technician("wu", "Wu", "hvac")),
    duties=(OnCallDuty("hvac", "wu", OPENED, OPENED + DAY),),
)
HOLDERS = {Role.ENGINEER: ("eng",), Role.ADMIN: ("root",)}
FACTS = OrderFacts(OrderKind.CORRECTIVE, Origin.RULE, priority=3)


def steps(
    after: Nanos,
    *,
    log: tuple[LogEntry, ...] = (),
    order: OrderAtHand = ORDER,
    roster: Roster = ROSTER,
    done: frozenset[str] = frozenset(),
) -> dict[str, tuple[str, ...]]:
    now = OPENED + after
    facts = replace(FACTS, priority=order.priority)
    clocks = replay(default_policy(), facts, [LogEntry(OPENED, "open"), *log], now)
    found = due_steps(CHAIN, order, clocks, roster=roster, holders=HOLDERS, now=now, done=done)
    return {step.key: step.people for step in found if step.clock is ClockKind.RESOLUTION}


TAKEN = LogEntry(OPENED + MINUTE, "assign")
TABLE = [
    (2 * HOUR, {}),
    (2 * HOUR + 16 * MINUTE, {"resolution:warning:remind": ("chen", "wu")}),
    (
        3 * HOUR + MINUTE,
        {"resolution:warning:remind": ("chen", "wu"), "resolution:breach:lead": ("chen", "wu", "lin")},
    ),
]


@pytest.mark.parametrize(("after", "expected"), TABLE)
def test_steps_as_time_goes_by(after: Nanos, expected: dict[str, tuple[str, ...]]) -> None:
    assert steps(after, log=(TAKEN,)) == expected


def test_later_steps_wait_their_time_and_depend_on_priority() -> None:
    done = frozenset({"resolution:warning:remind", "resolution:breach:lead"})
    assert steps(6 * HOUR, log=(TAKEN,), done=done) == {}
    assert steps(7 * HOUR, log=(TAKEN,), done=done) == {"resolution:breach:engineers": ("eng",)}
    urgent = replace(ORDER, priority=2)
    assert steps(3 * HOUR + 30 * MINUTE, log=(TAKEN,), order=urgent, done=done) == {
        "resolution:breach:engineers": ("eng",)
    }
    assert steps(27 * HOUR, log=(TAKEN,), done=done) == {
        "resolution:breach:engineers": ("eng",),
        "resolution:breach:management": ("root",),
    }


def test_who_is_not_there_is_not_told_and_somebody_always_is() -> None:
    alone = replace(ORDER, assignee=None, team=None)
    assert steps(2 * HOUR + 16 * MINUTE, log=(TAKEN,), order=alone) == {
        "resolution:warning:remind": ("root",)
    }
    nobody_on_call = replace(ROSTER, duties=())
    assert steps(2 * HOUR + 16 * MINUTE, log=(TAKEN,), roster=nobody_on_call) == {
        "resolution:warning:remind": ("chen",)
    }


def test_nothing_comes_after_the_order_is_done_or_ended() -> None:
    complete = LogEntry(OPENED + 4 * HOUR, "complete")
    late = steps(30 * HOUR, log=(TAKEN, complete))
    assert set(late) == {"resolution:warning:remind", "resolution:breach:lead"}
    assert steps(30 * HOUR, log=(TAKEN, complete), order=replace(ORDER, open=False)) == {}
    cancel = LogEntry(OPENED + HOUR, "cancel")
    assert steps(30 * HOUR, log=(TAKEN, cancel)) == {}


def test_the_next_step_is_known_ahead() -> None:
    now = OPENED + 3 * HOUR + MINUTE
    clocks = replay(default_policy(), FACTS, [LogEntry(OPENED, "open"), TAKEN], now)
    assert next_step(CHAIN, ORDER, clocks, now=now, done=()) == OPENED + 7 * HOUR
    done = {"resolution:breach:engineers"}
    assert next_step(CHAIN, ORDER, clocks, now=now, done=done) == OPENED + 27 * HOUR
    assert next_step(CHAIN, replace(ORDER, open=False), clocks, now=now, done=()) is None


@settings(max_examples=100, deadline=None)
@given(looks=st.lists(st.integers(0, 60 * 40), min_size=1, max_size=8), priority=st.integers(1, 5))
def test_however_often_one_looks_each_step_comes_once(looks: list[int], priority: int) -> None:
    done: set[str] = set()
    order, facts = replace(ORDER, priority=priority), replace(FACTS, priority=priority)
    log = [LogEntry(OPENED, "open")]
    for minutes in sorted(looks):
        now = OPENED + minutes * MINUTE
        clocks = replay(default_policy(), facts, log, now)
        found = due_steps(CHAIN, order, clocks, roster=ROSTER, holders=HOLDERS, now=now, done=done)
        assert not done & {step.key for step in found}
        assert all(step.at <= now and step.people for step in found)
        done |= {step.key for step in found}
    now = OPENED + max(looks) * MINUTE
    clocks = replay(default_policy(), facts, log, now)
    at_once = due_steps(CHAIN, order, clocks, roster=ROSTER, holders=HOLDERS, now=now, done=())
    assert {step.key for step in at_once} == done

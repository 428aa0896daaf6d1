"""The file of what was agreed: read whole, or refused with every mistake at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from plantroom.errors import PolicyError
from plantroom.service_levels import ClockKind, Count, OrderFacts, Origin, default_policy, load_policy
from plantroom.service_levels.policy import DEFAULT
from plantroom.times import DAY, HOUR, MINUTE
from plantroom.work_orders import RESOLVE_WITHIN, OrderKind

FACTS = OrderFacts(OrderKind.CORRECTIVE, Origin.PERSON, priority=3)


def test_the_default_has_the_figures_of_the_service_plan() -> None:
    agreed = default_policy()

    def within(kind: ClockKind, facts: OrderFacts) -> int:
        found = agreed.rule_for(kind, facts)
        assert found is not None
        return found.within

    assert within(ClockKind.RESPONSE, FACTS) == 30 * MINUTE
    assert within(ClockKind.ANSWER, FACTS) == 24 * HOUR
    assert within(ClockKind.RESOLUTION, FACTS) == 3 * HOUR
    major = OrderFacts(OrderKind.CORRECTIVE, Origin.RULE, priority=2, major=True)
    assert within(ClockKind.RESOLUTION, major) == 7 * DAY
    assert agreed.rule_for(ClockKind.ANSWER, major) is None
    assert agreed.pauses("parts")
    assert not agreed.pauses("staff")
    assert not agreed.pauses("")


def test_an_orders_due_time_agrees_with_its_clock() -> None:
    for priority, allowed in RESOLVE_WITHIN.items():
        facts = OrderFacts(OrderKind.CORRECTIVE, Origin.RULE, priority)
        rule = default_policy().rule_for(ClockKind.RESOLUTION, facts)
        assert rule is not None
        assert rule.within == allowed


GOOD = """\
warn_at: 0.5
clocks:
  - {clock: response, within: 1 h, stops: [start], count: working}
hold_reasons:
  parts: {name: {en: Parts, zh: 配件}, pauses: true}
escalation:
  - {key: lead, when: breach, to: [team_lead], after: 30 min}
"""


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "levels.yaml"
    path.write_text(GOOD, encoding="utf-8")
    found = load_policy(path)
    (rule,) = found.rules
    assert (rule.within, rule.count, rule.stops) == (HOUR, Count.WORKING, frozenset({"start"}))
    assert found.hold_reasons["parts"].name.zh == "配件"
    assert found.warn_after(rule) == 30 * MINUTE
    assert found.escalation[0].after == 30 * MINUTE


MISTAKES = [
    ("within: 1 h", "within: 1 hour", "3:31: clocks.0.within: '1 hour' is not a duration"),
    ("within: 1 h", "within: 60", "3:31: clocks.0.within: write a duration with its unit"),
    ("within: 1 h", "within: 0s", "3:31: clocks.0.within: input should be greater than 0"),
    ("stops: [start]", "stops: [begin]", "3:44: clocks.0.stops.0: 'begin' stops no clock"),
    (", stops: [start]", "", "3:5: clocks.0: say what stops the response clock"),
    ("clock: response", "clock: resolution", "3:45: clocks.0.stops: completing the order stops this clock"),
    ("clock: response", "clock: reply", "3:13: clocks.0.clock: input should be 'response', 'answer' or"),
    ("count: working", "countt: working", "3:60: clocks.0.countt: unknown key"),
    ("warn_at: 0.5", "warn_at: 1.5", "1:10: warn_at: input should be less than or equal to 1"),
    (
        "to: [team_lead]",
        "to: [boss]",
        "7:36: escalation.0.to.0: 'boss' is nobody; these are: admin",
    ),
    ("pauses: true", "pauses: maybe", "5:46: hold_reasons.parts.pauses: input should be a valid boolean"),
    (
        "after: 30 min}\n",
        "after: 30 min}\n  - {key: lead, when: warning, to: [admin], priorities: [1]}\n",
        "8:11: escalation.1.key: another step is 'lead' too",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "complaint"), MISTAKES, ids=[m[1][:24] for m in MISTAKES])
def test_a_mistake_is_named_where_it_stands(tmp_path: Path, right: str, wrong: str, complaint: str) -> None:
    path = tmp_path / "levels.yaml"
    assert right in GOOD
    path.write_text(GOOD.replace(right, wrong), encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert f"{path}:{complaint}" in str(caught.value)


def test_the_shipped_file_says_where_its_figures_are_from() -> None:
    assert "requirements from the field" in DEFAULT.read_text(encoding="utf-8")

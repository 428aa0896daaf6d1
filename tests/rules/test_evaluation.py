"""The figures of an evaluation: what counts as found, how late, and what as a false alarm."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from plantroom.times import DAY, HOUR, MINUTE
from rules.evaluation import faults, healthy, report

BEGIN = 100 * HOUR


def outcome(
    *raised: tuple[int, str], kind: str = "leak", severity: float = 1.0, truth: tuple[str, ...] = ("right",)
) -> faults.Outcome:
    return faults.judge(
        [(BEGIN + after * MINUTE, rule) for after, rule in raised],
        equipment_class="tank",
        kind=kind,
        severity=severity,
        seed=1,
        truth=truth,
        begin=BEGIN,
        end=BEGIN + 2 * HOUR,
    )


def test_the_first_right_alarm_in_time_counts() -> None:
    found = outcome((7, "right"), (3, "right2"), (9, "right"), truth=("right", "right2"))
    assert (found.after_s, found.by) == (180.0, "right2")
    assert found.right == ("right2", "right")
    assert outcome((0, "right")).after_s == 0.0
    assert outcome((120, "right")).after_s == 7200.0
    late = outcome((121, "right"))
    assert (late.after_s, late.by, late.right) == (None, None, ())


def test_what_stood_before_and_what_is_not_of_the_truth_is_told_apart() -> None:
    found = outcome((-30, "right"), (-20, "noise"), (5, "noise"), (6, "noise"), (130, "late"))
    assert found.after_s is None
    assert found.before == ("right", "noise")
    assert found.others == ("noise",)


def test_a_kind_has_its_share_found_and_its_times() -> None:
    runs = [outcome((minutes, "right")) for minutes in (1, 2, 3)]
    (line,) = faults.by_kind([*runs, outcome((1, "noise"))])
    assert (line.found, line.runs, line.rate) == (3, 4, 0.75)
    assert line.median_s == 120.0
    # one in four was never found, so nine in ten never are
    assert line.slow_s is None
    assert line.others == {"noise": 1}
    (none,) = faults.by_kind([outcome()])
    assert (none.rate, none.median_s, none.slow_s) == (0.0, None, None)


def test_ninety_in_a_hundred_is_the_ninth_of_ten() -> None:
    (line,) = faults.by_kind([outcome((minutes, "right")) for minutes in range(1, 11)])
    assert (line.median_s, line.slow_s) == (300.0, 540.0)


def test_severities_and_classes_have_lines_of_their_own() -> None:
    runs = [
        outcome((1, "right")),
        outcome(severity=0.3),
        outcome((2, "right"), kind="crack"),
        outcome((2, "right"), kind="unseen", truth=()),
    ]
    assert [(line.kind, line.severity) for line in faults.by_kind(runs)] == [
        ("crack", 1.0),
        ("leak", 0.3),
        ("leak", 1.0),
    ]
    assert [
        (line.equipment_class, line.severity, line.found, line.runs) for line in faults.by_class(runs)
    ] == [
        ("tank", 0.3, 0, 1),
        ("tank", 1.0, 2, 2),
        ("", 0.3, 0, 1),
        ("", 1.0, 2, 2),
    ]
    assert faults.without_rules(runs) == [("tank", "unseen")]


def test_false_alarms_are_counted_by_equipment_time() -> None:
    parts = [
        healthy.quiet("tank", 2, 100 * DAY, 30, ["a", "b", "a"]),
        healthy.quiet("tank", 2, round(265.25 * DAY), 30, []),
        healthy.quiet("pump", 1, 10 * DAY, 15, ["c"]),
    ]
    pump, tank, everything = healthy.together(parts)
    assert (tank.days, tank.alarms, tank.count) == (730.5, {"a": 2, "b": 1}, 3)
    assert tank.per_year == pytest.approx(1.5)
    assert tank.per_month == pytest.approx(0.125)
    assert pump.per_year == pytest.approx(36.525)
    assert (everything.equipment_class, everything.interval_s) == ("", 30)
    assert everything.alarms == {"pump.c": 1, "tank.a": 2, "tank.b": 1}
    assert healthy.together([]) == []
    assert healthy.quiet("tank", 1, 0, 30, []).per_year == 0.0


def test_the_report_goes_into_json() -> None:
    found = report.report([outcome((1, "right"))], [healthy.quiet("tank", 1, DAY, 30, ["a"])])
    body = json.loads(json.dumps(report.as_json(found)))
    assert body["kinds"][0]["median_s"] == 60.0
    assert [line["class"] for line in body["classes"]] == ["tank", None]
    assert body["healthy"][0]["alarms"] == {"a": 1}
    assert body["runs"][0]["by"] == "right"
    # as a finished piece is kept
    assert json.loads(json.dumps(asdict(found.quiet[0])))["alarms"] == {"a": 1}

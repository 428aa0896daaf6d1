"""Held back readings, minutes and silence, sentence by sentence of rules/README.md."""

import numpy as np
from ruletools import T0, Rig, brief, every
from windowkit import changes, held, minutes

from plantroom.times import HOUR, MINUTE, SECOND

LOW = {"low": {"when": "flow < 10", "on_delay": "10s", "off_delay": "20s", "deadband": {"flow": "2 m3/h"}}}
MEAN = {"r": "mean(flow over 2 min) > 15"}


def test_s23_readings_wait_and_are_sorted() -> None:
    rig = Rig({"r": "flow < 10"}, lateness="5s")
    assert rig.step(("flow", 10, 1)) == []
    assert rig.step(("flow", 14, 50)) == []
    assert rig.step(("flow", 12, 1), ("running", 15, 1)) == [("raise", 10)]
    assert rig.step(("running", 19, 1)) == [("clear", 14)]
    assert rig.engine.late == 0


def test_s23_what_comes_too_late_changes_nothing() -> None:
    rig = Rig({"r": "flow < 10"}, lateness="5s")
    rig.step(("flow", 20, 50))
    rig.step(("flow", 26, 50))
    assert rig.step(("flow", 19, 1), ("running", 40, 1)) == []
    assert rig.engine.late == 1


def test_s24_release_and_advance() -> None:
    rig = Rig({"r": "flow < 10"} | MEAN | {"live": "flow < 10"}, lateness="5s")
    rig.step(("flow", 3, 1))
    assert brief(rig.engine.release(T0 + 2 * SECOND)) == []
    assert brief(rig.engine.release(T0 + 3 * SECOND)) == [("raise", 3)]
    assert rig.engine.history.minute == T0 // MINUTE  # time has not passed, readings have
    rig.engine.advance(T0 + 2 * MINUTE)
    assert rig.engine.history.minute == T0 // MINUTE + 2


def test_s25_rules_of_windows_are_judged_at_whole_minutes() -> None:
    assert changes("mean(flow over 2 min) > 15", 300, flow={0: 10, 70: 30, 130: 2, 180: 2}) == [
        ("raise", 120),
        ("clear", 240),
    ]
    delayed = {"when": "mean(flow over 1 min) > 15", "on_delay": "2min", "off_delay": "1min"}
    assert changes(delayed, 600, flow=minutes(20, 20, 20, 20, 1, 1, 1)) == [("raise", 180), ("clear", 360)]
    rig = Rig({"r": "absent(flow over 2 min)"}, count=2)
    rig.step(("running", 0, 1))
    assert [(item.equipment_id, item.ts) for item in rig.engine.advance(T0 + 3 * MINUTE)] == [
        (1, T0 + 2 * MINUTE),
        (2, T0 + 2 * MINUTE),
    ]


def test_s26_other_rules_see_windows_as_their_minute_began() -> None:
    rule = "mean(flow over 1 min) > 15 and running"
    rig = Rig({"r": rule})
    assert rig.step(("flow", 0, 20), ("running", 30, 1), ("flow", 59, 20)) == []
    assert rig.step(("running", 60, 1)) == [("raise", 60)]
    late = Rig({"r": rule})
    assert late.run(flow={0: 20}, running={65: 1, 119: 1}) == [("raise", 65)]


def test_s27_a_minute_is_judged_when_a_later_reading_has_come() -> None:
    rig = Rig({"r": "mean(flow over 1 min) > 15"})
    assert rig.step(("flow", 0, 20), ("flow", 59, 20)) == []
    assert rig.step(("running", 61, 1)) == [("raise", 60)]


def test_s28_a_reading_of_a_judged_minute_enters_no_bar() -> None:
    rig = Rig({"r": "mean(flow over 1 min) > 15"})
    rig.step(("flow", 0, 10), ("running", 61, 1))
    rig.step(("flow", 59, 90))
    assert held(rig.engine) == 10


def test_s29_sums_do_not_depend_on_batches() -> None:
    values = np.random.default_rng(1).normal(30, 7, 300).round(3).tolist()
    rows = [("flow", at, value) for at, value in enumerate(values)]
    found = []
    for size in (1, 7, 300):
        rig = Rig({"r": "mean(flow over 5 min) > 0"})
        for start in range(0, 300, size):
            rig.step(*rows[start : start + size])
        rig.engine.advance(T0 + 5 * MINUTE)
        found.append(held(rig.engine))
    assert found[0] == found[1] == found[2]
    exact = sum(sum(values[start : start + 60]) / 60 for start in range(0, 300, 60)) / 5
    assert found[0] is not None
    assert abs(found[0] - exact) < 2**-20


def test_s29_squares_do_not_depend_on_batches_either() -> None:
    values = np.random.default_rng(2).normal(400, 20, 240).round(3).tolist()
    found = set()
    for size in (1, 7, 240):
        rig = Rig({"r": "stddev(flow over 4 min) > 0"})
        for start in range(0, 240, size):
            rig.step(*(("flow", at, values[at]) for at in range(start, min(start + size, 240))))
        rig.engine.advance(T0 + 4 * MINUTE)
        found.add(held(rig.engine))
    assert len(found) == 1


def test_s30_minutes_go_on_for_two_hours_of_silence() -> None:
    rule = {"when": "absent(flow over 10 min)", "on_delay": "1h"}
    assert changes(rule, 24 * 3600, flow={0: 1}) == [("raise", 600 + 3600 + 60)]
    too_long = {"when": "absent(flow over 10 min)", "on_delay": "2h"}
    assert changes(too_long, 24 * 3600, flow={0: 1}) == []


def test_s31_after_silence_everything_at_minutes_starts_again() -> None:
    flow = {float(at): 10 for at in range(0, 4 * 3600, 60)} | {
        float(at): 10 for at in range(7 * 3600, 13 * 3600, 60)
    }
    rule = {"when": "mean(flow over 6 h by 1 min) > 5", "on_delay": "5h"}
    rig = Rig({"r": rule}, stale="5min")
    assert rig.run(flow=flow) == [("raise", 7 * 3600 + 60 + 5 * 3600)]


def test_s31_the_bars_of_silence_are_empty_and_windows_unknown_at_first() -> None:
    rig = Rig({"r": "max(flow over 24 h) > 5 or running"})
    rig.run(flow=every(600, 14 * 3600, 10))
    assert held(rig.engine) == 10
    rig.step(("flow", 20 * 3600, 7))
    assert held(rig.engine) is None
    rig.step(("flow", 20 * 3600 + 1800, 7))
    assert held(rig.engine) == 10
    rig.step(("flow", 38 * 3600, 7), ("flow", 38 * 3600 + 1800, 7))
    assert held(rig.engine) is None  # too few of its bars hold a reading


def test_s31_absence_is_watched_anew_after_silence() -> None:
    rig = Rig({"r": "absent(flow over 1 h)"})
    rig.step(("running", 0, 1))
    assert brief(rig.engine.advance(T0 + 10 * MINUTE)) == []
    rig.step(("running", 5 * 3600, 1))
    rig.step(("running", 5 * 3600 + 1800, 1))
    assert held(rig.engine) is None
    rig.step(("running", 6 * 3600, 1))
    assert held(rig.engine) == 0


def test_s32_an_alarm_holds_for_its_least_time() -> None:
    rule = {"when": "flow < 10", "min_hold": "1min", "deadband": {"flow": "2 m3/h"}}
    assert Rig({"r": rule}).run(flow={0: 1, 5: 50, 59: 50, 60: 50}) == [("raise", 0), ("clear", 60)]
    slow = rule | {"off_delay": "30s"}
    assert Rig({"r": slow}).run(flow={0: 1, 40: 50, 60: 50, 70: 50}) == [("raise", 0), ("clear", 70)]
    assert Rig({"r": rule}).run(flow={0: 1, 30: 50, 59: 1, 65: 1}) == [("raise", 0)]


def test_bars_and_delays_of_long_gaps_are_bounded() -> None:
    rig = Rig(MEAN)
    rig.step(("flow", 0, 20))
    rig.step(("flow", 50 * 365 * 24 * 3600, 20))
    assert rig.engine.last == T0 + 50 * 365 * 24 * HOUR

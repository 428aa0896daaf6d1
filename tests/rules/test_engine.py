"""What a running rule does, sentence by sentence of rules/README.md."""

import numpy as np
import pytest
from ruletools import BAD, T0, Rig, brief, every, make_class

from plantroom.alarms import AlarmEvent
from plantroom.catalogue import Catalogue
from plantroom.errors import CatalogueError, NotFoundError
from plantroom.model import RuleOverride
from plantroom.readings import Quality, ReadingBatch
from plantroom.times import DAY, SECOND
from rules import intake
from rules.engine import AlarmChange, RuleStatus

LOW = {"low": {"when": "flow < 10", "on_delay": "10s", "off_delay": "20s", "deadband": {"flow": "2 m3/h"}}}
AT_ONCE = {"low": {"when": "flow < 10", "deadband": {"flow": "2 m3/h"}}}


def test_s1_the_clock_decides_nothing() -> None:
    rig = Rig(LOW)
    batch = rig.batch(*(("flow", at, 1) for at in range(0, 20, 5)))
    found = [rig.fresh().step(batch, now) for now in (0, T0, T0 + 100 * DAY)]
    assert found[0] == found[1] == found[2] != []


def test_s2_an_evaluation_sees_the_latest_value_of_every_point() -> None:
    rig = Rig({"both": "flow < 10 and pressure > 5"})
    assert rig.step(("pressure", 0, 9)) == []
    assert rig.step(("flow", 20, 1)) == [("raise", 20)]


def test_s2_readings_of_one_timestamp_are_seen_together() -> None:
    rig = Rig({"both": "flow < 10 and pressure > 5"})
    rig.step(("flow", 0, 1), ("pressure", 0, 1))
    assert rig.step(("pressure", 5, 9), ("flow", 5, 20)) == []


def test_s3_a_reading_behind_its_equipment_counts_from_the_next_evaluation() -> None:
    rig = Rig({"both": "flow < 10 and pressure > 5"})
    assert rig.step(("pressure", 20, 9)) == []
    assert rig.step(("flow", 15, 1)) == []
    assert rig.step(("pressure", 22, 9)) == [("raise", 22)]
    assert rig.engine.late == 0


def test_s4_a_late_reading_is_counted_and_changes_nothing() -> None:
    rig = Rig(AT_ONCE)
    rig.step(("flow", 20, 50))
    assert rig.step(("flow", 15, 1)) == []
    assert rig.step(("running", 21, 1)) == []
    assert rig.engine.late == 1


def test_s5_a_repeated_reading_changes_nothing() -> None:
    rig = Rig(AT_ONCE)
    rig.step(("flow", 20, 50))
    assert rig.step(("flow", 20, 1), ("flow", 20, 50)) == []
    assert rig.step(("flow", 25, 50), ("flow", 25, 1)) == []
    assert (rig.engine.late, rig.engine.repeated) == (0, 3)


def test_s6_never_read_missing_bad_nan_and_stale_are_unknown() -> None:
    rig = Rig({"not_low": "not (flow < 10)"}, without=("pressure",))
    assert rig.step(("running", 0, 1)) == []
    assert rig.step(("flow", 1, 50, BAD)) == []
    assert rig.step(("flow", 2, float("nan"))) == []
    assert rig.step(("flow", 3, float("inf"))) == []
    assert rig.step(("flow", 4, 50, Quality.RECEIVE_TIME)) == [("raise", 4)]
    lacking = Rig({"not_high": "not (pressure > 5)", "either": "pressure > 5 or trip"}, without=("pressure",))
    assert lacking.step(("running", 0, 1), ("trip", 0, 1)) == [("raise", 0)]  # true or unknown is true
    stale = Rig({"both": "flow < 10 and running"})
    assert stale.step(("flow", 0, 1)) == []
    assert stale.step(("running", 31, 1)) == []
    fresh = Rig({"both": "flow < 10 and running"})
    fresh.step(("flow", 0, 1))
    assert fresh.step(("running", 30, 1)) == [("raise", 30)]


def test_s7_a_time_in_the_future_is_not_used() -> None:
    rig = Rig(AT_ONCE)
    rig.step(("flow", 0, 50), ("flow", 10_000, 1, Quality.CLOCK))
    assert rig.step(("flow", 5, 1)) == [("raise", 5)]
    assert rig.engine.skewed == 1


def test_s8_an_alarm_is_raised_when_the_delay_is_complete() -> None:
    assert Rig(LOW).run(flow=every(5, 30, 1)) == [("raise", 10)]
    assert Rig(LOW).run(flow=every(3, 30, 1)) == [("raise", 12)]
    assert Rig(LOW).run(flow=every(5, 5, 1)) == []


def test_s9_false_starts_the_delay_again() -> None:
    assert Rig(LOW).run(flow={0: 1, 5: 50, 10: 1, 15: 1, 20: 1}) == [("raise", 20)]


def test_s9_unknown_starts_the_delay_again() -> None:
    rig = Rig(LOW)
    readings = [("flow", at, 1, BAD if at == 5 else 0) for at in (0, 5, 10, 15, 20)]
    assert rig.step(*readings) == [("raise", 20)]


def test_s9_a_gap_starts_the_delay_again() -> None:
    slow = {"low": {"when": "flow < 10", "on_delay": "1min"}}
    assert Rig(slow).run(flow={0: 1, 30: 1, 60: 1}) == [("raise", 60)]
    assert Rig(slow).run(flow={0: 1, 31: 1, 61: 1}) == []
    assert Rig(slow).run(flow={0: 1, 31: 1, 61: 1, 91: 1}) == [("raise", 91)]


def test_s9_other_readings_of_the_equipment_do_not_bridge_a_gap() -> None:
    slow = {"low": {"when": "flow < 10", "on_delay": "1min"}}
    assert Rig(slow).run(flow={0: 1, 40: 1, 60: 1}, running=every(5, 60, 1)) == []


def test_s9_only_points_that_the_equipment_has_count_for_the_gap() -> None:
    rules = {"either": {"when": "pressure > 5 or flow < 10", "on_delay": "30s"}}
    rig = Rig(rules, without=("pressure",))
    assert rig.run(flow={0: 1, 30: 1}) == [("raise", 30)]


def test_s10_without_a_delay_the_first_evaluation_raises() -> None:
    assert Rig(AT_ONCE).run(flow={0: 50, 100: 1}) == [("raise", 100)]


def test_s11_an_alarm_clears_when_the_relaxed_condition_is_gone_for_the_off_delay() -> None:
    flow = {0: 1, 5: 1, 10: 1, 15: 11.9, 20: 12, 30: 12, 35: 11.9, 40: 12, 50: 12, 60: 12}
    assert Rig(LOW).run(flow=flow) == [("raise", 10), ("clear", 60)]
    assert Rig(AT_ONCE).run(flow={0: 1, 5: 11.9, 6: 12}) == [("raise", 0), ("clear", 6)]


def test_s11_a_gap_starts_the_off_delay_again() -> None:
    flow = {0: 1, 5: 1, 10: 1, 15: 50, 46: 50, 60: 50, 66: 50}
    assert Rig(LOW).run(flow=flow) == [("raise", 10), ("clear", 66)]


def test_s12_unknown_neither_raises_nor_clears() -> None:
    rig = Rig(AT_ONCE)
    assert rig.step(("flow", 0, 1)) == [("raise", 0)]
    assert rig.step(("flow", 5, 1, BAD), ("running", 100, 1)) == []
    assert rig.engine.state_of(1)["low"].status is RuleStatus.ACTIVE
    rig = Rig(LOW)
    readings = [("flow", at, 1) for at in (0, 5, 10)]
    readings += [("flow", at, 50, BAD if at == 20 else 0) for at in (15, 20, 25, 35, 45)]
    assert rig.step(*readings) == [("raise", 10), ("clear", 45)]


def test_s13_an_alarm_changes_once_at_one_time() -> None:
    rig = Rig(AT_ONCE)
    assert rig.step(("flow", 0, 1)) == [("raise", 0)]
    rig = Rig({"both": "flow < 10 and pressure > 5"})
    rig.step(("pressure", 0, 9))
    assert rig.step(("flow", 5, 1)) == [("raise", 5)]
    assert rig.step(("pressure", 5, 1)) == []  # takes back the raise, but at the same time
    assert rig.step(("running", 6, 1)) == [("clear", 6)]


def test_s14_a_timestamp_in_two_batches_is_judged_whole_within_the_lateness() -> None:
    rig = Rig({"either": {"when": "flow < 10 or pressure > 5", "on_delay": "10s"}}, lateness="2s")
    rig.step(("flow", 0, 1), ("pressure", 0, 1))
    assert rig.step(("flow", 5, 50)) == []  # alone it would be false
    assert rig.step(("pressure", 5, 9)) == []
    assert rig.step(("flow", 10, 50), ("pressure", 10, 9)) == []  # waits for what may still come
    assert rig.step(("running", 12, 1)) == [("raise", 10)]


def test_s4_what_comes_within_the_lateness_is_sorted_in() -> None:
    rig = Rig(LOW, lateness="5s")
    assert rig.step(("flow", 5, 1), ("flow", 0, 1), ("flow", 15, 1)) == []
    assert rig.step(("flow", 10, 50), ("flow", 20, 1)) == []  # the delay began at 15
    assert rig.step(("flow", 25, 1), ("flow", 30, 1)) == [("raise", 25)]
    assert rig.engine.late == 0


def test_what_is_held_back_comes_with_the_passing_of_time() -> None:
    rig = Rig(AT_ONCE, lateness="5s")
    assert rig.step(("flow", 3, 1)) == []
    assert brief(rig.engine.advance(T0 + 2 * SECOND)) == []
    assert brief(rig.engine.advance(T0 + 3 * SECOND)) == [("raise", 3)]


def test_s16_overrides() -> None:
    own = {"low": RuleOverride(on_delay=20 * SECOND, off_delay=0)}
    flow = every(5, 20, 1) | {25: 50}
    assert Rig(LOW, overrides=own).run(flow=flow) == [("raise", 20), ("clear", 25)]
    assert Rig(LOW, overrides={"low": RuleOverride(enabled=False)}).run(flow=flow) == []


def test_s17_retired_equipment_is_not_evaluated() -> None:
    rig = Rig(AT_ONCE, retired=True)
    assert rig.run(flow={0: 1}) == []
    assert rig.engine.unplaced == 1
    with pytest.raises(NotFoundError):
        rig.engine.state_of(1)


def test_s18_parameters_and_normal_range_are_the_equipments_own() -> None:
    rules = {"low": "flow < 50 % * rated_flow"}
    assert Rig(rules).run(flow={0: 26, 5: 24}) == [("raise", 5)]
    assert Rig(rules, parameters={"rated_flow": 20}).run(flow={0: 26, 5: 24, 10: 9}) == [("raise", 10)]
    # the default deadband is 5 % of the span: 5 by the class, 50 with the equipment's own range
    rig = Rig({"low": "flow < 10"})
    assert rig.run(flow={0: 1, 5: 15}) == [("raise", 0), ("clear", 5)]
    wide = Rig({"low": "flow < 10"}, normal={"flow": (0, 1000)})
    assert wide.run(flow={0: 1, 5: 15, 10: 59, 15: 60}) == [("raise", 0), ("clear", 15)]


def test_changes_are_sorted_and_carry_the_known_readings() -> None:
    rig = Rig({"b": "flow < 10 or pressure > 5", "a": "flow < 10"}, count=2)
    batch = rig.batch(("flow", 5, 1, 0, 2), ("flow", 5, 2, 0, 1), ("flow", 0, 3, 0, 2))
    assert rig.engine.step(batch, T0) == [
        AlarmChange(2, "a", AlarmEvent.RAISE, T0, {"flow": 3.0}),
        AlarmChange(2, "b", AlarmEvent.RAISE, T0, {"flow": 3.0}),
        AlarmChange(1, "a", AlarmEvent.RAISE, T0 + 5 * SECOND, {"flow": 2.0}),
        AlarmChange(1, "b", AlarmEvent.RAISE, T0 + 5 * SECOND, {"flow": 2.0}),
    ]


def test_points_that_the_table_has_not_are_counted() -> None:
    rig = Rig(AT_ONCE)
    batch = ReadingBatch.of([-1, 99, 10**6, rig.points[3].id], [T0] * 4, [1, 1, 1, 1])
    assert brief(rig.engine.step(batch, T0)) == [("raise", 0)]
    assert rig.engine.unplaced == 3


def test_an_empty_batch_and_a_class_without_rules() -> None:
    assert Rig(AT_ONCE).step() == []
    assert Rig({}).run(flow={0: 1, 5: 2}) == []


def test_a_large_batch_goes_through_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    flow = {at: (1 if at % 200 < 100 else 50) for at in range(0, 2000, 5)}
    whole = Rig(LOW).run(flow=flow)
    assert len(whole) == 20
    monkeypatch.setattr(intake, "PIECE", 7)
    assert Rig(LOW).run(flow=flow) == whole


def test_wrong_rules_are_refused_whole() -> None:
    rig = Rig(AT_ONCE)
    wrong = make_class({"low": "flwo < 10", "next": "pressure > 3 degC"})
    rig.run(flow={0: 1})
    with pytest.raises(CatalogueError) as caught:
        rig.engine.replace_table(rig.table, Catalogue({"thing": wrong}))
    assert len(caught.value.problems) == 2
    assert rig.step(("flow", 5, 50)) == [("clear", 5)]


def test_the_state_of_an_equipment() -> None:
    rules = {
        "low": {"when": "flow < 10", "on_delay": "10s"},
        "high": "flow > 90",
        "tripped": "trip",
        "hot": "temperature > 50 and pressure > 5",
        "off": "flow < 10",
    }
    rig = Rig(rules, overrides={"off": RuleOverride(enabled=False)}, without=("temperature",))
    states = rig.engine.state_of(1)
    assert states["low"].status is RuleStatus.UNKNOWN
    assert states["low"].unknown == {"flow": "never"}
    rig.step(("flow", 0, 1), ("trip", 0, 1), ("pressure", 0, 9, BAD))
    states = rig.engine.state_of(1)
    assert {key: str(state.status) for key, state in states.items()} == {
        "low": "pending",
        "high": "normal",
        "tripped": "active",
        "hot": "unknown",
        "off": "disabled",
    }
    assert states["low"].since == states["tripped"].since == T0
    assert states["high"].since is None
    assert states["hot"].unknown == {"temperature": "missing", "pressure": "bad"}
    later = rig.engine.state_of(1, T0 + 31 * SECOND)
    assert later["high"].status is RuleStatus.UNKNOWN
    assert later["high"].unknown == {"flow": "stale"}
    assert later["tripped"].status is RuleStatus.ACTIVE
    assert later["tripped"].unknown == {"trip": "stale"}


def test_unknown_points_do_not_always_make_a_rule_unknown() -> None:
    rig = Rig({"both": "running and flow < 10"})
    rig.step(("running", 0, 0))
    state = rig.engine.state_of(1)["both"]
    assert state.status is RuleStatus.NORMAL
    assert state.unknown == {"flow": "never"}


def test_alarms_assumed_active_clear_and_are_not_raised_again() -> None:
    rig = Rig(AT_ONCE)
    rig.engine.assume_active([(1, "low"), (1, "gone"), (99, "low")])
    assert rig.engine.state_of(1)["low"].status is RuleStatus.ACTIVE
    assert rig.step(("flow", 0, 1)) == []
    assert rig.step(("flow", 5, 50), ("flow", 10, 1)) == [("clear", 5), ("raise", 10)]


def test_extreme_times_do_not_overflow() -> None:
    rig = Rig(LOW)
    edge = np.iinfo(np.int64)
    point = rig.points[3].id
    batch = ReadingBatch.of([point] * 4, [edge.min, -(2**62), 0, edge.max], [1, 1, 1, 1])
    assert rig.engine.step(batch, T0) == []
    assert rig.engine.skewed == 3

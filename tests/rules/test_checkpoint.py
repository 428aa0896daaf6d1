"""What outlives a restart: values, delays and alarms, by their names."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruletools import T0, Rig, brief, every

from plantroom.errors import StoreCorruptError
from plantroom.times import HOUR, SECOND
from rules import checkpoint as checkpoints

RULES = {"low": {"when": "flow < 10", "on_delay": "20s", "off_delay": "20s"}, "tripped": "trip"}
FLOW = every(5, 40, 1) | every(5, 80, 50, start=45)


def readings(rig: Rig, after: float, until: float) -> object:
    return rig.batch(*(("flow", at, value) for at, value in FLOW.items() if after < at <= until))


@pytest.mark.parametrize("stop", [0, 5, 15, 20, 30, 45, 50, 60, 65, 80])
@pytest.mark.parametrize("overlap", [0, 10])
def test_s19_a_restart_goes_on_as_if_nothing_had_been(stop: float, overlap: float) -> None:
    rig = Rig(RULES)
    whole = brief(rig.engine.step(readings(rig, -1, 80), T0))
    assert whole == [("raise", 20), ("clear", 65)]
    first, second = rig.fresh(), rig.fresh()
    found = brief(first.step(readings(rig, -1, stop), T0))
    assert second.restore(first.checkpoint()) == T0 + stop * SECOND
    found += brief(second.step(readings(rig, stop - overlap - 1, 80), T0))
    assert found == whole
    assert second.state_of(1) == rig.engine.state_of(1)


def test_s19_readings_after_the_checkpoint_are_found_again_from_the_store() -> None:
    rig = Rig(RULES)
    engine = rig.fresh()
    engine.step(readings(rig, -1, 10), T0)
    saved = engine.checkpoint()
    lost = brief(engine.step(readings(rig, 10, 30), T0))  # told, but not in the checkpoint
    successor = rig.fresh()
    since = successor.restore(saved)
    assert since is not None
    again = brief(successor.step(readings(rig, (since - T0) / SECOND - 1, 30), T0))
    assert again == lost == [("raise", 20)]


def test_s19_a_timestamp_cut_by_the_restart_is_completed() -> None:
    rig = Rig({"either": {"when": "flow < 10 or pressure > 5", "on_delay": "10s"}}, lateness="2s")
    rig.step(("flow", 0, 1), ("pressure", 0, 1))
    rig.step(("flow", 5, 50))
    successor = rig.fresh()
    successor.restore(rig.engine.checkpoint())
    rest = rig.batch(
        ("flow", 5, 50), ("pressure", 5, 9), ("flow", 10, 50), ("pressure", 10, 9), ("running", 12, 1)
    )
    assert brief(successor.step(rest, T0)) == [("raise", 10)]


def test_s19_an_alarm_changes_once_at_one_time_over_a_restart() -> None:
    rig = Rig({"both": "flow < 10 and pressure > 5"})
    rig.step(("pressure", 0, 9))
    assert rig.step(("flow", 5, 1)) == [("raise", 5)]
    successor = rig.fresh()
    successor.restore(rig.engine.checkpoint())
    assert successor.state_of(1)["both"].since == T0 + 5 * SECOND
    assert brief(successor.step(rig.batch(("pressure", 5, 1)), T0)) == []
    assert brief(successor.step(rig.batch(("pressure", 6, 1)), T0)) == [("clear", 6)]


def test_s19_how_far_back_the_store_is_read() -> None:
    rig = Rig(RULES, count=3)
    assert rig.fresh().restore(rig.engine.checkpoint()) is None
    rig.step(("flow", 100, 1, 0, 1), ("flow", 40, 1, 0, 2))
    assert rig.fresh().restore(rig.engine.checkpoint()) == T0 + 40 * SECOND
    rig.step(("flow", 9000, 1, 0, 1))
    assert rig.fresh().restore(rig.engine.checkpoint()) == T0 + 9000 * SECOND - HOUR


def test_s20_what_is_no_more_is_left_out() -> None:
    old = Rig(RULES | {"gone": "flow < 20"}, count=2)
    old.engine.step(old.batch(("flow", 0, 1, 0, 1), ("flow", 0, 1, 0, 2), ("trip", 0, 1, 0, 2)), T0)
    new = Rig({"tripped": "trip", "low": RULES["low"], "fresh": "flow < 30"}, count=1)
    new.engine.restore(old.engine.checkpoint())
    states = new.engine.state_of(1)
    assert str(states["low"].status) == "pending"
    assert states["low"].since == T0
    assert str(states["fresh"].status) == "normal"  # not evaluated yet; the next reading raises it
    assert brief(new.engine.step(new.batch(("flow", 20, 1)), T0)) == [("raise", 20), ("raise", 20)]


def test_s20_a_rule_with_another_text_keeps_its_alarm_and_loses_its_delay() -> None:
    old = Rig({"a": "flow < 10", "b": {"when": "flow < 10", "on_delay": "20s"}})
    old.step(("flow", 0, 1))
    new = Rig({"a": "flow < 8", "b": {"when": "flow < 8", "on_delay": "20s"}})
    new.engine.restore(old.engine.checkpoint())
    states = new.engine.state_of(1)
    assert str(states["a"].status) == "active"
    assert states["b"].since is None
    assert new.step(("flow", 20, 1)) == []
    assert new.step(("flow", 40, 1)) == [("raise", 40)]


def test_s20_a_point_with_another_unit_loses_its_value() -> None:
    rig = Rig({"low": "flow < 10"})
    rig.step(("flow", 0, 1))
    state = checkpoints.decode(rig.engine.checkpoint())
    [item] = state.classes
    points = [(key, "L/s" if key == "flow" else unit) for key, unit in item.points]
    changed = msgspec.structs.replace(state, classes=[msgspec.structs.replace(item, points=points)])
    successor = rig.fresh()
    successor.restore(checkpoints.encode(changed))
    assert successor.state_of(1)["low"].unknown == {"flow": "never"}


DATA = Rig(RULES)
DATA.step(("flow", 0, 1), ("trip", 0, 1))
WHOLE = DATA.engine.checkpoint()


def refused(data: bytes) -> bool:
    """Whether the bytes are refused and an engine is as it was."""
    engine = DATA.fresh()
    engine.step(DATA.batch(("flow", 7, 1)), T0)
    before = engine.checkpoint()
    with pytest.raises(StoreCorruptError):
        engine.restore(data)
    return engine.checkpoint() == before


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_s21_garbage_is_refused(data: bytes) -> None:
    assert refused(data)


@pytest.mark.parametrize("size", [0, 1, 8, 11, 12, 13, len(WHOLE) // 2, len(WHOLE) - 1])
def test_s21_a_cut_checkpoint_is_refused(size: int) -> None:
    assert refused(WHOLE[:size])


@pytest.mark.parametrize("at", range(0, len(WHOLE), max(1, len(WHOLE) // 25)))
def test_s21_a_flipped_bit_is_refused(at: int) -> None:
    assert refused(WHOLE[:at] + bytes([WHOLE[at] ^ 4]) + WHOLE[at + 1 :])


def test_s21_a_sound_shell_around_nonsense_is_refused() -> None:
    state = checkpoints.decode(WHOLE)
    [item] = state.classes
    for changed in (
        {"version": 99},
        {"classes": [msgspec.structs.replace(item, ts=item.ts[:-8])]},
        {"classes": [msgspec.structs.replace(item, active=b"")]},
        {"classes": [msgspec.structs.replace(item, rules=item.rules[:1])]},
        {"classes": [msgspec.structs.replace(item, equipment=item.equipment + b"x" * 8)]},
    ):
        assert refused(checkpoints.encode(msgspec.structs.replace(state, **changed)))


def test_s22_the_state_stays_when_the_property_changes() -> None:
    rig = Rig(RULES, count=2)
    rig.step(("flow", 0, 1, 0, 2), ("trip", 0, 1, 0, 1))
    more = Rig(RULES, count=3)
    rig.engine.replace_table(more.table, more.catalogue)
    assert str(rig.engine.state_of(1)["tripped"].status) == "active"
    assert str(rig.engine.state_of(3)["tripped"].status) == "unknown"
    batch = more.batch(("flow", 20, 1, 0, 2), ("trip", 20, 0, 0, 1), ("trip", 20, 1, 0, 3))
    assert sorted((item.equipment_id, str(item.event)) for item in rig.engine.step(batch, T0)) == [
        (1, "clear"),
        (2, "raise"),
        (3, "raise"),
    ]


def test_a_checkpoint_is_small() -> None:
    rig = Rig(RULES, count=500)
    assert len(rig.engine.checkpoint()) < 20_000

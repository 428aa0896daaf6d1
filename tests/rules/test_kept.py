"""What a checkpoint keeps of bars, memories and what was learned; test_checkpoint.py has the rest."""

import msgspec
import pytest
from ruletools import T0, Rig, brief
from windowkit import held, minutes

from plantroom.errors import StoreCorruptError
from plantroom.times import MINUTE, SECOND
from rules import checkpoint as checkpoints

FLOW = minutes(10, 20, 30, 40, 50, 60)


def halves(text: str, at: int) -> tuple[float | None, float | None]:
    """What a window says after six minutes without and with a restart after `at` readings."""
    rows = [("flow", second, value) for second, value in FLOW.items()]
    whole = Rig({"r": text}, stale="5min")
    whole.step(*rows)
    whole.engine.advance(T0 + 6 * MINUTE)
    first = Rig({"r": text}, stale="5min")
    first.step(*rows[:at])
    second = first.fresh()
    assert second.restore(first.engine.checkpoint()) == T0 + round(rows[at - 1][1]) * SECOND
    second.step(first.batch(*rows[at:]), T0)
    second.advance(T0 + 6 * MINUTE)
    return held(whole.engine), held(second)


@pytest.mark.parametrize("at", [1, 3, 5])
@pytest.mark.parametrize(
    "text",
    [
        "mean(flow over 6 min) > 0",
        "stddev(flow over 6 min by 3 min) > 0",
        "delta(flow over 6 min by 2 min) > 0",
        "count(flow > 25 over 6 min) > 0",
        "changes(flow over 5 min) > 0",
        "learned(flow over 4 min) > 0",
        "mean(flow / 2 over 6 min) > 0",
    ],
)
def test_s19_bars_outlive_a_restart(text: str, at: int) -> None:
    whole, restarted = halves(text, at)
    assert whole == restarted
    assert whole is not None


def test_s19_what_lasts_and_what_was_before_outlive_a_restart() -> None:
    rig = Rig({"lasts": "(running for 20 s) or trip", "before": "flow - previous(flow) > 5"})
    rig.step(("running", 0, 1), ("flow", 0, 10), ("running", 10, 1), ("flow", 10, 17))
    successor = rig.fresh()
    successor.restore(rig.engine.checkpoint())
    assert brief(successor.step(rig.batch(("running", 15, 1)), T0)) == []
    changes = successor.step(rig.batch(("running", 20, 1), ("flow", 20, 17)), T0)
    assert [(item.rule, str(item.event)) for item in changes] == [("before", "clear"), ("lasts", "raise")]


def test_s19_readings_held_back_are_read_again() -> None:
    rig = Rig({"r": "flow < 10"}, lateness="10s")
    rig.step(("flow", 0, 50), ("flow", 15, 1))
    successor = rig.fresh()
    since = successor.restore(rig.engine.checkpoint())
    assert since == T0
    assert brief(successor.step(rig.batch(("flow", 0, 50), ("flow", 15, 1)), T0)) == []
    assert brief(successor.step(rig.batch(("running", 25, 1)), T0)) == [("raise", 15)]


def test_s20_a_window_with_another_text_starts_anew() -> None:
    old = Rig({"r": "mean(flow over 3 min) > 0"})
    old.run(flow=FLOW)
    for text, expected in (
        ("mean(flow over 3 min) > 5", 40.0),
        ("mean(flow where running over 3 min) > 0", None),
    ):
        new = Rig({"r": text})
        new.engine.restore(old.engine.checkpoint())
        assert held(new.engine) == expected


def test_s20_a_term_counts_by_its_key() -> None:
    old = Rig({"r": "max(load over 3 min) > 0 m3/h"}, terms={"load": "flow + 0 m3/h"})
    old.run(flow=FLOW)
    new = Rig({"r": "max(load over 3 min) > 0 m3/h"}, terms={"load": "flow * 2"})
    new.engine.restore(old.engine.checkpoint())
    assert held(new.engine) == 50
    new.step(("flow", 370, 40))
    new.engine.advance(T0 + 7 * MINUTE)
    assert held(new.engine) == 80


def test_s20_bars_of_another_unit_are_left_out() -> None:
    rig = Rig({"r": "mean(flow over 3 min) > 0"})
    rig.run(flow=FLOW)
    body = rig.engine.checkpoint()
    state = checkpoints.decode(body)
    [item] = state.classes
    changed = msgspec.to_builtins(item)
    assert any(name.endswith(" in m3/h") for ring in item.rings for name in ring.names)
    for table in ("windows", "series", "learned"):
        changed[table]["names"] = [name.replace(" in m3/h", " in L/s") for name in changed[table]["names"]]
    for ring in changed["rings"]:
        ring["names"] = [name.replace(" in m3/h", " in L/s") for name in ring["names"]]
    other = msgspec.structs.replace(state, classes=[msgspec.convert(changed, type(item))])
    successor = rig.fresh()
    successor.restore(checkpoints.encode(other))
    assert held(successor) is None
    successor.restore(body)
    assert held(successor) == 40


def test_s21_bars_that_do_not_add_up_are_refused() -> None:
    rig = Rig({"r": "mean(flow over 3 min) > 0"})
    rig.run(flow=FLOW)
    state = checkpoints.decode(rig.engine.checkpoint())
    [item] = state.classes
    ring = item.rings[0]
    for wrong in (
        msgspec.structs.replace(ring, parts={name: data[:-8] for name, data in ring.parts.items()}),
        msgspec.structs.replace(ring, parts={"sum": ring.parts["sum"]}),
        msgspec.structs.replace(ring, names=[*ring.names, "more"]),
    ):
        rings = [wrong, *item.rings[1:]]
        broken = msgspec.structs.replace(state, classes=[msgspec.structs.replace(item, rings=rings)])
        with pytest.raises(StoreCorruptError):
            rig.fresh().restore(checkpoints.encode(broken))


def test_s22_windows_go_on_when_the_property_changes() -> None:
    rig = Rig({"r": "mean(flow over 3 min) > 25"}, count=1)
    rig.run(flow={at: value for at, value in FLOW.items() if at < 240})
    more = Rig({"other": "trip", "r": "mean(flow over 3 min) > 25"}, count=2)
    rig.engine.replace_table(more.table, more.catalogue)
    changes = rig.engine.advance(T0 + 4 * MINUTE)
    assert [(item.equipment_id, item.readings["mean(flow over 3 min)"]) for item in changes] == [(1, 30.0)]

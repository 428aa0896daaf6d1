"""The engine against the plain one, and the same readings in any batches."""

import os
from random import Random

import everything
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_engine import PlainEngine
from ruletools import BAD, T0, Rig

from plantroom.readings import ReadingBatch
from plantroom.times import SECOND
from rules.engine import AlarmChange

EXAMPLES = int(os.environ.get("PLANTROOM_TESTS_EXAMPLES", "150"))
"""How many examples the properties of everything take; more where machines have time."""

RULES = {
    "at_once": "flow < 10",
    "delayed": {"when": "running and flow < 20", "on_delay": "10s", "off_delay": "15s"},
    "either": {"when": "pressure > 5 or trip", "on_delay": "5s"},
    "inverse": {"when": "not (pressure >= 5 and running)", "on_delay": "20s", "off_delay": "5s"},
    "word": {"when": 'mode != "normal" and not trip', "on_delay": "10s"},
    "sums": {"when": "abs(pressure - other_pressure / 2) * 2 > 50 % * 8 bar", "off_delay": "10s"},
    "ratio": {"when": "flow / rated_flow < 30 % or max(flow, 12) < 5 + flow / 2", "on_delay": "5s"},
    "same": {"when": "running != trip", "on_delay": "10s"},
    "quotient": {"when": "current / flow > 1 A / 2 m3/h", "off_delay": "5s"},
}
VALUES = {
    "running": [0, 1, 1],
    "trip": [0, 0, 1],
    "mode": [0, 1],
    "flow": [0, 9, 11, 18, 22, 30, 90],
    "pressure": [4.7, 4.9, 5.0, 5.1, 9],
    "other_pressure": [900, 1000, 1100],
    "current": [0, 5, 20],
}
WITHOUT = ("temperature",)


@st.composite
def snapshots(draw: st.DrawFn) -> list[list[tuple[object, ...]]]:
    """For each timestamp of each equipment, its readings; timestamps in order, now and then far apart."""
    found = []
    for equipment in (1, 2):
        at = draw(st.integers(0, 3))
        for _ in range(draw(st.integers(1, 14))):
            at += draw(st.sampled_from([1, 5, 5, 5, 5, 10, 10, 30, 31, 60]))
            keys = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=5, unique=True))
            found.append(
                [
                    (
                        key,
                        at,
                        draw(st.sampled_from(VALUES[key])),
                        draw(st.sampled_from([0, 0, 0, 0, BAD])),
                        equipment,
                    )
                    for key in keys
                ]
            )
    return found


def plain_form(changes: list[AlarmChange]) -> list[tuple[int, int, str, str]]:
    return [(item.ts, item.equipment_id, item.rule, str(item.event)) for item in changes]


RIG = Rig(RULES, count=2, without=WITHOUT)


def run(batches: list[ReadingBatch]) -> list[tuple[int, int, str, str]]:
    engine = RIG.fresh()
    return sorted(change for batch in batches for change in plain_form(engine.step(batch, T0)))


def rows_in_time(data: list[list[tuple[object, ...]]]) -> list[list[tuple[object, ...]]]:
    return sorted(data, key=lambda rows: rows[0][1])


@settings(max_examples=300, deadline=None)
@given(snapshots(), st.floats(0.05, 1), st.integers(0, 2**32))
def test_any_split_between_timestamps_gives_the_same_changes(data, share, seed) -> None:
    random = Random(seed)
    ordered = rows_in_time(data)
    whole = run([RIG.batch(*(row for rows in ordered for row in rows))])
    sent: list[tuple[object, ...]] = []
    batches, batch = [], []
    for rows in ordered:
        batch += random.sample(rows, len(rows))
        sent += rows
        if random.random() < 0.3:
            batch.append(random.choice(sent))  # delivered once more, at once or much later
        if random.random() < share:
            batches.append(RIG.batch(*batch))
            batch = []
    batches.append(RIG.batch(*batch))
    assert run(batches) == whole


@settings(max_examples=150, deadline=None)
@given(snapshots(), st.integers(0, 4), st.integers(0, 2**32))
def test_the_engine_does_what_the_plain_one_does(data, disordered, seed) -> None:
    random = Random(seed)
    rows = [row for rows in rows_in_time(data) for row in rows]
    for _ in range(disordered):  # some late, some newer for their point but not for their equipment
        rows.insert(random.randrange(len(rows)), rows.pop(random.randrange(len(rows))))
    engine, plain = RIG.fresh(), PlainEngine(RIG.cls, RIG.table)
    while rows:
        size = random.randint(1, 12)
        batch, rows = RIG.batch(*rows[:size]), rows[size:]
        assert plain_form(engine.step(batch, T0)) == plain.step(batch)
    assert (engine.late, engine.repeated) == (plain.late, plain.repeated)


@settings(max_examples=60, deadline=None)
@given(snapshots(), st.integers(0, 2**32))
def test_a_checkpoint_anywhere_changes_nothing(data, seed) -> None:
    rows = [row for rows in rows_in_time(data) for row in rows]
    whole = plain_form(RIG.fresh().step(RIG.batch(*rows), T0))
    at = Random(seed).choice(rows)[1]
    before = [row for row in rows if row[1] <= at]
    engine = RIG.fresh()
    first = plain_form(engine.step(RIG.batch(*before), T0))
    successor = RIG.fresh()
    since = successor.restore(engine.checkpoint())
    assert since is not None
    again = [row for row in rows if T0 + row[1] * SECOND >= since]
    assert sorted(first + plain_form(successor.step(RIG.batch(*again), T0))) == whole


@pytest.mark.timeout(600)
@settings(max_examples=EXAMPLES, deadline=None)
@given(everything.readings(), st.integers(0, 2**32))
def test_s15_s23_any_batches_order_and_repetition_within_the_lateness(rows, seed) -> None:
    random = Random(seed)
    end = everything.end_of(rows)
    plain = everything.fresh()
    whole = plain.step(everything.batch(rows), T0) + plain.advance(end)
    engine = everything.fresh()
    found = []
    for part in everything.split(everything.arrival(rows, random), random):
        found += engine.step(everything.batch(part), T0)
    found += engine.advance(end)
    assert everything.told(found) == everything.told(whole)


@pytest.mark.timeout(600)
@settings(max_examples=max(50, EXAMPLES // 8), deadline=None)
@given(everything.readings(), st.integers(0, 2**32))
def test_s19_a_checkpoint_at_any_moment_changes_nothing(rows, seed) -> None:
    random = Random(seed)
    end = everything.end_of(rows)
    plain = everything.fresh()
    whole = plain.step(everything.batch(rows), T0) + plain.advance(end)
    parts = everything.split(everything.arrival(rows, random), random)
    stop = random.randint(0, len(parts))
    engine = everything.fresh()
    found = []
    for part in parts[:stop]:
        found += engine.step(everything.batch(part), T0)
    successor = everything.fresh()
    since = successor.restore(engine.checkpoint())
    stored = sorted({row for part in parts[:stop] for row in part}, key=lambda row: row[2])
    again = [row for row in stored if since is None or everything.START + row[2] * SECOND >= since]
    for part in [again, *parts[stop:]]:
        found += successor.step(everything.batch(part), T0)
    found += successor.advance(end)
    assert everything.told(found) == everything.told(whole)


def test_the_readings_of_everything_raise_every_rule() -> None:
    raised = set()
    for seed in range(200):
        rows = everything.rows_of(Random(seed))
        raised |= {item.rule for item in everything.fresh().step(everything.batch(rows), T0)}
        if raised == {*everything.RULES, *everything.PLANT_RULES}:
            return
    assert raised == {*everything.RULES, *everything.PLANT_RULES}

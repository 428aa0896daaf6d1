"""Suppression by design: what follows from an alarm lies under it, and comes back when it must."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plantroom.alarms import AlarmEvent
from plantroom.stores.records import alarms, work_orders
from plantroom.stores.records.tables import AlarmRow
from tests.rules.alarmkit import SITE, Plant, at


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    found = Plant(tmp_path)
    yield found
    found.close()


# what happens, and how the alarms stand then
CASES: dict[str, tuple[str, dict[str, str]]] = {
    "what is fed lies under the loss": (
        "+board.lost@0 +pump.slow@5",
        {"board.lost": "unacknowledged", "pump.slow": "suppressed > board.lost"},
    ),
    "and its parts": (
        "+board.lost@0 +motor.slow@5",
        {"board.lost": "unacknowledged", "motor.slow": "suppressed > board.lost"},
    ),
    "all the way down, under the topmost": (
        "+grid.lost@0 +board.lost@2 +pump.slow@5 +motor.weak@6",
        {
            "grid.lost": "unacknowledged",
            "board.lost": "suppressed > grid.lost",
            "pump.slow": "suppressed > grid.lost",
            "motor.weak": "suppressed > grid.lost",
        },
    ),
    "in whatever order they come": (
        "+motor.weak@0 +pump.slow@1 +board.lost@2 +grid.lost@5",
        {
            "motor.weak": "suppressed > grid.lost",
            "pump.slow": "suppressed > grid.lost",
            "board.lost": "suppressed > grid.lost",
            "grid.lost": "unacknowledged",
        },
    ),
    "a rule that does not suppress hides nothing of what is fed": (
        "+board.warm@0 +pump.slow@5",
        {"board.warm": "unacknowledged", "pump.slow": "unacknowledged"},
    ),
    "nor what is not fed": (
        "+board.lost@0 +lone.slow@5 +board.warm@6",
        {"board.lost": "unacknowledged", "lone.slow": "unacknowledged", "board.warm": "unacknowledged"},
    ),
    "nor what feeds it": (
        "+pump.trip@0 +board.lost@5",
        {"pump.trip": "suppressed > board.lost", "board.lost": "unacknowledged"},
    ),
    "nor another site's equipment of the same name": (
        "+board.lost@0 +far/pump.slow@5",
        {"board.lost": "unacknowledged", "pump.slow": "unacknowledged"},
    ),
    "never what is about lives": (
        "+pump.gas@0 +board.lost@1 +motor.gas@2",
        {"pump.gas": "unacknowledged", "board.lost": "unacknowledged", "motor.gas": "unacknowledged"},
    ),
    "nor the fire system's": (
        "+panel.trouble@0 +board.lost@1",
        {"panel.trouble": "unacknowledged", "board.lost": "unacknowledged"},
    ),
    "a rule explains others of the same equipment": (
        "+pump.trip@0 +pump.slow@5 +motor.slow@6",
        {
            "pump.trip": "unacknowledged",
            "pump.slow": "suppressed > pump.trip",
            "motor.slow": "unacknowledged",
        },
    ),
    "and by way of one that it explains": (
        "+pump.slow@0 +pump.weak@1 +pump.trip@2",
        {
            "pump.slow": "suppressed > pump.trip",
            "pump.weak": "suppressed > pump.trip",
            "pump.trip": "unacknowledged",
        },
    ),
    "but not where that one is not there": (
        "+pump.trip@0 +pump.weak@5",
        {"pump.trip": "unacknowledged", "pump.weak": "unacknowledged"},
    ),
    "what explains the loss is the root of all": (
        "+board.lost@0 +pump.slow@5 +board.open@6",
        {
            "board.lost": "suppressed > board.open",
            "pump.slow": "suppressed > board.open",
            "board.open": "unacknowledged",
        },
    ),
    "what was there long before does not follow": (
        "+pump.slow@0 +board.lost@41",
        {"pump.slow": "unacknowledged", "board.lost": "unacknowledged"},
    ),
    "what came before, within the delay and a little, does": (
        "+pump.slow@0 +board.lost@40",
        {"pump.slow": "suppressed > board.lost", "board.lost": "unacknowledged"},
    ),
    "what had gone before is left as it is": (
        "+pump.slow@0 -pump.slow@5 +board.lost@6",
        {"pump.slow": "returned_unacknowledged", "board.lost": "unacknowledged"},
    ),
    "what has gone under the root is normal after it": (
        "+board.lost@0 +pump.slow@5 -pump.slow@20 -board.lost@30",
        {"board.lost": "returned_unacknowledged", "pump.slow": "normal"},
    ),
    "what still stands after the root asks for attention": (
        "+board.lost@0 +pump.slow@5 -board.lost@30",
        {"board.lost": "returned_unacknowledged", "pump.slow": "unacknowledged"},
    ),
    "what latched under the root is latched after it": (
        "+board.lost@0 +pump.stuck@5 -pump.stuck@6 -board.lost@30",
        {"board.lost": "returned_unacknowledged", "pump.stuck": "latched_unacknowledged"},
    ),
    "one loss less, the next is the root": (
        "+grid.lost@0 +board.lost@2 +pump.slow@5 +motor.weak@6 -grid.lost@30",
        {
            "grid.lost": "returned_unacknowledged",
            "board.lost": "unacknowledged",
            "pump.slow": "suppressed > board.lost",
            "motor.weak": "suppressed > board.lost",
        },
    ),
    "whichever was raised first": (
        "+pump.slow@0 +board.lost@2 +grid.lost@5 -grid.lost@30",
        {
            "pump.slow": "suppressed > board.lost",
            "board.lost": "unacknowledged",
            "grid.lost": "returned_unacknowledged",
        },
    ),
    "without the link between them the last stands for itself": (
        "+pump.trip@0 +pump.slow@1 +pump.weak@2 -pump.slow@10",
        {
            "pump.trip": "unacknowledged",
            "pump.slow": "suppressed > pump.trip",
            "pump.weak": "unacknowledged",
        },
    ),
    "a link that has gone leaves those that need no link": (
        "+grid.lost@0 +board.lost@1 +pump.slow@2 -board.lost@10",
        {
            "grid.lost": "unacknowledged",
            "board.lost": "suppressed > grid.lost",
            "pump.slow": "suppressed > grid.lost",
        },
    ),
    "a later loss does not take over what was there long before it": (
        "+pump.slow@0 +board.lost@5 +grid.lost@100 -board.lost@110",
        {
            "pump.slow": "unacknowledged",
            "board.lost": "returned_unacknowledged",
            "grid.lost": "unacknowledged",
        },
    ),
    "again under the root": (
        "+board.lost@0 +pump.slow@5 -pump.slow@8 +pump.slow@12",
        {"board.lost": "unacknowledged", "pump.slow": "suppressed > board.lost"},
    ),
    "and after it on its own": (
        "+board.lost@0 +pump.slow@5 -pump.slow@8 -board.lost@9 +pump.slow@12",
        {"board.lost": "returned_unacknowledged", "pump.slow": "unacknowledged"},
    ),
    "of two that explain each other the first stays": (
        "+pump.this@0 +pump.that@1",
        {"pump.this": "unacknowledged", "pump.that": "suppressed > pump.this"},
    ),
    "and then the other": (
        "+pump.this@0 +pump.that@1 -pump.this@2 +pump.this@3",
        {"pump.this": "suppressed > pump.that", "pump.that": "unacknowledged"},
    ),
    "a rule that is switched off there hides nothing": (
        "+quiet.lost@0 +fed.slow@1",
        {"quiet.lost": "unacknowledged", "fed.slow": "unacknowledged"},
    ),
}


@pytest.mark.parametrize("one_by_one", [False, True], ids=["one batch", "one by one"])
@pytest.mark.parametrize("case", CASES)
def test_how_they_stand(plant: Plant, case: str, *, one_by_one: bool) -> None:
    words, expected = CASES[case]
    plant.apply(words, one_by_one=one_by_one)
    assert plant.states() == expected


def test_what_is_raised_under_a_root_was_never_announced_and_calls_for_nothing(plant: Plant) -> None:
    plant.apply("+board.lost@0 +pump.slow@5 +motor.weak@6")
    assert plant.history("pump.slow") == ["suppress suppressed", "raise suppressed"]
    assert plant.orders() == ["board.lost@0"]
    root = plant.row("board.lost")
    with plant.database.session() as session:
        found = [f"{row.equipment.key}.{row.rule}" for row in alarms.explained_by(session, root.id)]
        assert found == ["pump.slow", "motor.weak"]
        assert alarms.explained_counts(session, [root.id, plant.row("pump.slow").id]) == {root.id: 2}


def test_what_comes_back_calls_for_its_order_when_it_does(plant: Plant) -> None:
    plant.apply("+board.lost@0 +pump.slow@5 +motor.weak@6 -motor.weak@20 -board.lost@300")
    assert plant.history("pump.slow")[2:] == ["unsuppress unacknowledged"]
    assert plant.orders() == ["board.lost@0", "pump.slow@300"]


def test_the_order_of_what_came_first_stays_and_says_why(plant: Plant) -> None:
    plant.apply("+pump.slow@0 +board.lost@5")
    assert plant.orders() == ["pump.slow@0", "board.lost@5"]
    root = plant.row("board.lost").id
    with plant.database.session() as session:
        assert work_orders.get(session, 1).state == "open"
        newest = work_orders.history_of(session, 1)[0]
        assert (newest.action, newest.by, newest.at) == ("comment", "rules", at(5))
        assert newest.note == f"follows from alarm {root}: lost on hq/board"
    plant.apply("-board.lost@60")
    assert plant.orders() == ["pump.slow@0", "board.lost@5"]  # its call was answered before


def test_acknowledged_before_it_asks_again_after(plant: Plant) -> None:
    plant.apply("+pump.slow@0")
    with plant.database.transaction() as session:
        alarms.act(session, 1, AlarmEvent.ACKNOWLEDGE, by="li", now=at(1))
    plant.apply("+board.lost@5 -board.lost@60")
    row = plant.row("pump.slow")
    assert (row.state, row.acknowledged_at, row.acknowledged_by) == ("unacknowledged", None, None)


def test_a_shelf_goes_before_the_root_which_waits_behind_it(plant: Plant) -> None:
    plant.apply("+pump.slow@0")
    with plant.database.transaction() as session:
        alarms.act(session, 1, AlarmEvent.SHELVE, by="li", now=at(1), until=at(100))
    plant.apply("+board.lost@5")
    assert plant.states()["pump.slow"] == "shelved > board.lost"
    with plant.database.transaction() as session:
        assert alarms.unshelve_expired(session, at(100)) == 1
    assert plant.states()["pump.slow"] == "suppressed > board.lost"
    with plant.database.transaction() as session:
        assert plant.dispatcher.call_for_waiting(session) == 0
    plant.apply("-board.lost@200")
    assert plant.states()["pump.slow"] == "unacknowledged"


def test_a_root_that_clears_while_it_is_shelved_frees_the_others(plant: Plant) -> None:
    plant.apply("+board.lost@0 +pump.slow@5")
    with plant.database.transaction() as session:
        alarms.act(session, 1, AlarmEvent.SHELVE, by="li", now=at(6), until=at(1000))
    assert plant.states()["pump.slow"] == "suppressed > board.lost"
    plant.apply("-board.lost@60")
    assert plant.states() == {"board.lost": "shelved", "pump.slow": "unacknowledged"}


def test_a_root_whose_equipment_is_retired_frees_the_others(plant: Plant) -> None:
    plant.apply("+grid.lost@0 +board.lost@1 +pump.slow@5 +motor.slow@6 -motor.slow@7")
    with plant.database.transaction() as session:
        assert plant.dispatcher.settle(session, at(50)) == 0
    gone = SITE.replace(", served_by: grid", "").replace(
        "      - {key: grid, class: feeder, name: {en: Grid, zh: 电网}}\n", ""
    )
    plant.bring(gone)
    with plant.database.transaction() as session:
        assert plant.dispatcher.settle(session, at(60)) == 2
        assert plant.dispatcher.settle(session, at(70)) == 0
    assert plant.states() == {
        "grid.lost": "unacknowledged",  # of what is no more; it stays in the list
        "board.lost": "unacknowledged",
        "pump.slow": "suppressed > board.lost",
        "motor.slow": "normal",
    }
    assert plant.orders() == ["grid.lost@0", "board.lost@60"]


WORDS = [
    f"{sign}{name}"
    for name in ("grid.lost", "board.lost", "board.open", "pump.trip", "pump.slow", "pump.weak", "pump.stuck",
                 "motor.slow", "pump.this", "pump.that", "pump.gas", "panel.trouble")
    for sign in "+-"
]  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 25)), max_size=25),
    st.lists(st.integers(0, 25), max_size=6),
)
def test_any_changes_leave_roots_that_stand_and_nothing_hidden_without_one(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]], cuts: list[int]
) -> None:
    seconds, words = 0, []
    for word, pause in steps:
        seconds += pause
        words.append(f"{word}@{seconds}")
    whole, split = (Plant(tmp_path_factory.mktemp(name)) for name in ("whole", "split"))
    whole.apply(" ".join(words))
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(words)], strict=True):
        split.apply(" ".join(words[start:end]))
    assert whole.everything() == split.everything()
    before = whole.everything()
    whole.apply(" ".join(words))
    assert whole.everything() == before  # a second delivery has no effect
    with whole.database.session() as session:
        for row in session.scalars(alarms.query()):
            if row.root_alarm_id is None:
                assert row.state != "suppressed"
                continue
            root = session.get_one(AlarmRow, row.root_alarm_id)
            assert (root.active, root.root_alarm_id) == (True, None)
            assert (row.rule not in ("gas", "trouble"), row.state) == (True, "suppressed")
    whole.close()
    split.close()

"""The outbox: written with the change, claimed by one, forgotten by none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from plantroom.notifications import NotificationKind
from plantroom.stores.records import Database, outbox
from plantroom.stores.records.tables import OutboxRow
from plantroom.times import SECOND
from tests.plantroom.records.kit import START

KIND = NotificationKind.ALARM_RAISED


def put(database: Database, *keys: str) -> None:
    with database.transaction() as session:
        for key in keys:
            outbox.put(session, KIND, key, site="north", at=START, payload={"name": "泵 'x'; --"})


def claim(database: Database, now: int = START, limit: int = 20) -> list[str]:
    with database.transaction() as session:
        return [row.key for row in outbox.claim(session, now, limit)]


def test_a_key_is_there_once(empty: Database) -> None:
    put(empty, "a", "b")
    put(empty, "a")
    assert claim(empty) == ["a", "b"]


def test_what_is_rolled_back_is_not_told(empty: Database) -> None:
    def fail() -> None:
        with empty.transaction() as session:
            outbox.put(session, KIND, "a", site="north", at=START, payload={})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert claim(empty) == []


def test_what_is_claimed_is_no_one_elses_until_its_time_is_up(empty: Database) -> None:
    put(empty, "a", "b", "c")
    assert claim(empty, limit=2) == ["a", "b"]
    assert claim(empty) == ["c"]
    assert claim(empty, START + outbox.CLAIM - 1) == []
    assert claim(empty, START + outbox.CLAIM) == ["a", "b", "c"]


def test_what_is_settled_is_not_claimed_again_and_dropped_in_the_end(empty: Database) -> None:
    put(empty, "a", "b")
    with empty.transaction() as session:
        rows = outbox.claim(session, START)
        assert outbox.to_domain(rows[0]).payload == {"name": "泵 'x'; --"}
        outbox.settle(session, rows[0].id, START)
    assert claim(empty, START + outbox.CLAIM) == ["b"]
    with empty.transaction() as session:
        assert outbox.drop_old(session, START + outbox.KEPT) == 0
        assert outbox.drop_old(session, START + outbox.KEPT + 1) == 1
        assert outbox.counts(session) == (1, 0)
    put(empty, "b")
    assert claim(empty, START + 2 * outbox.CLAIM) == ["b"]


def test_waits_double_up_to_an_hour_and_then_it_is_given_up(empty: Database) -> None:
    put(empty, "a")
    now, waits = START, []
    for attempt in range(outbox.MAX_ATTEMPTS):
        with empty.transaction() as session:
            (row,) = outbox.claim(session, now)
            dead = outbox.put_off(session, row, "no answer " * 500, now)
        assert dead == (attempt + 1 == outbox.MAX_ATTEMPTS)
        with empty.session() as session:
            again = session.get_one(OutboxRow, row.id)
        waits.append(again.next_try_at - now)
        now = again.next_try_at
    assert waits[:4] == [5 * SECOND, 10 * SECOND, 20 * SECOND, 40 * SECOND]
    assert waits[-1] == outbox.LONGEST_RETRY
    with empty.session() as session:
        assert outbox.counts(session) == (0, 1)
        assert (again.dead_at, len(again.error)) == (waits_end(waits), 1000)
    assert claim(empty, now + outbox.KEPT) == []


def waits_end(waits: list[int]) -> int:
    return START + sum(waits[:-1])


def test_many_relays_at_once_get_each_once(empty: Database) -> None:
    put(empty, *(f"k{number}" for number in range(60)))

    def take(_: int) -> list[str]:
        found = []
        while keys := claim(empty, limit=3):
            found += keys
        return found

    with ThreadPoolExecutor(6) as pool:
        found = [key for keys in pool.map(take, range(6)) for key in keys]
    assert sorted(found) == sorted(f"k{number}" for number in range(60))

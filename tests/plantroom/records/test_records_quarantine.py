"""The quarantine in the database."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from plantroom.quarantine import QuarantinedMessage
from plantroom.stores.records import Database, quarantine
from plantroom.stores.records.quarantine import QuarantineStore, printable
from plantroom.stores.records.tables import QuarantineRow
from tests.plantroom.records.kit import START


def message(
    number: int, reason: str = "json", topic: str = "plantroom/v1/north/mill-1"
) -> QuarantinedMessage:
    return QuarantinedMessage(START + number, topic, reason, f"wrong {number}", b"\xff\x00", 2)


def numbers(database: Database) -> list[int]:
    with database.session() as session:
        rows = session.scalars(quarantine.query().order_by(QuarantineRow.id))
        return [row.received_at - START for row in rows]


def test_the_newest_are_kept_up_to_the_bound(empty: Database) -> None:
    store = QuarantineStore(empty, limit=10)
    for number in range(0, 25, 5):
        store.keep([message(number + offset) for offset in range(5)])
    assert numbers(empty) == list(range(15, 25))


def test_a_flood_in_one_call_is_cut_before_it_is_written(empty: Database) -> None:
    store = QuarantineStore(empty, limit=10)
    store.keep([message(number) for number in range(1000)])
    assert numbers(empty) == list(range(990, 1000))


def test_nothing_is_nothing(empty: Database) -> None:
    QuarantineStore(empty).keep([])
    assert numbers(empty) == []


def test_counts_by_reason(empty: Database) -> None:
    QuarantineStore(empty).keep([message(0, "utf8"), message(1), message(2)])
    with empty.session() as session:
        assert quarantine.count_by_reason(session) == {"json": 2, "utf8": 1}


@pytest.mark.parametrize(
    ("topic", "kept"),
    [
        ("a\0b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("a\u202eb", "a\ufffdb"),
        ("a\nb\x1b[31m", "a\ufffdb\ufffd[31m"),
        ("x" * 60_000, "x" * 1000),
        ("机房/<b>=1+1'; DROP TABLE quarantine; --", "机房/<b>=1+1'; DROP TABLE quarantine; --"),
    ],
)
def test_topics_from_outside_are_inert(empty: Database, topic: str, kept: str) -> None:
    QuarantineStore(empty).keep([message(0, topic=topic)])
    with empty.session() as session:
        row = session.scalars(select(QuarantineRow)).one()
        assert (row.topic, row.head) == (kept, b"\xff\x00")
    assert printable(topic) == kept

"""Pages by key, and cursors that somebody made up."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from plantroom.stores.records import Database
from plantroom.stores.records.paging import CursorError, page
from plantroom.stores.records.tables import AlarmRow, EquipmentRow, SiteRow
from tests.plantroom.records.kit import START

# severity and raised_ts of alarms 1 to 8: ties, and times that are missing
ROWS = [(3, 5), (3, 5), (1, None), (5, 1), (3, None), (1, 9), (5, 1), (2, -7)]


@pytest.fixture
def filled(database: Database) -> Database:
    with database.transaction() as session:
        for number, (severity, raised) in enumerate(ROWS):
            session.add(
                AlarmRow(
                    equipment_id=1,
                    rule=f"rule-{number}",
                    severity=severity,
                    latching=False,
                    state="normal",
                    active=False,
                    raised_ts=raised,
                    process_ts=0,
                    occurrences=0,
                    readings={},
                    changed_at=START,
                )
            )
    return database


@pytest.mark.parametrize("limit", [1, 2, 3, 8, 500])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("by", [AlarmRow.severity, AlarmRow.raised_ts, AlarmRow.changed_at, AlarmRow.id])
def test_pages_have_every_row_once_in_order(
    filled: Database, by: object, descending: bool, limit: int
) -> None:
    found: list[AlarmRow] = []
    cursor = None
    with filled.session() as session:
        while True:
            one = page(
                session,
                select(AlarmRow),
                by=by,  # type: ignore[arg-type]
                key=AlarmRow.id,
                descending=descending,
                cursor=cursor,
                limit=limit,
            )
            assert one.total == 8
            assert len(one.rows) <= limit
            found += one.rows
            cursor = one.next_cursor
            if cursor is None:
                break
    name = by.key  # type: ignore[attr-defined]
    sign = -1 if descending else 1

    def order(row: AlarmRow) -> tuple[bool, int, int]:
        value = getattr(row, name)
        return (value is None, sign * (value or 0), sign * row.id)

    assert [row.id for row in found] == [row.id for row in sorted(found, key=order)]
    assert sorted(row.id for row in found) == list(range(1, 9))


def test_rows_that_come_and_go_between_pages_leave_the_others_alone(filled: Database) -> None:
    with filled.session() as session:
        first = page(session, select(AlarmRow), by=AlarmRow.id, key=AlarmRow.id, limit=3)
    with filled.transaction() as session:
        session.delete(session.get_one(AlarmRow, 3))
        session.delete(session.get_one(AlarmRow, 5))
    with filled.session() as session:
        rest = page(session, select(AlarmRow), by=AlarmRow.id, key=AlarmRow.id, cursor=first.next_cursor)
    assert [row.id for row in rest.rows] == [4, 6, 7, 8]


def test_text_keys_page_too(database: Database) -> None:
    with database.session() as session:
        first = page(session, select(SiteRow), by=SiteRow.key, key=SiteRow.key, limit=1)
        second = page(
            session, select(SiteRow), by=SiteRow.key, key=SiteRow.key, limit=1, cursor=first.next_cursor
        )
        assert [row.key for row in first.rows + second.rows] == ["north", "south"]
        named = page(session, select(EquipmentRow), by=EquipmentRow.name_zh, key=EquipmentRow.id, limit=2)
        more = page(
            session,
            select(EquipmentRow),
            by=EquipmentRow.name_zh,
            key=EquipmentRow.id,
            cursor=named.next_cursor,
        )
        assert len({row.id for row in named.rows + more.rows}) == 4


@pytest.mark.parametrize("limit", [-1, 0, 10**9])
def test_the_limit_is_held(filled: Database, limit: int) -> None:
    with filled.session() as session:
        found = page(session, select(AlarmRow), by=AlarmRow.id, key=AlarmRow.id, limit=limit)
        assert 1 <= len(found.rows) <= 500


def encoded(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


FORGED = [
    "",
    "x",
    "=",
    "é",
    "\ud800",
    "\0",
    "A" * 10_000,
    encoded("text"),
    encoded([]),
    encoded({}),
    encoded(None),
    encoded(["severity", False, 3]),
    encoded(["severity", True, 3, 1]),
    encoded(["raised_ts", False, 3, 1]),
    encoded(["password_hash", False, "", 1]),
    encoded(["severity", False, "3", 1]),
    encoded(["severity", False, 3.5, 1]),
    encoded(["severity", False, True, 1]),
    encoded(["severity", False, float("nan"), 1]),
    encoded(["severity", False, [3], 1]),
    encoded(["severity", False, 2**63, 1]),
    encoded(["severity", False, -(2**64), 1]),
    encoded(["severity", False, 10**400, 1]),
    encoded(["severity", False, 3, 2**63]),
    encoded(["severity", False, 3, None]),
    encoded(["severity", False, 3, "1"]),
    encoded(["severity", False, 3, "1; DROP TABLE alarms"]),
    encoded(["severity", False, 3, True]),
    base64.urlsafe_b64encode(b"[" * 5000).decode(),
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
]


@pytest.mark.parametrize("cursor", FORGED, ids=range(len(FORGED)))
def test_a_forged_cursor_is_refused(filled: Database, cursor: str) -> None:
    with filled.session() as session, pytest.raises(CursorError):
        page(session, select(AlarmRow), by=AlarmRow.severity, key=AlarmRow.id, cursor=cursor)


@pytest.mark.parametrize("value", ["a\0", "\ud800", "x" * 301, 5, None])
def test_a_forged_text_is_refused(database: Database, value: object) -> None:
    cursor = encoded(["key", False, "north", value])
    with database.session() as session, pytest.raises(CursorError):
        page(session, select(SiteRow), by=SiteRow.key, key=SiteRow.key, cursor=cursor)


Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=Json | st.tuples(st.just("severity"), st.booleans(), Json, Json).map(list),
    junk=st.text(max_size=30) | st.none(),
)
def test_any_cursor_gives_a_page_or_a_cursor_error(
    filled: Database, content: object, junk: str | None
) -> None:
    cursor = encoded(content) if junk is None else junk
    with filled.session() as session:
        try:
            found = page(session, select(AlarmRow), by=AlarmRow.severity, key=AlarmRow.id, cursor=cursor)
        except CursorError:
            return
    assert len(found.rows) <= 8

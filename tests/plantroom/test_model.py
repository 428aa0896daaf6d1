"""The property's names: texts in two languages, and the table from names to ids."""

from __future__ import annotations

import numpy as np
import pytest

from plantroom.model import Criticality, Equipment, Point, PointKind, PointTable, Text
from plantroom.times import MINUTE, SECOND


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (Text("Pump", "水泵"), "en", "Pump"),
        (Text("Pump", "水泵"), "zh", "水泵"),
        (Text("Pump", "水泵"), "zh-Hans-CN", "水泵"),
        (Text("Pump", "水泵"), "fr", "Pump"),
        (Text("Pump", ""), "zh", "Pump"),
        (Text("", "水泵"), "en", "水泵"),
        (Text("", ""), "en", ""),
    ],
)
def test_a_text_is_in_the_language_asked_for_or_the_one_it_has(
    text: Text, language: str, expected: str
) -> None:
    assert text.in_language(language) == expected


def equipment(number: int, key: str, site: str = "harbour") -> Equipment:
    return Equipment(number, site, key, "pump", Text(key, key))


def point(number: int, owner: Equipment, key: str, kind: PointKind = PointKind.ANALOG) -> Point:
    return Point(
        number, owner.site, owner.key, key, Text(key, key), kind, "bar", (0.0, 10.0 + number), None,
        sample=SECOND, stale_after=number * MINUTE,
    )  # fmt: skip


FIRST, SECOND_PUMP, ELSEWHERE = (
    equipment(4, "pump-01"),
    equipment(7, "pump-02"),
    equipment(9, "pump-01", "tower"),
)
POINTS = [
    point(2, FIRST, "flow"),
    point(5, FIRST, "running", PointKind.BINARY),
    point(3, SECOND_PUMP, "flow", PointKind.COUNTER),
    point(6, ELSEWHERE, "flow", PointKind.ENUM),
]


@pytest.fixture
def table() -> PointTable:
    return PointTable([FIRST, SECOND_PUMP, ELSEWHERE], POINTS)


def test_names_lead_to_ids_and_back(table: PointTable) -> None:
    for item in POINTS:
        assert table.id_of(item.site, item.equipment, item.key) == item.id
        assert table.points[item.id] is item
    assert table.of_equipment("harbour", "pump-01") == {"flow": 2, "running": 5}


@pytest.mark.parametrize(
    "names",
    [
        ("harbour", "pump-01", "head"),
        ("harbour", "pump-09", "flow"),
        ("nowhere", "pump-01", "flow"),
        ("", "", ""),
    ],
)
def test_unknown_names_lead_to_none(table: PointTable, names: tuple[str, str, str]) -> None:
    assert table.id_of(*names) is None


def test_equipment_is_known_by_path_and_id_and_may_have_no_points() -> None:
    table = PointTable([FIRST, ELSEWHERE], [])
    assert table.equipment_by_path == {"harbour/pump-01": FIRST, "tower/pump-01": ELSEWHERE}
    assert table.equipment_by_id == {4: FIRST, 9: ELSEWHERE}
    assert table.of_equipment("harbour", "pump-01") == {}
    assert table.of_equipment("harbour", "pump-02") is None


def test_columns_are_indexed_by_id_and_rows_without_a_point_say_so(table: PointTable) -> None:
    kinds = PointTable.KIND_CODES
    expected = [
        -1,
        -1,
        kinds[PointKind.ANALOG],
        kinds[PointKind.COUNTER],
        -1,
        kinds[PointKind.BINARY],
        kinds[PointKind.ENUM],
    ]
    assert table.size == 7
    assert table.kind.tolist() == expected
    assert table.equipment_id.tolist() == [-1, -1, 4, 7, -1, 4, 9]
    assert table.valid_high.tolist() == [np.inf, np.inf, 12.0, 13.0, np.inf, 15.0, 16.0]
    assert table.valid_low.tolist() == [-np.inf, -np.inf, 0.0, 0.0, -np.inf, 0.0, 0.0]
    assert table.stale_after.tolist() == [0, 0, 2 * MINUTE, 3 * MINUTE, 0, 5 * MINUTE, 6 * MINUTE]


def test_an_empty_property_has_columns_of_no_rows() -> None:
    table = PointTable([], [])
    assert table.size == 0
    assert len(table.kind) == len(table.stale_after) == 0
    assert table.id_of("harbour", "pump-01", "flow") is None


def test_equipment_is_of_middling_criticality_unless_said_otherwise() -> None:
    assert FIRST.criticality is Criticality.B
    assert FIRST.path == "harbour/pump-01"


def related(number: int, key: str, **given: object) -> Equipment:
    return Equipment(number, "harbour", key, "pump", Text(key, key), **given)  # type: ignore[arg-type]


class TestRelations:
    """A transformer feeds a board, the board has two feeders, a pump hangs on one of them."""

    transformer = related(1, "transformer")
    board = related(2, "board", served_by="transformer")
    feeder_b = related(5, "feeder-b", parent="board")
    feeder_a = related(3, "feeder-a", parent="board")
    pump = related(4, "pump", served_by="feeder-a")
    old = related(6, "old", served_by="feeder-a", retired_at=1)
    stranger = Equipment(7, "tower", "pump", "pump", Text("x", "x"), served_by="board")
    table = PointTable([transformer, board, feeder_b, feeder_a, pump, old, stranger], [])

    def test_above_and_below(self) -> None:
        assert self.table.parent_of(self.feeder_a) is self.board
        assert self.table.parent_of(self.pump) is None
        assert self.table.supplier_of(self.pump) is self.feeder_a
        assert self.table.supplier_of(self.transformer) is None
        assert self.table.children_of(self.board) == (self.feeder_a, self.feeder_b)
        assert self.table.served_from(self.transformer) == (self.board,)
        assert self.table.served_from(self.pump) == ()

    def test_what_is_retired_is_nobodys_part_and_another_site_has_its_own_names(self) -> None:
        assert self.table.served_from(self.feeder_a) == (self.pump,)
        assert self.table.served_from(self.board) == ()
        assert self.table.supplier_of(self.stranger) is None

    def test_up_and_down_all_the_way_through_both_relations(self) -> None:
        assert self.table.upstream_of(self.pump) == (self.feeder_a, self.board, self.transformer)
        assert self.table.downstream_of(self.transformer) == (
            self.board, self.feeder_a, self.feeder_b, self.pump,
        )  # fmt: skip
        assert self.table.downstream_of(self.pump) == ()

    def test_a_circle_through_both_relations_ends(self) -> None:
        board = related(1, "board", served_by="ups")
        ups = related(2, "ups", parent="board")
        table = PointTable([board, ups], [])
        assert (table.upstream_of(board), table.downstream_of(board)) == ((ups,), (ups,))

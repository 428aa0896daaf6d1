"""Wrong site files: each problem is named with file and line, and nothing of the file is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from plantroom.errors import SiteError
from plantroom.site_file import load_site_file
from plantroom.stores.records import Database
from plantroom.stores.records.tables import EquipmentRow
from tests.plantroom.records.kit import catalogue, import_text

GOOD = """\
sites:
  - key: north
    name: {en: North, zh: 北}
    zone: Asia/Shanghai
    spaces:
      - {key: b1, name: {en: B1, zh: B1}}
      - {key: b2, name: {en: B2, zh: B2}, parent: b1}
    equipment:
      - key: mill-1
        class: mill
        name: {en: Mill, zh: 磨}
        space: b1
      - key: mill-2
        class: mill
        name: {en: Mill, zh: 磨}
        served_by: mill-1
        parameters: {rated_flow: 30}
        points: {flow: {valid: [0, 50]}}
"""

# what is changed in the good file, into what, and what must be said where: line, key and words
WRONG: list[tuple[str, str, int, str, str]] = [
    ("zone: Asia/Shanghai", "zone: Beijing", 4, "zone", "not an IANA time zone"),
    ("zone: Asia/Shanghai", "time_zone: UTC", 4, "time_zone", "unknown key"),
    ("key: north", "key: North Tower", 2, "key", "match"),
    ("name: {en: North, zh: 北}", "name: {en: North}", 3, "name", "en and zh"),
    ("key: b2,", "key: b1,", 7, "key", "duplicate 'b1'"),
    ("parent: b1", "parent: roof", 7, "parent", "no space 'roof'"),
    ("parent: b1", "parent: b2", 7, "parent", "above itself"),
    ("zh: B1}}", "zh: B1}, parent: b2}", 6, "parent", "above itself"),
    ("key: mill-2", "key: mill-1", 13, "key", "duplicate 'mill-1'"),
    ("served_by: mill-1", "served_by: mill-2", 16, "served_by", "above itself"),
    ("served_by: mill-1", "served_by: boiler", 16, "served_by", "no equipment 'boiler'"),
    ("served_by: mill-1", "parent: mill-2", 16, "parent", "above itself"),
    ("served_by: mill-1", "parent: boiler", 16, "parent", "no equipment 'boiler'"),
    ("space: b1", "space: b9", 12, "space", "no space 'b9'"),
    (
        "class: mill\n        name: {en: Mill, zh: 磨}\n        space",
        "class: fan\n        name: {en: F, zh: F}\n        space",
        10,
        "class",
        "no equipment class 'fan'",
    ),
    ("{rated_flow: 30}", "{rated_speed: 30}", 17, "rated_speed", "it has rated_flow"),
    ("{rated_flow: 30}", "{rated_flow: 30 bar}", 17, "rated_flow", "measures"),
    ("{rated_flow: 30}", "{rated_flow: much}", 17, "rated_flow", "not a number"),
    ("{flow: {valid: [0, 50]}}", "{pressure: {valid: [0, 50]}}", 18, "pressure", "no such point"),
    ("valid: [0, 50]", "valid: [50, 0]", 18, "valid", "low < high"),
    ("valid: [0, 50]", "unit: bar", 18, "unit", "measures"),
    ("valid: [0, 50]", "sample: often", 18, "sample", "duration"),
    (
        "points: {flow: {valid: [0, 50]}}",
        "rules: {high_flow: {enabled: false}}",
        18,
        "high_flow",
        "no such rule",
    ),
    (
        "points: {flow: {valid: [0, 50]}}",
        "plans: {weekly: {last_done: 2026-01-01}}",
        18,
        "weekly",
        "no such plan",
    ),
    ("points: {flow: {valid: [0, 50]}}", "criticality: D", 18, "criticality", "'A', 'B' or 'C'"),
    ("points: {flow: {valid: [0, 50]}}", "installed_on: yesterday", 18, "installed_on", "date"),
    ("points: {flow: {valid: [0, 50]}}", "design_life_years: -1", 18, "design_life_years", "greater than 0"),
    ("points: {flow: {valid: [0, 50]}}", "key: again", 18, "key", "duplicate key"),
    ("points: {flow: {valid: [0, 50]}}", "points: [", 19, "", "expected"),
]


def test_circles_of_three_are_named_at_each_of_them(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    third = "      - {key: mill-3, class: mill, name: {en: Mill, zh: 磨}, parent: mill-1}\n"
    text = GOOD.replace("served_by: mill-1", "parent: mill-3").replace("space: b1", "parent: mill-2") + third
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SiteError) as raised:
        load_site_file(path, catalogue())
    found = [(problem.line, problem.key.rpartition(".")[2]) for problem in raised.value.problems]
    assert found == [(12, "parent"), (16, "parent"), (19, "parent")]


def test_the_good_file_is_good(empty: Database, tmp_path: Path) -> None:
    assert import_text(empty, tmp_path, GOOD).added == ("north/mill-1", "north/mill-2")


@pytest.mark.parametrize("case", WRONG, ids=range(len(WRONG)))
def test_a_wrong_file_says_where(
    empty: Database, tmp_path: Path, case: tuple[str, str, int, str, str]
) -> None:
    old, new, line, key, words = case
    assert old in GOOD
    with pytest.raises(SiteError) as raised:
        import_text(empty, tmp_path, GOOD.replace(old, new, 1))
    said = [
        (problem.file, problem.line)
        for problem in raised.value.problems
        if key in problem.key and words in problem.message and problem.column >= 1
    ]
    assert (tmp_path / "site.yaml", line) in said, str(raised.value)
    with empty.session() as session:
        assert session.scalar(select(func.count()).select_from(EquipmentRow)) == 0


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    text = GOOD.replace("zone: Asia/Shanghai", "zone: Beijing").replace("space: b1", "space: b9")
    path.write_text(text.replace("valid: [0, 50]", "valid: [50, 0]"), encoding="utf-8")
    with pytest.raises(SiteError) as raised:
        load_site_file(path, catalogue())
    assert [problem.line for problem in raised.value.problems] == [4, 12, 18]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xff\xfe", "UTF-8"),
        (b"sites: []", "at least 1 item"),
        (b"- a\n- b", "valid dictionary"),
        (b"sites: &x [*x]", "alias"),
        (b"sites: !!python/object/apply:os.system [true]", "tag"),
        (b"[" * 5000, "too deep"),
    ],
)
def test_what_is_no_site_file_at_all(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "site.yaml"
    path.write_bytes(content)
    with pytest.raises(SiteError, match=words):
        load_site_file(path, catalogue())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="cannot be read"):
        load_site_file(tmp_path / "none.yaml", catalogue())

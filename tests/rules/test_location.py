"""Problems of rule texts are placed in the file, however YAML wrote the text."""

from pathlib import Path

import pytest

from plantroom.catalogue import Catalogue
from plantroom.catalogue.loader import read_class
from rules.expression import check_catalogue

FILE = """\
key: thing
name: {{en: x, zh: x}}
system: water
team: {{en: x, zh: x}}
design_life_years: 1
source: test
points:
  - {{key: flow, name: {{en: x, zh: x}}, kind: analog, unit: m3/h, valid: [0, 9], normal: [0, 9], source: t}}
  - {{key: running, name: {{en: x, zh: x}}, kind: binary, source: test}}
  - {{key: mode, name: {{en: x, zh: x}}, kind: enum, values: {{normal: 0}}, source: test}}
rules:
  - key: bad
    name: {{en: x, zh: x}}
    when: {when}
    severity: major
    cause: {{en: x, zh: x}}
    consequence: {{en: x, zh: x}}
    remedy: {{en: x, zh: x}}
    source: test
    deadband: {{{deadband}}}
"""


def problems(tmp_path: Path, when: str, deadband: str = "") -> list[tuple[int, int, str, str]]:
    path = tmp_path / "thing.yaml"
    path.write_text(FILE.format(when=when, deadband=deadband), encoding="utf-8")
    cls, marks = read_class(path)
    found = check_catalogue(Catalogue({"thing": cls}, {"thing": marks}))
    assert all(item.file == path for item in found)
    return [(item.line, item.column, item.key, item.message) for item in found]


@pytest.mark.parametrize(
    ("when", "line", "column"),
    [
        ("running and flwo < 3", 14, 23),
        ("'running and flwo < 3'", 14, 24),
        ('"running and flwo < 3"', 14, 24),
        (">-\n      running\n      and flwo < 3", 16, 11),
        ("|\n      running\n\n      and flwo < 3", 17, 11),
        ("running\n      and flwo < 3", 15, 11),
        ('"mode == \\"normal\\" and flwo < 3"', 14, 35),
        ("'mode == ''normal'' and flwo < 3'", 14, 35),
        ("running and flow <", 14, 29),
        (">-\n      running\n      and", 16, 10),
        (">-\n      running and", 15, 18),
    ],
)
def test_the_place_in_the_file(tmp_path: Path, when: str, line: int, column: int) -> None:
    [(got_line, got_column, key, message)] = problems(tmp_path, when)
    assert (got_line, got_column, key) == (line, column, "rules.0.when")
    assert "flwo" in message or "too early" in message


def test_a_wrong_deadband_names_its_point(tmp_path: Path) -> None:
    [(line, _, key, message)] = problems(tmp_path, "flow < 3", "flow: 1 bar")
    assert (line, key) == (20, "rules.0.deadband.flow")
    assert "measures pressure" in message


def test_a_right_file_has_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, "running and flow < 3", "flow: 1 L/s") == []


def test_without_a_file_the_message_says_the_place(tmp_path: Path) -> None:
    path = tmp_path / "thing.yaml"
    path.write_text(FILE.format(when="running and flwo < 3", deadband=""), encoding="utf-8")
    cls, marks = read_class(path)
    path.unlink()
    [gone] = check_catalogue(Catalogue({"thing": cls}, {"thing": marks}))
    assert "line 1, column 13 of the text" in gone.message
    [unmarked] = check_catalogue(Catalogue({"thing": cls}))
    assert unmarked.key == "rules.bad.when"
    assert "flwo" in unmarked.message

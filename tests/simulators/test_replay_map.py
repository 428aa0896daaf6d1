"""The replay map: what it may say, and errors that name their line."""

from __future__ import annotations

from pathlib import Path

import pytest

import simulators
from plantroom.errors import MapError
from simulators.replay_map import load_map

GOOD = """\
site: hq
equipment: p1
delimiter: ";"
time: {column: when, zone: Asia/Shanghai}
points:
  flow: {column: Flow, unit: L/min}
derived:
  running: {column: Amps, above: 0.2}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "map.yaml"
    path.write_text(text)
    return path


def test_a_good_map_is_read(tmp_path: Path) -> None:
    plan = load_map(written(tmp_path, GOOD))
    assert (plan.site, plan.equipment, plan.delimiter, plan.time.format) == ("hq", "p1", ";", "iso")
    assert plan.points["flow"].unit == "L/min"
    assert plan.derived["running"].above == 0.2
    assert plan.columns == ["Flow", "Amps"]


def test_the_map_that_is_shipped_is_good() -> None:
    plan = load_map(Path(simulators.__file__).parent / "maps" / "skab.yaml")
    assert set(plan.points) | set(plan.derived) == {"flow", "current", "winding_temperature", "running"}


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("site: hq", "site: HQ", 1, "site: "),
        ("site: hq\n", "", 1, "site: is required"),
        ("unit: L/min", "unit: bucket", 6, "unknown unit 'bucket'"),
        ("zone: Asia/Shanghai", "zone: Asia/Atlantis", 4, "'Asia/Atlantis' is not an IANA time zone"),
        ("zone: Asia/Shanghai", "format: sometimes", 4, "format 'sometimes' is not iso"),
        ("above: 0.2", "above: 0.2, below: 5", 8, "needs above or below, and not both"),
        (", above: 0.2", "", 8, "needs above or below, and not both"),
        ("above: 0.2", "above: .nan", 8, "finite"),
        ("  running:", "  flow:", 1, "'flow' is both in points and in derived"),
        ('";"', '";;"', 3, "delimiter"),
        ("delimiter:", "encoding: utf-16\ndelimiter:", 1, "encoding 'utf-16' is unknown or not of bytes"),
        ("delimiter:", "encoding: rot13\ndelimiter:", 1, "encoding 'rot13' is unknown or not of bytes"),
        ("delimiter:", "encoding: nonsense\ndelimiter:", 1, "encoding 'nonsense'"),
        ("delimiter:", "separator:", 3, "separator: unknown key"),
        ("points:", "points: [", 7, "expected ',' or ']'"),
    ],
)
def test_a_wrong_map_names_its_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(MapError) as failure:
        load_map(path)
    assert failure.value.problems[0].line == line
    assert message in str(failure.value)


def test_a_map_of_no_point_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MapError, match="names no point"):
        load_map(written(tmp_path, "site: a\nequipment: b\ntime: {column: t}\n"))

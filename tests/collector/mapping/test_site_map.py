"""Layouts and map files: what is wrong in them is said with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.mapping.layout import load_layout, load_layouts
from collector.mapping.site_map import load_map, load_maps
from plantroom.errors import MapError
from tests.collector.kit import load_table

TABLE = load_table()
LAYOUTS = load_layouts()
GOOD = """maps:
  - layout: zigbee2mqtt
    site: hq
    base: plant/zigbee
    devices:
      hall/plug:
        equipment: pump-01
        points:
          state: running
          power: {point: elevator-01/car_position, unit: "", scale: 0.5}
"""


def written(folder: Path, text: str, name: str = "maps.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(MapError) as refused:
        load_map(written(folder, text), LAYOUTS, TABLE)
    return [str(problem).removeprefix(f"{folder}/") for problem in refused.value.problems]


def test_a_map(tmp_path: Path) -> None:
    (use,) = load_map(written(tmp_path, GOOD), LAYOUTS, TABLE)
    assert (use.layout.layout, use.site, use.base, use.direct) == ("zigbee2mqtt", "hq", "plant/zigbee", False)
    (binding,) = use.bindings
    assert binding.device == "hall/plug"
    assert {name: (target.equipment, target.point) for name, target in binding.targets.items()} == {
        "state": ("pump-01", "running"),
        "power": ("elevator-01", "car_position"),
    }
    assert binding.targets["power"].scale == 0.5


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "layout: zigbee2mqtt",
            "layout: zigbee",
            "maps.yaml:2:13: maps.0.layout: no layout 'zigbee'; there are",
        ),
        ("site: hq", "site: HQ", "maps.yaml:3:11: maps.0.site: string should match pattern"),
        (
            "base: plant/zigbee",
            "base: plantroom/v1",
            "maps.yaml:4:11: maps.0.base: base 'plantroom/v1' is not for maps",
        ),
        ("base: plant/zigbee", "base: $SYS", "maps.yaml:4:11: maps.0.base: base '$SYS' is not for maps"),
        ("base: plant/zigbee", "base: a/#", "maps.yaml:4:11: maps.0.base: '#' in 'a/#' is no level"),
        ("base: plant/zigbee", "base: a/+", "maps.yaml:4:11: maps.0.base: base is fixed levels"),
        ("site: hq", "site: hq\n    colour: red", "maps.yaml:4:13: maps.0.colour: unknown key"),
        (
            "equipment: pump-01",
            "equipment: pump-99",
            "maps.yaml:9:18: maps.0.devices.hall/plug.points.state: no equipment 'pump-99' at site 'hq'",
        ),
        (
            "        equipment: pump-01\n",
            "",
            "maps.yaml:8:18: maps.0.devices.hall/plug.points.state: needs its equipment",
        ),
        (
            "state: running",
            "state: runs",
            "maps.yaml:9:18: maps.0.devices.hall/plug.points.state: hq/pump-01 has no point 'runs'",
        ),
        (
            'unit: ""',
            "unit: bar",
            "maps.yaml:10:58: maps.0.devices.hall/plug.points.power.unit: 'bar' measures pressure",
        ),
        (
            "scale: 0.5",
            "scale: .inf",
            "maps.yaml:10:69: maps.0.devices.hall/plug.points.power.scale: input should be a finite number",
        ),
        ("maps:", "maps: []\nmore:", "maps.yaml:1:7: maps: tuple should have at least 1 item"),
        ("hall/plug:", "hall/plug: {}\n      hall/plug:", "maps.yaml:7:7: hall/plug: duplicate key"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert GOOD.count(old) == 1
    assert problems(tmp_path, GOOD.replace(old, new))[0].startswith(expected)


def test_a_field_that_the_layout_has_not(tmp_path: Path) -> None:
    layout = written(
        tmp_path,
        "layout: two\nabout: two fields\nsource: [practice]\nbase: two\n"
        "messages:\n  - {topic: '{base}/{device}', format: json, fields: {a: {}, b: {}}}\n",
        "two.yaml",
    )
    layouts = {"two": load_layout(layout)}
    path = written(
        tmp_path,
        "maps:\n  - layout: two\n    site: hq\n    devices: {x: {equipment: pump-01, points: {c: flow}}}\n",
    )
    with pytest.raises(MapError, match=r"maps\.yaml:4:\d+: .*layout two has no such field; it has a, b"):
        load_map(path, layouts, TABLE)


def test_two_maps_of_the_same_topics(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    with pytest.raises(MapError, match=r"maps\.0: zigbee2mqtt at base 'plant/zigbee' is there already"):
        load_maps([path, path], LAYOUTS, TABLE)


LAYOUT = """layout: mine
about: mine
source: [practice]
base: mine
messages:
  - topic: "{base}/{device}/{field}"
    format: value
    field: "{field}"
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'field: "{field}"',
            'field: "{other}"',
            "mine.yaml:6:5: messages.0: '{other}' names what the topic has not",
        ),
        (
            '    field: "{field}"\n',
            "",
            "mine.yaml:6:5: messages.0: a message of format value needs its field",
        ),
        ("format: value", "format: xml", "mine.yaml:7:13: messages.0.format: input should be 'json'"),
        ('/{field}"\n    format', '/#"\n    format', "mine.yaml:6:5: messages.0: '#' in"),
        ("layout: mine", "layout: yours", "mine.yaml:1:9: layout: must be the file's name, 'mine'"),
        ("source: [practice]", "source: []", "mine.yaml:3:9: source: tuple should have at least 1 item"),
    ],
)
def test_a_layout_is_checked(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert LAYOUT.count(old) == 1
    path = written(tmp_path, LAYOUT.replace(old, new), "mine.yaml")
    with pytest.raises(MapError) as refused:
        load_layout(path)
    assert str(refused.value).removeprefix(f"{tmp_path}/").startswith(expected)


def test_own_layouts_add_to_the_shipped_ones_and_replace_them(tmp_path: Path) -> None:
    written(tmp_path, LAYOUT, "mine.yaml")
    written(tmp_path, LAYOUT.replace("layout: mine", "layout: homie"), "homie.yaml")
    layouts = load_layouts(tmp_path)
    assert set(layouts) == set(LAYOUTS) | {"mine"}
    assert layouts["homie"].base == "mine"


def test_every_shipped_layout_names_its_source() -> None:
    for layout in LAYOUTS.values():
        assert all(source == "practice" or "https://" in source for source in layout.source)


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(MapError, match="no such folder"):
        load_layouts(tmp_path / "none")

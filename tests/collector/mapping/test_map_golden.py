"""Every file of `golden/maps` and `golden/sparkplug_b`; each shipped layout has one at least."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.collector.kit import GOLDEN
from tests.collector.mapping.map_case import LAYOUTS, check

CASES = sorted([*(GOLDEN / "maps").glob("*.json"), *(GOLDEN / "sparkplug_b").glob("*.json")])


def test_every_layout_has_a_case() -> None:
    used = {entry["layout"] for path in CASES for entry in json.loads(path.read_text())["maps"]}
    assert used == set(LAYOUTS)


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_case(path: Path, tmp_path: Path) -> None:
    check(path, tmp_path)

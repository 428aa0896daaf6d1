"""Every file of `golden/json_v1`: a message, and what must become of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.collector.golden_case import check_case
from tests.collector.kit import GOLDEN, load_table

CASES = sorted((GOLDEN / "json_v1").glob("*.json"))


def test_there_are_cases() -> None:
    assert len(CASES) > 70


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    check_case(path, load_table())

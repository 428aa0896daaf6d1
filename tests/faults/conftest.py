"""A scene that ends with its test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    """Makes scenes in the test's folder."""
    made: list[Scene] = []

    def make(**options: Any) -> Scene:
        made.append(Scene(tmp_path, **options))
        return made[-1]

    yield make
    for item in made:
        item.close()

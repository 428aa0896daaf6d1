"""A whole API on temporary stores, and a program for each role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from plantroom.work_orders import Role
from tests.api.kit import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    yield found
    found.close()


@pytest.fixture
def viewer(world: World) -> TestClient:
    return world.as_role(Role.VIEWER)


@pytest.fixture
def technician(world: World) -> TestClient:
    return world.as_role(Role.TECHNICIAN)


@pytest.fixture
def engineer(world: World) -> TestClient:
    return world.as_role(Role.ENGINEER)


@pytest.fixture
def admin(world: World) -> TestClient:
    return world.as_role(Role.ADMIN)

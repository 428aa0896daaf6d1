"""The properties that the tests of the simulators share, imported once."""

from __future__ import annotations

from pathlib import Path

import pytest

import simulators
from tests.simulators.kit import Property, load_property


@pytest.fixture(scope="session")
def demo() -> Property:
    """The demo's property."""
    return load_property(simulators.DEMO_SITE)


@pytest.fixture(scope="session")
def testbed() -> Property:
    """The SKAB testbed's property."""
    return load_property(Path(simulators.__file__).parent / "skab_site.yaml")

"""What tests have in common: servers that may be missing are skipped by name, and in CI never."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.servers.nodejs import modules
from tests.servers.postgresql import find_binaries

NEEDED = {
    "mosquitto": (
        lambda: shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin"),
        "needs a Mosquitto broker: apt-get install mosquitto",
    ),
    "postgresql": (
        find_binaries,
        "needs a PostgreSQL server: apt-get install postgresql",
    ),
    "node": (
        modules,
        "needs Node.js with a Sparkplug client: apt-get install nodejs npm; tests/servers/node/install",
    ),
    "browser": (
        lambda: shutil.which("chromium"),
        "needs Chromium: apt-get install chromium",
    ),
    "faketime": (
        lambda: shutil.which("faketime"),
        "needs a clock that can be set for one process: apt-get install faketime",
    ),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose server is missing, saying how to get it; fail it where CI must not skip."""
    required = os.environ.get("PLANTROOM_TESTS_REQUIRE", "").split(",")
    for marker, (find, message) in NEEDED.items():
        if item.get_closest_marker(marker) and not find():
            if marker in required:
                pytest.fail(message)
            pytest.skip(message)

"""What tests have in common: servers that may be missing are skipped by name, and in CI never."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.servers.influx import Influxd, find_influxd
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
    "influxdb": (
        find_influxd,
        "needs an InfluxDB 2 server: tests/servers/influxd/install builds one",
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


@pytest.fixture(scope="session")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    """A real InfluxDB that the tests of one process share, each with a bucket of its own."""
    server = Influxd(tmp_path_factory.mktemp("influxd"))
    yield server
    server.stop()

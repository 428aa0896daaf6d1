"""A real InfluxDB 2 of a test's own, on a free port with a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from itertools import count
from pathlib import Path

from influxdb_client import InfluxDBClient, OnboardingRequest
from influxdb_client.service.setup_service import SetupService

from plantroom.model import PointTable
from plantroom.stores.influx_server import InfluxAddress, InfluxServer
from plantroom.stores.influx_store import InfluxStore
from plantroom.stores.influx_tiers import Tier

SERVERS = Path(os.environ.get("PLANTROOM_SERVERS", "~/.cache/plantroom/servers")).expanduser()
START_SECONDS = 60.0
ORG = "plantroom"
EMPTY_TABLE = PointTable([], [])


def find_influxd() -> str | None:
    """The server's program: on the PATH, or as tests/servers/influxd/install built it."""
    built = sorted(SERVERS.glob("influxd-*/influxd"))
    return shutil.which("influxd") or (str(built[-1]) if built else None)


class Influxd:
    """A running server with the organization `plantroom`; `token` may do everything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._numbers = count()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        with InfluxDBClient(self.url, token="") as client:
            request = OnboardingRequest("tests", "a-password-of-tests", ORG, "first")
            self.token = SetupService(client.api_client).post_setup(request).auth.token

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = find_influxd()
        assert program is not None, "influxd is missing"
        options = {
            "bolt-path": self.folder / "bolt",
            "sqlite-path": self.folder / "sqlite",
            "engine-path": self.folder / "engine",
            "http-bind-address": f"127.0.0.1:{self.port}",
            "store": "disk",
            "reporting-disabled": "true",
            "log-level": "error",
        }
        arguments = [f"--{key}={value}" for key, value in options.items()]
        # the address variables of the machine could turn it elsewhere
        environment = {key: value for key, value in os.environ.items() if not key.startswith("INFLUX")}
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "run", *arguments], stdout=log, stderr=log, env=environment
            )
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, "influxd did not start in time"
            time.sleep(0.05)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it cleanly."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Let it hang: connections are taken and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def address(self, **changed: object) -> InfluxAddress:
        """Where it is, with the token that may do everything."""
        return InfluxAddress(**{"url": self.url, "org": ORG, "token": self.token, **changed})

    def new_bucket(self) -> str:
        """The name of an empty bucket that keeps for ever."""
        name = f"bucket-{next(self._numbers)}"
        with InfluxDBClient(self.url, token=self.token, org=ORG) as client:
            client.buckets_api().create_bucket(bucket_name=name)
        return name

    def store(self, bucket: str, **given: object) -> InfluxStore:
        """A store with this raw bucket alone."""
        table = given.pop("table", EMPTY_TABLE)
        server = InfluxServer(self.address(**given))
        return InfluxStore(server, (Tier(bucket, 0, 0),), lambda: table)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""A real PostgreSQL of the tests' own: in a temporary folder, on a Unix socket, thrown away afterwards."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import time
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import psycopg

_STEP = 0.02
_START_SECONDS = 60.0
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "256MB"}
"""Nobody keeps what the tests write."""
_MEMORY = Path("/dev/shm")
"""Where files are in memory, if the machine has it and room there: copying databases is most of the work."""


def find_binaries() -> Path | None:
    """The folder of the newest PostgreSQL server there is; Debian keeps it off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return None if on_path is None else Path(on_path).resolve().parent


def _user() -> str | None:
    """The user that the server runs as, since it refuses to be root; None for whoever we are."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class PostgresServer:
    """One server; it can be stopped, killed and started again on the same data."""

    def __init__(self, *, durable: bool = False) -> None:
        """`durable` keeps what is committed through a kill -9, as a server in earnest does."""
        binaries = find_binaries()
        assert binaries is not None, "no PostgreSQL server: apt-get install postgresql"
        self._binaries, self._durable = binaries, durable
        roomy = not durable and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 4 * 1024**3
        self.folder = Path(mkdtemp(prefix="plantroom-pg-", dir=_MEMORY if roomy else None))
        self._process: subprocess.Popen[bytes] | None = None
        user = _user()
        if user is not None:
            shutil.chown(self.folder, user)
        # ICU's English sorts and compares as little like SQLite as any locale in use does
        locale = ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"]
        initdb = [binaries / "initdb", "-D", self.folder / "data", "-U", "plantroom", "-A", "trust"]
        self._run([*initdb, "-E", "UTF8", "--no-sync", "--no-instructions", *locale])
        self.start()

    def url(self, database: str, **options: str) -> str:
        """The SQLAlchemy URL of a database on it."""
        more = "".join(f"&{key}={value}" for key, value in options.items())
        return f"postgresql+psycopg://plantroom@/{database}?host={self.folder}{more}"

    def start(self) -> None:
        """Begin to serve; returns when connections are taken."""
        settings = {"listen_addresses": "", "unix_socket_directories": str(self.folder)}
        settings |= {"max_connections": "200"} | ({} if self._durable else _FAST)
        command: list[str | Path] = [self._binaries / "postgres", "-D", self.folder / "data"]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, user=_user(), start_new_session=True
            )
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.execute("SELECT 1")
            except psycopg.OperationalError:
                assert time.monotonic() < end, (self.folder / "log").read_text()
                time.sleep(_STEP)
            else:
                return

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """The rows of one statement outside any transaction."""
        where = f"host={self.folder} user=plantroom dbname={database} connect_timeout=5"
        with psycopg.connect(where, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT breaks off what is connected, SIGKILL leaves everything as it is."""
        process, self._process = self._process, None
        if process is None:
            return
        if how is signal.SIGKILL:
            os.killpg(process.pid, how)  # the postmaster's children would live on for a moment
        else:
            process.send_signal(how)
        process.wait(60)

    def remove(self) -> None:
        """End it and take everything away."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, command: list[str | Path]) -> None:
        done = subprocess.run(
            command, check=False, cwd=self.folder, user=_user(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


@cache
def shared_server() -> PostgresServer:
    """The server that all tests of this process share."""
    server = PostgresServer()
    atexit.register(server.remove)
    return server

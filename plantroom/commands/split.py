"""`plantroom worker`, `plantroom scheduler` and `plantroom api`: the product in processes of their own."""

from __future__ import annotations

import signal
from contextlib import ExitStack

from plantroom.app.foundation import require_shared
from plantroom.app.scheduler import Scheduler
from plantroom.app.serving import listen, stopped_by_signal
from plantroom.app.web import Web
from plantroom.app.worker import Worker
from plantroom.commands.run import Host, Port, greet, leave, with_listener
from plantroom.commands.shared import SettingsFile, errors_in_print, out, settings_from
from plantroom.settings import Settings


def worker(settings: SettingsFile = None) -> None:
    """Run collector, rules and outbox; a second one on the same records stands by.

    Needs InfluxDB and PostgreSQL. PLANTROOM_STATUS__PORT is where it answers /healthz, /readyz, /metrics and
    the API's process.
    """
    with errors_in_print():
        found = _shared(settings_from(settings), "worker")
        with stopped_by_signal() as stop:
            made = Worker(found)
            out.print(f"worker: status at {made.status.address}", highlight=False)
            made.run(stop)
    out.print("stopped cleanly")


def scheduler(settings: SettingsFile = None) -> None:
    """Run the jobs that the clock drives: due plans, ends of shelving and maintenance, retention.

    Needs InfluxDB and PostgreSQL. A second one does no harm. PLANTROOM_STATUS__PORT is where it answers
    /healthz, /readyz and /metrics.
    """
    with errors_in_print():
        found = _shared(settings_from(settings), "scheduler")
        with stopped_by_signal() as stop:
            made = Scheduler(found)
            out.print(f"scheduler: status at {made.status.address}", highlight=False)
            made.run(stop)
    out.print("stopped cleanly")


def api(settings: SettingsFile = None, host: Host = None, port: Port = None) -> None:
    """Serve API and console; live values come from the worker. Several may run at once.

    Needs InfluxDB and PostgreSQL.
    """
    with errors_in_print(), ExitStack() as stack:
        found = _shared(with_listener(settings_from(settings), host, port), "api")
        signal.signal(signal.SIGTERM, leave)
        listener = listen(found.http.host, found.http.port)
        stack.callback(listener.close)
        made = Web(found)
        stack.callback(made.stop)
        greet(found, listener, made.start())
        made.serve(listener)
    out.print("stopped cleanly")


def _shared(settings: Settings, command: str) -> Settings:
    require_shared(settings, command)
    return settings

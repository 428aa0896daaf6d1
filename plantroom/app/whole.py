"""Everything in one process: what `plantroom serve` and the demo are."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass

from apscheduler.schedulers.background import BackgroundScheduler

from api.security import first_admin
from plantroom.app import serving
from plantroom.app.api import api_on
from plantroom.app.foundation import Foundation, OpenStore, open_readings
from plantroom.app.jobs import jobs_on
from plantroom.app.process import holder_name
from plantroom.app.watching import Watching
from plantroom.errors import LeaseLostError, StoreUnavailableError
from plantroom.health import PartHealth
from plantroom.model import PointTable
from plantroom.settings import Settings
from plantroom.stores.records.leases import WORKER, Holder, Lease
from plantroom.stores.records.property import Imported
from plantroom.times import SECOND, Clock, system_clock
from rules.schedule import start_schedule

LEASE_SECONDS = 10.0
"""How long a start waits for another process to be gone."""


@dataclass(frozen=True, slots=True)
class Started:
    """What a start did that a person should know."""

    imported: tuple[Imported, ...]
    recovered: int
    """Stored readings that the rules ran over again."""
    admin_password: str | None
    """Of the first administrator, made at this start; shown once and kept nowhere."""


class Application:
    """The running product: collector, rules, scheduler, API and console over one data folder."""

    def __init__(
        self, settings: Settings, clock: Clock = system_clock, open_store: OpenStore = open_readings
    ) -> None:
        """Open the stores and import the sites; nothing runs yet.

        Raises: SettingsError, CatalogueError, SiteError, StoreError; what was opened is closed again.
        """
        self.settings = settings
        self.clock = clock
        self.foundation = on = Foundation(settings, clock, open_store)
        self.metrics, self.catalogue = on.metrics, on.catalogue
        self.database, self.store = on.database, on.store
        with ExitStack() as undo:
            undo.callback(on.close)
            self.lease = Lease(on.database, WORKER, Holder(holder_name()))
            self.watching = Watching(on, fence=self.lease.fence)
            self.live, self.runner = self.watching.live, self.watching.runner
            self.collector, self.dispatcher = self.watching.collector, self.watching.dispatcher
            self.jobs = jobs_on(on, self.dispatcher)
            self.api = api_on(on, self.live, health=self.health, rule_states=self.watching.rule_states)
            undo.pop_all()
        self._scheduler: BackgroundScheduler | None = None

    def table(self) -> PointTable:
        """The property model in force."""
        return self.foundation.table()

    def start(self) -> Started:
        """What the start did; the collector, rules and scheduler run when this returns.

        Raises: StoreUnavailableError where another process is at work on the same records.
        """
        self._take_lease()
        password = first_admin(self.database, self.clock())
        recovered = self.watching.start()
        self.jobs.open_due_plans()
        self._scheduler = start_schedule(
            [*self.watching.timed(), *self.jobs.timed(), (self._keep_lease, 2 * SECOND)]
        )
        return Started(self.foundation.imported, recovered, password)

    def stop(self) -> None:
        """Stop taking messages, write what is waiting, close the stores. May be called twice."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=True)
            self._scheduler = None
        self.watching.stop()
        self.lease.release()
        self.foundation.close()

    def serve(self, listener: socket.socket) -> None:
        """Serve API and console on the socket until a signal ends it."""
        serving.serve(self.api, listener)

    def health(self) -> tuple[PartHealth, ...]:
        """Each part's word about itself."""
        running = self._scheduler is not None and self._scheduler.running
        return (*self.watching.health(), PartHealth("scheduler", running))

    def _take_lease(self) -> None:
        # one that was killed a moment ago may not be known to be gone yet
        end = time.monotonic() + LEASE_SECONDS
        while not self.lease.acquire(self.clock()):
            if time.monotonic() > end:
                raise StoreUnavailableError(
                    "another process is at work on these records; stop it, or give this one its own database"
                )
            time.sleep(0.1)

    def _keep_lease(self) -> int:
        try:
            self.lease.keep()
        except LeaseLostError:
            os.kill(os.getpid(), signal.SIGTERM)  # as from outside: what waits is written where it may be
            raise
        return 0

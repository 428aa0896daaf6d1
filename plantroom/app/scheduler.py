"""`plantroom scheduler`: the jobs that the clock drives. Several do no harm: each job has one effect."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack

from sqlalchemy import text

from plantroom.app.foundation import Foundation, OpenStore, follow_readings
from plantroom.app.jobs import jobs_on
from plantroom.app.process import StatusServer, pause
from plantroom.app.status import probes
from plantroom.errors import StoreError, StoreUnavailableError
from plantroom.health import PartHealth
from plantroom.settings import Settings
from plantroom.stores.records.leases import SCHEDULER, Presence
from plantroom.times import SECOND, Clock, system_clock
from rules.dispatch import Dispatcher
from rules.schedule import start_schedule

log = logging.getLogger(__name__)


class Scheduler:
    """One scheduler; `run` is its life."""

    def __init__(
        self, settings: Settings, clock: Clock = system_clock, open_store: OpenStore = follow_readings
    ) -> None:
        """Open the stores and the status address; nothing runs yet.

        Raises: SettingsError, CatalogueError, SiteError, StoreError; what was opened is closed again.
        """
        with ExitStack() as undo:
            self.status = StatusServer(settings.status)
            undo.callback(self.status.stop)
            self.foundation = Foundation(settings, clock, open_store)
            undo.pop_all()
        on = self.foundation
        self.jobs = jobs_on(on, Dispatcher(on.catalogue, on.table, on.metrics))
        self._presence = Presence(on.database, SCHEDULER)

    def run(self, stop: threading.Event) -> None:
        """Run the jobs until `stop` is set."""
        on = self.foundation
        with ExitStack() as stack:
            stack.callback(on.close)
            stack.callback(self._presence.release)
            stack.callback(self.status.stop)
            self.status.start(probes(self.health, on.metrics.registry))
            scheduler = start_schedule([(on.table.take_changes, 2 * SECOND), *self.jobs.timed()])
            stack.callback(scheduler.shutdown)
            while True:
                try:
                    self._presence.keep()
                except StoreUnavailableError as failure:
                    log.warning("%s", failure)
                if not pause(stop):
                    return

    def health(self) -> tuple[PartHealth, ...]:
        """Whether the database can be reached: without it no job does anything."""
        try:
            with self.foundation.database.session() as session:
                session.execute(text("SELECT 1"))
        except StoreError as failure:
            return (PartHealth("database", False, str(failure)),)
        return (PartHealth("database", True),)

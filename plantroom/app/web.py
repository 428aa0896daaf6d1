"""`plantroom api`: the API and the console; live values come from the worker. Several may run at once."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from apscheduler.schedulers.background import BackgroundScheduler

from api.security import first_admin
from plantroom.app import serving
from plantroom.app.api import api_on
from plantroom.app.foundation import Foundation, OpenStore, follow_readings
from plantroom.app.remote import RemoteWorker
from plantroom.errors import StoreError
from plantroom.health import PartHealth
from plantroom.live import LiveValues
from plantroom.settings import Settings
from plantroom.stores.records.leases import SCHEDULER, present
from plantroom.times import SECOND, Clock, system_clock
from rules.schedule import start_schedule


class Web:
    """One API and console process."""

    def __init__(
        self, settings: Settings, clock: Clock = system_clock, open_store: OpenStore = follow_readings
    ) -> None:
        """Open the stores; nothing runs yet.

        Raises: SettingsError, CatalogueError, SiteError, StoreError; what was opened is closed again.
        """
        self.foundation = on = Foundation(settings, clock, open_store)
        with ExitStack() as undo:
            undo.callback(on.close)
            self.live = LiveValues(on.table().size)
            self.live.update(on.store.latest())
            undo.pop_all()
        self.worker = RemoteWorker(on.database, self.live)
        self.api = api_on(
            on,
            self.live,
            health=self.health,
            rule_states=self.worker.rule_states,
            counted=lambda: self.worker.counted(on.metrics.registry),
        )
        self._schedule: BackgroundScheduler | None = None

    def start(self) -> str | None:
        """The first administrator's password, where there was none; the worker is asked from now on."""
        on = self.foundation
        password = first_admin(on.database, on.clock())
        self.worker.poll()
        self._schedule = start_schedule([(self.worker.poll, SECOND), (on.table.take_changes, 2 * SECOND)])
        return password

    def serve(self, listener: socket.socket) -> None:
        """Serve API and console on the socket until a signal ends it."""
        serving.serve(self.api, listener)

    def stop(self) -> None:
        """Close everything. May be called twice."""
        if self._schedule is not None:
            self._schedule.shutdown(wait=True)
            self._schedule = None
        self.worker.close()
        self.foundation.close()

    def health(self) -> tuple[PartHealth, ...]:
        """The worker's parts as it tells them, and whether a scheduler is there."""
        return (*self.worker.health(), self._scheduler_health())

    def _scheduler_health(self) -> PartHealth:
        try:
            with self.foundation.database.session() as session:
                count = present(session, SCHEDULER)
        except StoreError as failure:
            return PartHealth("scheduler", False, str(failure))
        detail = (
            f"{count} at work" if count else "none is at work on these records; start `plantroom scheduler`"
        )
        return PartHealth("scheduler", count > 0, detail)

"""`plantroom worker`: collector, rules and outbox, one at a time on the same records.

A second one stands by: it opens its stores, waits for the lease, and takes over from the first one's
checkpoint the moment that one is gone.
"""

from __future__ import annotations

import logging
import secrets
import threading
from contextlib import ExitStack

from plantroom.app.foundation import Foundation, OpenStore, open_readings
from plantroom.app.process import StatusServer, holder_name, pause
from plantroom.app.status import live_state, probes
from plantroom.app.watching import Watching
from plantroom.errors import LeaseLostError, StoreUnavailableError
from plantroom.health import PartHealth
from plantroom.notifications import Notifier
from plantroom.settings import Settings
from plantroom.stores.records.leases import WORKER, Holder, Lease
from plantroom.times import Clock, system_clock
from rules.schedule import start_schedule

log = logging.getLogger(__name__)


class Worker:
    """One worker; `run` is its life."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock = system_clock,
        open_store: OpenStore = open_readings,
        notifier: Notifier | None = None,
    ) -> None:
        """Open the stores and the status address; nothing runs yet.

        Raises: SettingsError, CatalogueError, SiteError, StoreError; what was opened is closed again.
        """
        self._notifier = notifier
        self._secret = secrets.token_urlsafe(32)
        self.watching: Watching | None = None
        with ExitStack() as undo:
            self.status = StatusServer(settings.status)
            undo.callback(self.status.stop)
            self.foundation = Foundation(settings, clock, open_store)
            undo.pop_all()
        holder = Holder(holder_name(), self.status.address, self._secret)
        self.lease = Lease(self.foundation.database, WORKER, holder)

    def run(self, stop: threading.Event) -> None:
        """Stand by, then work until `stop` is set.

        Raises: LeaseLostError where another has taken over; StoreError where a start cannot be made.
        """
        with ExitStack() as stack:
            stack.callback(self.foundation.close)
            stack.callback(self.lease.release)
            stack.callback(self.status.stop)
            if self._wait_for_lease(stop):
                self._work(stop, stack)

    def _wait_for_lease(self, stop: threading.Event) -> bool:
        """Whether the lease is ours; False where the end comes first."""
        on, told = self.foundation, False
        while not self.lease.acquire(on.clock()):
            if not told:
                log.warning("another worker is at work on these records: standing by")
            told = True
            if not pause(stop):
                return False
        if told:
            log.warning("the other worker is gone: taking over")
        on.table.take_changes()
        return True

    def _work(self, stop: threading.Event, stack: ExitStack) -> None:
        on = self.foundation
        watching = self.watching = Watching(on, notifier=self._notifier, fence=self.lease.fence)
        stack.callback(watching.stop)
        recovered = watching.start()
        log.info("at work; the rules went again over %d readings", recovered)
        scheduler = start_schedule(watching.timed())
        stack.callback(scheduler.shutdown)
        live = live_state(watching.live, self.health, watching.rule_states, self._secret)
        self.status.start([*probes(self.health, on.metrics.registry), *live])
        while pause(stop):
            try:
                self.lease.keep()
            except LeaseLostError:
                raise
            except StoreUnavailableError as failure:
                log.warning("%s", failure)
        if watching.died:
            raise StoreUnavailableError("a part of the worker has died, see the log; start it again")

    def health(self) -> tuple[PartHealth, ...]:
        """Each part's word about itself."""
        return () if self.watching is None else self.watching.health()

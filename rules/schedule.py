"""The jobs that the clock drives. Each may run twice or late without doubling anything."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from apscheduler.schedulers.background import BackgroundScheduler

from plantroom.catalogue import Catalogue
from plantroom.metrics import Metrics
from plantroom.model import PointTable
from plantroom.service_levels import ServiceLevels
from plantroom.stores.base import ReadingStore
from plantroom.stores.records import (
    Database,
    alarms,
    certificates,
    maintenance_modes,
    order_levels,
    outbox,
    people,
    plans,
)
from plantroom.times import HOUR, MINUTE, SECOND, Clock, Nanos
from rules.dispatch import Dispatcher

log = logging.getLogger(__name__)

Timed = tuple[Callable[[], int], Nanos]
"""A job, which says how much it did, and how often it runs."""


class Jobs:
    """What the schedule runs, each job callable by itself."""

    def __init__(
        self,
        *,
        database: Database,
        store: ReadingStore,
        catalogue: Catalogue,
        table: Callable[[], PointTable],
        dispatcher: Dispatcher,
        metrics: Metrics,
        clock: Clock,
        retention: Nanos,
        levels: ServiceLevels,
    ) -> None:
        self._database = database
        self._store = store
        self._catalogue = catalogue
        self._table = table
        self._dispatcher = dispatcher
        self._metrics = metrics
        self._clock = clock
        self._retention = retention
        self._levels = levels

    def open_due_plans(self) -> int:
        """How many preventive orders were opened."""
        with self._database.transaction() as session:
            opened = plans.open_due(session, self._table(), self._catalogue, self._clock())
        for order in opened:
            self._metrics.work_orders.labels(order.kind).inc()
        return len(opened)

    def bring_back_shelved(self) -> int:
        """How many shelved alarms came back; those still in fault call for their orders."""
        with self._database.transaction() as session:
            count = alarms.unshelve_expired(session, self._clock())
        self._call_for_waiting()
        return count

    def end_maintenance(self) -> int:
        """How many alarms came back because nothing keeps them out of service; they call for orders."""
        now = self._clock()
        with self._database.transaction() as session:
            maintenance_modes.end_expired(session, now)
            count = maintenance_modes.return_alarms(session, by=alarms.PROCESS, now=now)
        self._call_for_waiting()
        return count

    def _call_for_waiting(self) -> None:
        # by itself: a transaction takes its sites in order; what it does not get to now it finds later
        with self._database.transaction() as session:
            self._dispatcher.call_for_waiting(session)

    def settle_suppressed(self) -> int:
        """How many suppressed alarms came back because their root has left the property."""
        with self._database.transaction() as session:
            return self._dispatcher.settle(session, self._clock())

    def follow_service_levels(self) -> int:
        """How many orders had a warning, a breach or a step of escalation written into their history."""
        now, told = self._clock(), 0
        with self._database.session() as session:
            waiting = order_levels.waiting_ids(session, now)
            if not waiting:
                return 0
            roster, holders = people.load_roster(session), people.load_holders(session)
        follower = order_levels.Follower(self._levels, roster, holders, now)
        for order_id in waiting:
            # each by itself: what people do to orders waits for no more than one
            with self._database.transaction() as session:
                told += follower.look(session, order_id) is not None
        return told

    def warn_of_certificates(self) -> int:
        """How many warnings that a certificate ends were told."""
        with self._database.transaction() as session:
            return certificates.warn(session, people.load_roster(session), self._clock())

    def drop_old_readings(self) -> int:
        """How many readings were older than the retention and removed."""
        return self._store.drop_before(self._clock() - self._retention)

    def drop_old_notifications(self) -> int:
        """How many notifications were handed over long ago and removed."""
        with self._database.transaction() as session:
            return outbox.drop_old(session, self._clock())

    def timed(self) -> list[Timed]:
        """Each job and how often it runs."""
        return [
            (self.open_due_plans, 30 * SECOND),
            (self.bring_back_shelved, 10 * SECOND),
            (self.end_maintenance, 10 * SECOND),
            (self.settle_suppressed, MINUTE),
            (self.follow_service_levels, MINUTE),
            (self.warn_of_certificates, HOUR),
            (self.drop_old_readings, 6 * HOUR),
            (self.drop_old_notifications, 6 * HOUR),
        ]


def start_schedule(jobs: Iterable[Timed]) -> BackgroundScheduler:
    """A running scheduler with the jobs on it; its `shutdown` ends it."""
    scheduler = BackgroundScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})
    for job, every in jobs:
        name = job.__name__
        scheduler.add_job(_logged(job), "interval", seconds=every / SECOND, id=name, misfire_grace_time=None)
    scheduler.start()
    return scheduler


def _logged(job: Callable[[], int]) -> Callable[[], None]:
    def run() -> None:
        try:
            count = job()
        except Exception:
            # the next run tries again; a job must not take the scheduler with it
            log.exception("the job %s failed", job.__name__)
            return
        if count:
            log.info("%s: %d", job.__name__, count)

    return run

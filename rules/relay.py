"""The relay: what waits in the outbox is handed over, none forgotten and each under its own key."""

from __future__ import annotations

import logging

from plantroom.metrics import Metrics
from plantroom.notifications import Notifier
from plantroom.stores.records import Database, outbox
from plantroom.stores.records.tables import OutboxRow
from plantroom.times import Clock

log = logging.getLogger(__name__)

MOST = 200
"""How many one turn hands over at most."""


class Relay:
    """Hands over what the outbox has. No transaction is open meanwhile: a notifier may take its time."""

    def __init__(self, database: Database, notifier: Notifier, metrics: Metrics, clock: Clock) -> None:
        self._database = database
        self._notifier = notifier
        self._metrics = metrics
        self._clock = clock

    def relay_notifications(self) -> int:
        """How many were handed over.

        Raises: StoreUnavailableError; what was claimed by then is tried again by a later turn.
        """
        sent = tried = 0
        while tried < MOST:
            with self._database.transaction() as session:
                rows = outbox.claim(session, self._clock())
            if not rows:
                break
            tried += len(rows)
            sent += sum(self._hand_over(row) for row in rows)
        return sent

    def _hand_over(self, row: OutboxRow) -> bool:
        try:
            self._notifier.send(outbox.to_domain(row))
        except Exception as failure:  # noqa: BLE001 - whatever a notifier raises must not stop the others
            self._put_off(row, f"{type(failure).__name__}: {failure}")
            return False
        with self._database.transaction() as session:
            outbox.settle(session, row.id, self._clock())
        self._metrics.notifications.labels("sent").inc()
        return True

    def _put_off(self, row: OutboxRow, error: str) -> None:
        with self._database.transaction() as session:
            dead = outbox.put_off(session, row, error, self._clock())
        self._metrics.notifications.labels("given_up" if dead else "put_off").inc()
        what = "is given up" if dead else "is tried again later"
        log.warning("the notification %s was not handed over (%s) and %s", row.key, error, what)

"""The rules over a live stream: step, dispatch, checkpoint, and the way back after a restart."""

from __future__ import annotations

import logging
from time import perf_counter

from sqlalchemy import select

from plantroom.errors import StoreCorruptError
from plantroom.metrics import Metrics
from plantroom.readings import ReadingBatch
from plantroom.stores.base import ReadingStore
from plantroom.stores.records import Database, checkpoints
from plantroom.stores.records.tables import AlarmRow
from plantroom.times import HOUR, MINUTE, Nanos
from rules.dispatch import Dispatcher
from rules.engine import AlarmChange, Engine

log = logging.getLogger(__name__)

CHECKPOINT = "rules"
SLICE = 10 * MINUTE


class Runner:
    """One engine and its effects, driven by one thread.

    Changes leave memory only when their transaction is committed, and a checkpoint is saved only in such a
    transaction: whatever moment the process dies at, going back to the checkpoint and reading on from the
    store finds the same changes again, and the alarms know those that they had.
    """

    def __init__(
        self,
        engine: Engine,
        dispatcher: Dispatcher,
        database: Database,
        metrics: Metrics,
        *,
        checkpoint_every: Nanos,
    ) -> None:
        self.engine = engine
        self._dispatcher = dispatcher
        self._database = database
        self._metrics = metrics
        self._checkpoint_every = checkpoint_every
        self._pending: list[AlarmChange] = []
        self._saved_at: Nanos = 0
        self._late_seen = 0

    def on_stored(self, batch: ReadingBatch, now: Nanos) -> None:
        """Run the rules over a batch that is durable, and write what they find.

        Raises: StoreUnavailableError; call again with the same batch, nothing is lost or doubled.
        """
        started = perf_counter()
        self._pending.extend(self.engine.step(batch, now))
        self._metrics.step_seconds.observe(perf_counter() - started)
        self._metrics.late.inc(self.engine.late - self._late_seen)
        self._late_seen = self.engine.late
        due = now - self._saved_at >= self._checkpoint_every
        if self._pending or due:
            self.flush(now, checkpoint=due)

    def flush(self, now: Nanos, *, checkpoint: bool = True) -> None:
        """Write the waiting changes and, in the same transaction, the engine's state."""
        with self._database.transaction() as session:
            self._dispatcher.apply(session, self._pending)
            if checkpoint:
                checkpoints.save(session, CHECKPOINT, self.engine.checkpoint(), now)
        self._pending.clear()
        if checkpoint:
            self._saved_at = now

    def recover(self, store: ReadingStore, now: Nanos) -> int:
        """How many stored readings the rules ran over again to be where they would have been.

        Without a checkpoint, or with one that cannot be read, the rules start from what is standing in the
        alarms and the last hour of readings.
        """
        with self._database.session() as session:
            data = checkpoints.load(session, CHECKPOINT)
        since: Nanos | None = None
        if data is not None:
            try:
                since = self.engine.restore(data)
            except StoreCorruptError as failure:
                log.error("the rules' checkpoint cannot be read (%s): going back one hour instead", failure)  # noqa: TRY400
        self._assume_standing()
        newest = store.latest()
        if not len(newest):
            return 0
        # a gateway whose clock is ahead must not have us read through years of nothing
        end = min(int(newest.ts.max()) + 1, now + HOUR)
        start = end - HOUR if since is None else since
        count = 0
        while start < end:
            batch = store.range(None, start, min(start + SLICE, end))
            count += len(batch)
            self.on_stored(batch, now)
            start += SLICE
        self.flush(now)
        return count

    def _assume_standing(self) -> None:
        with self._database.session() as session:
            rows = session.execute(select(AlarmRow.equipment_id, AlarmRow.rule).where(AlarmRow.active)).all()
        self.engine.assume_active((equipment_id, rule) for equipment_id, rule in rows)

"""The rules over a live stream: step, dispatch, checkpoint, and the way back after a restart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import RLock
from time import perf_counter

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from plantroom.errors import StoreCorruptError
from plantroom.metrics import Metrics
from plantroom.readings import Quality, ReadingBatch
from plantroom.stores.base import ReadingStore
from plantroom.stores.records import Database, checkpoints
from plantroom.stores.records.tables import AlarmRow
from plantroom.times import HOUR, MINUTE, SECOND, Nanos
from rules.baseline.watch import Watch
from rules.dispatch import Dispatcher
from rules.engine import AlarmChange, Engine

log = logging.getLogger(__name__)

CHECKPOINT = "rules"
BASELINES = "baselines"
BASELINES_EVERY: Nanos = 10 * MINUTE
"""The baselines' state is large and changes once a minute: it is saved seldom, and read on from."""
SLICE = 10 * MINUTE
QUIET: Nanos = MINUTE
"""How long nothing must have come for the rules to go on by the clock."""
_WORTH_TELLING = 0.01
"""Smallest share in a deviation that an alarm says."""


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
        watch: Watch | None = None,
        publish: Callable[[ReadingBatch], None] = lambda _: None,
        fence: Callable[[Session], None] = lambda _: None,
    ) -> None:
        """`publish` stores and shows the deviations that `watch` finds; the same may come twice. `fence`
        raises in a transaction that this process may not write any more."""
        self.engine = engine
        self.watch = watch
        self._publish = publish
        self._fence = fence
        self._deviations = ReadingBatch.empty()
        self._dispatcher = dispatcher
        self._database = database
        self._metrics = metrics
        self._checkpoint_every = checkpoint_every
        self._pending: list[AlarmChange] = []
        self._saved_at: Nanos = 0
        self._baselines_at: Nanos = 0
        self._late_seen = 0
        self._newest: Nanos | None = None
        self._recovering = False
        self._lock = RLock()

    def on_stored(self, batch: ReadingBatch, now: Nanos) -> None:
        """Run the rules over a batch that is durable, and write what they find.

        Raises: StoreUnavailableError; call again with the same batch, nothing is lost or doubled.
        """
        with self._lock:
            self._note_newest(batch)
            batch = self._with_deviations(batch, now)
            started = perf_counter()
            self._pending.extend(self._explained(self.engine.step(batch, now)))
            self._deviations = ReadingBatch.empty()
            self._metrics.step_seconds.observe(perf_counter() - started)
            if not self._recovering:  # what it reads again is known
                self._metrics.late.inc(self.engine.late - self._late_seen)
            self._late_seen = self.engine.late
            due = now - self._saved_at >= self._checkpoint_every
            if self._pending or due:
                self.flush(now, checkpoint=due)

    def pass_time(self, now: Nanos, silence: Nanos) -> int:
        """How many changes the passing of time brought, where nothing waits before the rules.

        After a second of `silence` readings held back for stragglers are judged; after a minute rules about
        silence are judged on. Time passes from the newest reading on, for as long as nothing has come: a
        clock that is set an hour ahead makes nobody silent for an hour.
        """
        with self._lock:
            if self._newest is None or silence < SECOND:
                return 0
            now = min(now, self._newest + silence)
            if silence >= QUIET:
                found = self.engine.advance(now - QUIET)
            else:
                found = self.engine.release(now - self.engine.lateness)
            self._pending.extend(self._explained(found))
            if self._pending:
                self.flush(now, checkpoint=False)
            return len(found)

    def flush(self, now: Nanos, *, checkpoint: bool = True, baselines: bool = False) -> None:
        """Write the waiting changes and, in the same transaction, the engine's state.

        With `baselines` theirs too, which otherwise follows once it is due.
        """
        with self._lock:
            self._flush(now, checkpoint=checkpoint, baselines=baselines)

    def _flush(self, now: Nanos, *, checkpoint: bool, baselines: bool) -> None:
        due = checkpoint and (baselines or now - self._baselines_at >= BASELINES_EVERY)
        with self._database.transaction() as session:
            self._fence(session)
            self._dispatcher.apply(session, self._pending)
            if checkpoint:
                checkpoints.save(session, CHECKPOINT, self.engine.checkpoint(), now)
            if due and self.watch is not None:
                checkpoints.save(session, BASELINES, self.watch.checkpoint(), now)
        self._pending.clear()
        if checkpoint:
            self._saved_at = now
        if due:
            self._baselines_at = now

    def _note_newest(self, batch: ReadingBatch) -> None:
        """Note the newest reading's time; one that claims to be of the future is no witness."""
        ts = batch.ts[(batch.quality & np.uint8(Quality.CLOCK)) == 0]
        if len(ts):
            newest = int(ts.max())
            self._newest = newest if self._newest is None else max(self._newest, newest)

    def _with_deviations(self, batch: ReadingBatch, now: Nanos) -> ReadingBatch:
        """The batch and the deviations of the minutes that it ends, which are published.

        Until the engine has had them they are held: asked again with the same batch, the watch has none.
        """
        if self.watch is None:
            return batch
        self._deviations = ReadingBatch.concat([self._deviations, self.watch.step(batch, now)])
        if not len(self._deviations):
            return batch
        self._publish(self._deviations)
        return ReadingBatch.concat([batch, self._deviations]).normalised()

    def _explained(self, changes: list[AlarmChange]) -> Iterator[AlarmChange]:
        """The changes; those that read a deviation say which points have which share in it."""
        for change in changes:
            key = None if self.watch is None else self.watch.deviation_of(change.equipment_id)
            if self.watch is None or key is None or key not in change.readings:
                yield change
                continue
            shares = self.watch.contributions(change.equipment_id, change.ts)
            told = {f"{key}: {point}": share for point, share in shares.items() if share >= _WORTH_TELLING}
            yield replace(change, readings={**change.readings, **told})

    def take_over(self, engine: Engine, watch: Watch | None, store: ReadingStore, now: Nanos) -> None:
        """Go on with an engine and a watch of a changed property, from where the rules are.

        Raises: StoreUnavailableError, the old ones being in force still; call again.
        """
        with self._lock:
            self.flush(now, baselines=True)
            before = self.engine, self.watch, self._late_seen
            self.engine, self.watch, self._late_seen = engine, watch, engine.late
            try:
                self.recover(store, now)
            except Exception:
                self.engine, self.watch, self._late_seen = before
                raise

    def recover(self, store: ReadingStore, now: Nanos) -> int:
        """How many stored readings the rules ran over again to be where they would have been.

        Without a checkpoint, or with one that cannot be read, the rules start from what is standing in the
        alarms and the last hour of readings.
        """
        since = self._restore(CHECKPOINT, self.engine.restore)
        watched = None if self.watch is None else self._restore(BASELINES, self.watch.restore)
        self._assume_standing()
        newest = store.latest()
        if not len(newest):
            return 0
        # a gateway whose clock is ahead must not have us read through years of nothing
        end = min(int(newest.ts.max()) + 1, now + HOUR)
        start = end - HOUR if since is None else since
        if watched is not None:
            self._catch_up(store, watched, min(start, end), now)
        count = 0
        self._recovering = True
        try:
            while start < end:
                batch = store.range(None, start, min(start + SLICE, end))
                count += len(batch)
                self.on_stored(batch, now)
                start += SLICE
        finally:
            self._recovering = False
        self.flush(now)
        return count

    def _restore(self, name: str, restore: Callable[[bytes], Nanos | None]) -> Nanos | None:
        with self._database.session() as session:
            data = checkpoints.load(session, name)
        if data is None:
            return None
        try:
            return restore(data)
        except StoreCorruptError as failure:
            log.error("the checkpoint %r cannot be read (%s): starting without it", name, failure)  # noqa: TRY400
            return None

    def _catch_up(self, store: ReadingStore, start: Nanos, end: Nanos, now: Nanos) -> None:
        """Bring the baselines, which are saved less often, to where the rules are."""
        while start < end and self.watch is not None:
            batch = store.range(None, start, min(start + SLICE, end))
            self._publish(self.watch.step(batch, now))
            start += SLICE

    def _assume_standing(self) -> None:
        with self._database.session() as session:
            rows = session.execute(select(AlarmRow.equipment_id, AlarmRow.rule).where(AlarmRow.active)).all()
        self.engine.assume_active((equipment_id, rule) for equipment_id, rule in rows)

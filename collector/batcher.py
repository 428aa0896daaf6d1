"""Messages gathered into batches, written durably, acknowledged, and handed on.

A batch is written when it has enough readings or has waited long enough. While the store or the quarantine is
unavailable the batch is tried again for as long as it takes: nothing is acknowledged, the inbox fills up, and
the subscriber stops reading. Nothing that is written can be lost afterwards, whatever the receiver of
`on_stored` does.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from collector.flood import loudest
from collector.inbox import Inbox, Received
from collector.ingest import Harvest, Ingest
from collector.spool import Spool
from collector.text import plain
from plantroom.errors import StoreError
from plantroom.metrics import Metrics
from plantroom.model import PointTable
from plantroom.quarantine import QuarantinedMessage, QuarantineSink
from plantroom.readings import ReadingBatch
from plantroom.settings import IngestSettings
from plantroom.stores.base import Appended, ReadingStore
from plantroom.times import SECOND, Clock, Nanos

log = logging.getLogger(__name__)
Result = TypeVar("Result")

FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 5.0
HAND_OVER_TRIES = 3
IDLE_S = 0.5


@dataclass(frozen=True, slots=True)
class BatcherState:
    """How the pipeline is. Units: ns since 1970 UTC."""

    last_message_at: Nanos | None = None
    last_stored_at: Nanos | None = None
    store_error: str | None = None
    """Why the batch in hand is not written yet; None while writing goes well."""
    handover_error: str | None = None
    """Why the last batch was not taken by `on_stored`; None once one was taken again."""
    handovers_given_up: int = 0
    unguaranteed_sites: tuple[str, ...] = ()
    spooled_messages: int = 0
    """On disk, acknowledged and not yet stored."""
    spool_dropped: int = 0
    loudest: str | None = None
    """Whose messages were most of the last batch, where others had to wait for it."""


class Batcher:
    """The pipeline's one thread: everything between the inbox and the acknowledgement, and `on_stored`."""

    def __init__(
        self,
        inbox: Inbox,
        ingest: Ingest,
        *,
        store: ReadingStore,
        quarantine: QuarantineSink,
        settings: IngestSettings,
        metrics: Metrics,
        acknowledge: Callable[[Sequence[Received]], None],
        on_stored: Callable[[ReadingBatch, Nanos], None],
        wait: Callable[[float], bool],
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
        spool: Spool | None = None,
    ) -> None:
        """`wait(seconds)` pauses and says whether to give up; `acknowledge` is told of durable messages."""
        self._inbox = inbox
        self._ingest = ingest
        self._store = store
        self._quarantine = quarantine
        self._most, self._most_messages = settings.batch_readings, settings.batch_messages
        self._linger = settings.linger / SECOND
        self._metrics = metrics
        self._acknowledge = acknowledge
        self._on_stored = on_stored
        self._wait = wait
        self._clock = clock
        self._monotonic = monotonic
        self._spool = spool
        self._retry_at, self._retry_delay = 0.0, FIRST_RETRY_S
        self._next_table: PointTable | None = None
        self._over: Sequence[Received] = ()
        """Messages that came together with those of the last batch and did not go into it."""
        # each field of the state is written by this thread only, and read whole by any
        self._last_message_at: Nanos | None = None
        self._last_stored_at: Nanos | None = None
        self._store_error: str | None = None
        self._handover_error: str | None = None
        self._given_up = 0
        self._unguaranteed: tuple[str, ...] = ()
        self._loudest: str | None = None

    def replace_table(self, table: PointTable) -> None:
        """Use `table` from the next batch on; from any thread."""
        self._next_table = table

    def state(self) -> BatcherState:
        """How the pipeline is now; from any thread."""
        return BatcherState(
            self._last_message_at,
            self._last_stored_at,
            self._store_error,
            self._handover_error,
            self._given_up,
            self._unguaranteed,
            0 if self._spool is None else self._spool.messages,
            0 if self._spool is None else self._spool.dropped,
            self._loudest,
        )

    def run(self) -> None:
        """Nothing, when the inbox has come to its end or `wait` said to give up."""
        while self.turn():
            pass

    def turn(self) -> bool:
        """Whether to go on, after one batch or an idle moment."""
        if self._next_table is not None:
            self._ingest.replace_table(self._next_table)
            self._next_table = None
        if self._spool is not None and self._spool.messages:
            return self._spooled_turn(self._spool)
        messages = self._gathered()
        if messages:
            self._last_message_at = messages[-1].received_at
            others_wait = self._inbox.waiting_messages > len(messages)
            self._loudest = loudest(messages) if others_wait else None
            harvest = self._ingest.finish()
            if self._written(harvest):
                self._acknowledge(messages)
                self._settle(harvest)
            elif self._spool is None or not self._put_by(self._spool, messages):
                self._inbox.release(messages)  # not acknowledged: they are delivered again
                return False
            else:
                self._acknowledge(messages)
            self._release(messages)  # not before the rules have them: until then readings wait
        return bool(self._over) or not self._inbox.closed

    def _release(self, messages: Sequence[Received]) -> None:
        self._inbox.release(messages)
        self._metrics.waiting_messages.set(self._inbox.waiting_messages)

    def _settle(self, harvest: Harvest) -> None:
        """Count what is durable, and hand it on."""
        self._count(harvest)
        if len(harvest.readings):
            self._hand_over(harvest.readings)

    def _spooled_turn(self, spool: Spool) -> bool:
        """As `turn` while older messages wait on disk: what comes waits behind them, the oldest are tried."""
        left = self._retry_at - self._monotonic()
        coming = self._over or self._inbox.get(min(left, IDLE_S))
        self._over = ()
        if coming:
            self._last_message_at = coming[-1].received_at
            if not self._put_by(spool, coming):
                self._inbox.release(coming)
                return False
            self._acknowledge(coming)
            self._release(coming)
        if self._monotonic() >= self._retry_at:
            oldest = spool.peek(self._most_messages)
            taken = self._ingest.take_all(oldest, self._most)
            harvest = self._ingest.finish()
            if self._written(harvest):
                self._settle(harvest)
                spool.forget(taken)
                self._note_spool(spool)
        return not self._inbox.closed

    def _put_by(self, spool: Spool, messages: Sequence[Received]) -> bool:
        """Whether the messages are on disk; False when told to give up before they were."""
        dropped = spool.dropped
        if self._retried(lambda: self._appended_to(spool, messages), "the spool", for_ever=True) is None:
            return False
        self._metrics.spool_dropped.inc(spool.dropped - dropped)
        self._note_spool(spool)
        return True

    @staticmethod
    def _appended_to(spool: Spool, messages: Sequence[Received]) -> bool:
        spool.append(messages)
        return True

    def _note_spool(self, spool: Spool) -> None:
        self._metrics.spool_messages.set(spool.messages)
        self._metrics.spool_bytes.set(spool.bytes)

    def _gathered(self) -> list[Received]:
        """The next messages, all of them taken by the ingest."""
        messages: list[Received] = []
        coming = self._over or self._inbox.get(IDLE_S)
        end = self._monotonic() + self._linger
        while coming:
            room = self._most_messages - len(messages)
            taken = self._ingest.take_all(coming[:room], self._most)
            messages += coming[:taken]
            self._over = coming[taken:]
            left = end - self._monotonic()
            full = self._ingest.size >= self._most or len(messages) >= self._most_messages
            if self._over or left <= 0 or full:
                break
            coming = self._inbox.get(left)
        self._metrics.waiting_messages.set(self._inbox.waiting_messages)
        return messages

    def _written(self, harvest: Harvest) -> bool:
        """Whether everything is durable; False when told to give up before it was, or to put it on disk."""
        readings, quarantined = harvest.readings, harvest.quarantined
        if len(readings):
            appended = self._retried(lambda: self._appended(readings), "the readings")
            if appended is None:
                return False
            for name in ("new", "repeated", "replaced"):
                harvest.outcomes[name] += getattr(appended, name)
        if quarantined and self._retried(lambda: self._kept(quarantined), "the quarantine") is None:
            return False
        self._last_stored_at = self._clock()
        self._store_error = None
        self._retry_delay = FIRST_RETRY_S
        return True

    def _appended(self, readings: ReadingBatch) -> Appended:
        started = self._monotonic()
        appended = self._store.append(readings)
        self._metrics.store_seconds.observe(self._monotonic() - started)
        return appended

    def _kept(self, messages: Sequence[QuarantinedMessage]) -> bool:
        self._quarantine.keep(messages)
        return True

    def _retried(self, write: Callable[[], Result], what: str, *, for_ever: bool = False) -> Result | None:
        """What `write` gives, tried until it does; None when told to give up.

        With a spool it is tried once, if not `for_ever`, and again after a while.
        """
        delay = FIRST_RETRY_S
        while True:
            try:
                return write()
            except StoreError as failure:
                error = f"{what} could not be written: {failure}"
            except Exception as failure:
                # a store's own bug must not lose a batch either: it is tried again and said aloud
                log.exception("writing %s failed in an unforeseen way", what)
                error = f"{what} could not be written: {type(failure).__name__}: {failure}"
            error = plain(error, 500)
            if error != self._store_error:
                log.warning("%s; trying again", error)
            self._store_error = error
            self._metrics.store_failures.inc()
            if self._spool is not None and not for_ever:
                self._retry_at = self._monotonic() + self._retry_delay
                self._retry_delay = min(2 * self._retry_delay, LONGEST_RETRY_S)
                return None
            if self._wait(delay):
                return None
            delay = min(2 * delay, LONGEST_RETRY_S)

    def _count(self, harvest: Harvest) -> None:
        for family, counts in (
            (self._metrics.messages, harvest.messages),
            (self._metrics.readings, harvest.outcomes),
            (self._metrics.unguaranteed, harvest.unguaranteed),
        ):
            for label, count in counts.items():
                if count:
                    family.labels(label).inc(count)
        if new := set(harvest.unguaranteed) - set(self._unguaranteed):
            self._unguaranteed = tuple(sorted(new.union(self._unguaranteed)))
        for item in harvest.quarantined:
            self._metrics.quarantined.labels(item.reason).inc()

    def _hand_over(self, readings: ReadingBatch) -> None:
        delay = FIRST_RETRY_S
        for attempt in range(1, HAND_OVER_TRIES + 1):
            try:
                self._on_stored(readings, self._clock())
            except Exception as failure:
                log.exception("a stored batch was not taken, try %d of %d", attempt, HAND_OVER_TRIES)
                self._metrics.handover_failures.inc()
                self._handover_error = plain(f"{type(failure).__name__}: {failure}", 500)
            else:
                self._handover_error = None
                return
            if attempt < HAND_OVER_TRIES:
                self._wait(delay)
                delay *= 2
        self._given_up += 1

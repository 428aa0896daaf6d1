"""The collector as one part: what `plantroom/app.py` starts, stops and asks how it is."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collector.batcher import Batcher
from collector.gateways import GatewayBook, GatewayStatus
from collector.inbox import Inbox
from collector.ingest import Ingest
from collector.mapping.book import DiscoveryBook
from collector.mapping.router import Router
from collector.mapping.site_map import Use
from collector.mapping.template import distinct
from collector.paho_session import PahoSession
from collector.session import Session
from collector.spool import Spool
from collector.subscriber import Subscriber
from plantroom.discovery import Binding
from plantroom.metrics import Metrics
from plantroom.model import PointTable
from plantroom.quarantine import QuarantineSink
from plantroom.readings import ReadingBatch
from plantroom.settings import IngestSettings, MqttSettings
from plantroom.stores.base import ReadingStore
from plantroom.times import Clock, Nanos, system_clock

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CollectorHealth:
    """How the collector is. Units: times in ns since 1970 UTC, None where there has been none."""

    connected: bool
    """The broker holds our session and has granted the subscription."""
    paused: bool
    """The socket is not read, because too much waits for the store."""
    waiting_messages: int
    waiting_bytes: int
    last_message_at: Nanos | None
    last_stored_at: Nanos | None
    error: str | None
    """What is wrong now with the connection, the store or the receiver of batches; None for nothing."""
    store_error: str | None
    """Why what waits is not written yet; None while writing goes well."""
    warning: str | None
    """Another client uses our client id, paho is not the one tested with, or somebody floods us."""
    unguaranteed_sites: tuple[str, ...]
    """Sites with publishers at QoS 0, whose messages may be lost on the way."""
    handovers_given_up: int
    """Stored batches that `on_stored` did not take although it was asked again."""
    threads_alive: bool
    settled: bool = True
    """Connected for some seconds: what had waited on the broker has begun to come."""
    spooled_messages: int = 0
    """On disk, acknowledged to the broker, not yet stored."""
    spool_dropped: int = 0
    """Messages lost because the spool was full."""

    @property
    def is_behind(self) -> bool:
        """Whether readings may be on their way that the rules have not seen: silence proves nothing then."""
        waits = bool(self.waiting_messages or self.spooled_messages)
        return not (self.connected and self.settled) or self.paused or waits or self.error is not None


class Collector:
    """MQTT messages to stored readings; `on_stored` gets each batch after it is durable and acknowledged.

    `on_stored(batch, now)` runs on the pipeline's thread: readings sorted by time then point, one for each
    (point, ts). A batch that was written before a crash may come again, so it has to be idempotent. It is
    asked three times; the readings are in the store whatever it does.
    """

    def __init__(  # noqa: PLR0917 -- the parts of the collector, named at its one caller
        self,
        mqtt: MqttSettings,
        ingest: IngestSettings,
        table: PointTable,
        store: ReadingStore,
        quarantine: QuarantineSink,
        metrics: Metrics,
        on_stored: Callable[[ReadingBatch, Nanos], None],
        clock: Clock = system_clock,
        *,
        uses: Sequence[Use] = (),
        adopted: Sequence[Binding] = (),
        session: Session | None = None,
        on_death: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_death` is called when a thread has ended of itself, which only a new process puts right.

        Raises: SettingsError for TLS files or a spool that cannot be used."""
        self._inbox = Inbox(ingest.max_waiting_messages, ingest.max_waiting_bytes)
        gateways, self.found = GatewayBook(), DiscoveryBook()
        self._router: Router | None = None
        if uses:
            self._router = Router(uses, adopted, gateways=gateways, book=self.found, send=self.send)
            filters = distinct([*mqtt.topics, *self._router.filters])
            mqtt = mqtt.model_copy(update={"topics": filters})
        self._ingest = Ingest(table, ingest, gateways, router=self._router, book=self.found)
        self._give_up = threading.Event()
        self._subscriber = Subscriber(
            session or PahoSession(mqtt),
            self._inbox,
            mqtt,
            metrics,
            max_payload_bytes=ingest.max_payload_bytes,
            clock=clock,
        )
        self._batcher = Batcher(
            self._inbox,
            self._ingest,
            store=store,
            quarantine=quarantine,
            settings=ingest,
            metrics=metrics,
            acknowledge=self._subscriber.acknowledge,
            on_stored=on_stored,
            wait=self._give_up.wait,
            clock=clock,
            spool=None if ingest.spool is None else Spool(ingest.spool, ingest.spool_max),
        )
        # daemons: a process that ends without stop() is like one that was killed, and nothing is lost by that
        self._on_death = on_death
        self._network = self._thread("network", self._subscriber.run)
        self._pipeline = self._thread("pipeline", self._batcher.run)

    def _thread(self, name: str, run: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                run()
            except BaseException:
                log.critical("the collector's %s thread died; nothing is taken any more", name, exc_info=True)
                self._on_death()

        return threading.Thread(target=guarded, name=f"collector-{name}", daemon=True)

    def send(self, topic: str, payload: bytes) -> None:
        """Publish soon at QoS 0, if there is a connection; from any thread."""
        self._subscriber.send(topic, payload)

    def adopt(self, bindings: Sequence[Binding]) -> None:
        """Use these adopted devices from here on, in place of those before; from any thread."""
        if self._router is not None:
            self._router.adopt(bindings)

    def start(self) -> None:
        """Begin to connect and to take messages; an absent broker is waited for."""
        self._pipeline.start()
        self._network.start()

    def stop(self, timeout: float = 10.0) -> bool:
        """Whether both threads ended within about `timeout` seconds, everything read being stored.

        Where the store is away what waits is given up: the broker delivers it again to the next start.
        """
        if not self._network.ident:
            return True
        end = time.monotonic() + timeout
        self._subscriber.quiet()
        self._inbox.close()
        self._pipeline.join(max(0.0, timeout * 0.7))
        clean = not self._pipeline.is_alive()
        self._give_up.set()
        self._pipeline.join(max(0.0, (end - time.monotonic()) / 2))
        self._subscriber.stop()
        self._network.join(max(0.1, end - time.monotonic()))
        return clean and not self._network.is_alive()

    def replace_table(self, table: PointTable) -> None:
        """Use another property model from the next batch on; ids of points must keep their meaning."""
        self._batcher.replace_table(table)

    def gateways(self) -> tuple[GatewayStatus, ...]:
        """What each gateway last said of itself, by site and name."""
        return self._ingest.gateways.all()

    def health(self) -> CollectorHealth:
        """How the collector is now; from any thread."""
        session, pipeline = self._subscriber.state(), self._batcher.state()
        return CollectorHealth(
            connected=session.connected,
            paused=session.paused,
            waiting_messages=self._inbox.waiting_messages,
            waiting_bytes=self._inbox.waiting_bytes,
            last_message_at=pipeline.last_message_at,
            last_stored_at=pipeline.last_stored_at,
            error=pipeline.store_error or pipeline.handover_error or session.error,
            store_error=pipeline.store_error,
            warning=session.warning or _flood(pipeline.loudest),
            unguaranteed_sites=pipeline.unguaranteed_sites,
            handovers_given_up=pipeline.handovers_given_up,
            threads_alive=self._network.is_alive() and self._pipeline.is_alive(),
            settled=session.settled,
            spooled_messages=pipeline.spooled_messages,
            spool_dropped=pipeline.spool_dropped,
        )


def _flood(topic: str | None) -> str | None:
    if topic is None:
        return None
    return f"most of what waits comes from {topic}: others wait for it; slow its gateway down or send batches"

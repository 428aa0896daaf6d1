"""The collector and the rules over a foundation: what a worker is, and the larger part of the whole."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from collector.collector import Collector
from collector.mapping.layout import load_layouts
from collector.mapping.site_map import load_maps
from plantroom.adoption import Adoption
from plantroom.app.foundation import Foundation
from plantroom.errors import StoreError
from plantroom.health import PartHealth
from plantroom.live import LiveValues
from plantroom.model import PointTable
from plantroom.notifications import LogNotifier, Notifier
from plantroom.readings import ReadingBatch
from plantroom.stores.records.discovered import DiscoveryStore
from plantroom.stores.records.quarantine import QuarantineStore
from plantroom.times import SECOND, Nanos
from rules.baseline.watch import Watch
from rules.dispatch import Dispatcher
from rules.engine import Engine
from rules.relay import Relay
from rules.runner import Runner
from rules.schedule import Timed

log = logging.getLogger(__name__)

STOP_SECONDS = 10.0


class Watching:
    """Messages to readings to alarms and orders, and the newest values in memory."""

    def __init__(
        self,
        on: Foundation,
        *,
        notifier: Notifier | None = None,
        fence: Callable[[Session], None] = lambda _: None,
    ) -> None:
        """Raises: MapError; SettingsError for TLS files that cannot be used."""
        self._on = on
        self._heard_at = time.monotonic_ns()
        """When readings came last, by a clock that nobody sets."""
        self.live = LiveValues(on.table().size)
        self.live.update(on.store.latest())
        self.dispatcher = Dispatcher(on.catalogue, on.table, on.metrics)
        self.runner = Runner(
            self._engine(),
            self.dispatcher,
            on.database,
            on.metrics,
            checkpoint_every=on.settings.checkpoint_every,
            watch=Watch(on.catalogue, on.table()),
            publish=self._publish,
            fence=fence,
        )
        self.relay = Relay(on.database, notifier or LogNotifier(), on.metrics, on.clock)
        mapping = on.settings.mapping
        self.collector = Collector(
            mqtt=on.settings.mqtt,
            ingest=on.settings.ingest,
            table=on.table(),
            store=on.store,
            quarantine=QuarantineStore(on.database),
            metrics=on.metrics,
            on_stored=self._on_stored,
            clock=on.clock,
            on_death=self._die,
            uses=load_maps(mapping.maps, load_layouts(mapping.layouts), on.table()),
        )
        self.adoption = Adoption(
            on.database,
            DiscoveryStore(on.database),
            take=self.collector.found.take,
            put_back=self.collector.found.put_back,
            adopt=self.collector.adopt,
            clock=on.clock,
        )
        self.died = False
        """Whether a part has died that only a new process brings back: a supervisor starts one."""

    def _die(self) -> None:
        self.died = True
        os.kill(os.getpid(), signal.SIGTERM)

    def start(self) -> int:
        """How many stored readings the rules ran over again; messages are taken when this returns."""
        recovered = self.runner.recover(self._on.store, self._on.clock())
        self.adoption.run()
        self.collector.start()
        return recovered

    def stop(self) -> None:
        """Stop taking messages and write what is waiting. The stores stay open."""
        self.collector.stop(STOP_SECONDS)
        try:
            self.runner.flush(self._on.clock(), baselines=True)
        except StoreError as failure:
            # the readings are stored: the next start finds the same changes again
            log.error("the last rule changes could not be written: %s", failure)  # noqa: TRY400

    def timed(self) -> list[Timed]:
        """What is to be done again and again while it runs."""
        return [
            (self.pass_time, SECOND),
            (self.relay.relay_notifications, SECOND),
            (self.take_property_changes, 2 * SECOND),
            (self.adoption.run, 2 * SECOND),
        ]

    def pass_time(self) -> int:
        """How many alarm changes the passing of time brought; none while readings may wait for us."""
        if self.collector.health().is_behind:
            return 0
        return self.runner.pass_time(self._on.clock(), time.monotonic_ns() - self._heard_at)

    def take_property_changes(self) -> int:
        """1 where another process had changed the property: rules and collector go on with the new one.

        Raises: StoreUnavailableError; the next turn tries again.
        """
        found = self._on.table.newer()
        if found is None:
            return 0
        version, table = found
        watch = Watch(self._on.catalogue, table)
        self.runner.take_over(self._engine(table), watch, self._on.store, self._on.clock())
        self._on.table.put(version, table)
        self.collector.replace_table(table)
        log.info("the property changed: %d equipment", len(table.equipment))
        return 1

    def health(self) -> tuple[PartHealth, ...]:
        """Each part's word about itself."""
        state = self.collector.health()
        link = "connected" if state.connected else state.error or "not connected to the broker"
        text = state.error or state.warning or "taking messages"
        if state.paused:
            text = "not reading: the store is slow or away; messages wait in the broker"
        if state.spooled_messages:
            lost = f", {state.spool_dropped:,} were dropped" if state.spool_dropped else ""
            text = f"{state.spooled_messages:,} messages wait on disk for the store{lost}; {text}"
        if self.died:
            text = "a thread has died, see the log; the process ends for its supervisor to start it again"
        reads = not (state.paused or state.spooled_messages)
        stores = state.store_error is None
        return (
            PartHealth("readings", stores, state.store_error or "written"),
            PartHealth("broker", state.connected, link),
            PartHealth("collector", state.threads_alive and reads, text),
        )

    def rule_states(self, equipment_id: int) -> Mapping[str, str]:
        """Rule key -> unknown, normal, pending or active; nothing for what is not in service."""
        item = self._on.table().equipment_by_id.get(equipment_id)
        if item is None or item.retired_at is not None:
            return {}
        states = self.runner.engine.state_of(equipment_id, self._on.clock())
        return {key: state.status.value for key, state in states.items()}

    def _engine(self, table: PointTable | None = None) -> Engine:
        found = self._on.table() if table is None else table
        return Engine(self._on.catalogue, found, lateness=self._on.settings.lateness)

    def _on_stored(self, batch: ReadingBatch, now: Nanos) -> None:
        self._heard_at = time.monotonic_ns()
        self.live.update(batch)
        self.runner.on_stored(batch, now)

    def _publish(self, deviations: ReadingBatch) -> None:
        """Keep and show what the baselines found. Storing it twice changes nothing."""
        self._on.store.append(deviations)
        self.live.update(deviations)

"""The composition: builds the parts from the settings, starts and stops them in order.

The only place that knows all of them. One process, since the embedded reading store lets no other in.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import uvicorn
from apscheduler.schedulers.background import BackgroundScheduler
from fastapi import FastAPI

from api.app import create_api
from api.console import mount
from api.context import Context
from api.security import first_admin
from collector.collector import Collector
from plantroom.catalogue import Catalogue, load_catalogue
from plantroom.errors import CatalogueError, SettingsError, StoreError
from plantroom.health import PartHealth
from plantroom.live import LiveValues
from plantroom.metrics import Metrics
from plantroom.model import PointTable
from plantroom.readings import ReadingBatch
from plantroom.settings import Settings
from plantroom.site_file import load_site_file
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.stores.records import Database
from plantroom.stores.records.property import Imported, import_sites, load_table
from plantroom.stores.records.quarantine import QuarantineStore
from plantroom.times import Clock, Nanos, system_clock
from rules.baseline import running
from rules.baseline.watch import Watch
from rules.dispatch import Dispatcher
from rules.engine import Engine
from rules.expression import check_catalogue
from rules.runner import Runner
from rules.schedule import Jobs

log = logging.getLogger(__name__)

STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Started:
    """What a start did that a person should know."""

    imported: tuple[Imported, ...]
    recovered: int
    """Stored readings that the rules ran over again."""
    admin_password: str | None
    """Of the first administrator, made at this start; shown once and kept nowhere."""


def checked_catalogue(settings: Settings) -> Catalogue:
    """The catalogue with every rule's text checked.

    Raises: CatalogueError.
    """
    catalogue = load_catalogue(settings.catalogue)
    problems = [*check_catalogue(catalogue), *running.problems(catalogue)]
    if problems:
        raise CatalogueError(problems)
    return catalogue


class Application:
    """The running product: collector, rules, scheduler, API and console over one data folder."""

    def __init__(self, settings: Settings, clock: Clock = system_clock) -> None:
        """Open the stores and import the sites; nothing runs yet.

        Raises: SettingsError, CatalogueError, SiteError, StoreError; what was opened is closed again.
        """
        self.settings = settings
        self.clock = clock
        self.metrics = Metrics()
        self.catalogue = checked_catalogue(settings)
        prepare_folder(settings)
        with ExitStack() as undo:
            self.database = Database(settings.records_url)
            undo.callback(self.database.close)
            self.database.migrate()
            self.imported = self._import_sites()
            with self.database.session() as session:
                self._table = load_table(session, self.catalogue)
            self.store = DuckdbStore(settings.readings_file)
            undo.callback(self.store.close)
            self._compose()
            undo.pop_all()

    def _compose(self) -> None:
        self.live = LiveValues(self._table.size)
        self.live.update(self.store.latest())
        self.dispatcher = Dispatcher(self.catalogue, self.table, self.metrics)
        self.runner = Runner(
            Engine(self.catalogue, self._table, lateness=self.settings.lateness),
            self.dispatcher,
            self.database,
            self.metrics,
            checkpoint_every=self.settings.checkpoint_every,
            watch=Watch(self.catalogue, self._table),
            publish=self._publish,
        )
        self.jobs = Jobs(
            database=self.database,
            store=self.store,
            catalogue=self.catalogue,
            table=self.table,
            dispatcher=self.dispatcher,
            metrics=self.metrics,
            clock=self.clock,
            retention=self.settings.ingest.retention,
            pass_time=self._pass_time,
        )
        self.collector = Collector(
            mqtt=self.settings.mqtt,
            ingest=self.settings.ingest,
            table=self._table,
            store=self.store,
            quarantine=QuarantineStore(self.database),
            metrics=self.metrics,
            on_stored=self._on_stored,
            clock=self.clock,
        )
        self.api = self._build_api()
        self._scheduler: BackgroundScheduler | None = None

    def table(self) -> PointTable:
        """The property model in force."""
        return self._table

    def start(self) -> Started:
        """What the start did; the collector, rules and scheduler run when this returns."""
        password = first_admin(self.database, self.clock())
        recovered = self.runner.recover(self.store, self.clock())
        self.jobs.open_due_plans()
        self.collector.start()
        self._scheduler = self.jobs.start()
        return Started(self.imported, recovered, password)

    def stop(self) -> None:
        """Stop taking messages, write what is waiting, close the stores. May be called twice."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=True)
            self._scheduler = None
        self.collector.stop(STOP_SECONDS)
        try:
            self.runner.flush(self.clock(), baselines=True)
        except StoreError as failure:
            # the readings are stored: the next start finds the same changes again
            log.error("the last rule changes could not be written: %s", failure)  # noqa: TRY400
        self.store.close()
        self.database.close()

    def serve(self, listener: socket.socket) -> None:
        """Serve API and console on the socket until a signal ends it."""
        config = uvicorn.Config(self.api, log_level="warning", lifespan="on", timeout_graceful_shutdown=3)
        with _signals_end_the_server_only():
            uvicorn.Server(config).run(sockets=[listener])

    def health(self) -> tuple[PartHealth, ...]:
        """Each part's word about itself."""
        state = self.collector.health()
        text = state.error or ("connected" if state.connected else "not connected to the broker")
        if state.paused:
            text = "not reading: the store is slow or away; messages wait in the broker"
        return (
            PartHealth("broker", state.connected, text),
            PartHealth("collector", state.threads_alive and not state.paused, state.warning or text),
            PartHealth("scheduler", self._scheduler is not None and self._scheduler.running),
        )

    def _pass_time(self) -> int:
        """How many alarm changes the passing of time brought; none while readings may wait for us."""
        state = self.collector.health()
        if not state.connected or state.paused or state.waiting_messages or state.error is not None:
            return 0
        return self.runner.pass_time(self.clock())

    def _on_stored(self, batch: ReadingBatch, now: Nanos) -> None:
        self.live.update(batch)
        self.runner.on_stored(batch, now)

    def _publish(self, deviations: ReadingBatch) -> None:
        """Keep and show what the baselines found. Storing it twice changes nothing."""
        self.store.append(deviations)
        self.live.update(deviations)

    def _rule_states(self, equipment_id: int) -> Mapping[str, str]:
        item = self._table.equipment_by_id.get(equipment_id)
        if item is None or item.retired_at is not None:
            return {}
        states = self.runner.engine.state_of(equipment_id, self.clock())
        return {key: state.status.value for key, state in states.items()}

    def _build_api(self) -> FastAPI:
        context = Context(
            settings=self.settings,
            catalogue=self.catalogue,
            database=self.database,
            store=self.store,
            live=self.live,
            metrics=self.metrics,
            clock=self.clock,
            table=self.table,
            health=self.health,
            rule_states=self._rule_states,
        )
        api = create_api(context)
        mount(api, context)
        return api

    def _import_sites(self) -> tuple[Imported, ...]:
        done: list[Imported] = []
        for path in self.settings.sites:
            document = load_site_file(path, self.catalogue)
            with self.database.transaction() as session:
                done.append(import_sites(session, document, self.catalogue, self.clock()))
        return tuple(done)


@contextmanager
def _signals_end_the_server_only() -> Iterator[None]:
    """uvicorn raises the signal that ended it once more; here that must not skip the rest of the stop."""
    before = {number: signal.signal(number, _pass_over) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _pass_over(_number: int, _frame: object) -> None:
    pass


def prepare_folder(settings: Settings) -> None:
    """Make the data folder, or say why it cannot serve.

    Raises: SettingsError.
    """
    folder = settings.data
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    except OSError as failure:
        raise SettingsError(f"data: {folder} cannot be made: {failure.strerror}") from failure
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(f"data: {folder} is not writable; give it to this user or set PLANTROOM_DATA")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, opened before anything starts.

    Raises: SettingsError where the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as failure:
        listener.close()
        raise SettingsError(
            f"http: cannot listen on {host}:{port}: {failure.strerror}; "
            "stop what uses the port or set PLANTROOM_HTTP__PORT (0 takes a free one)"
        ) from failure
    return listener

"""What every process stands on: settings, catalogue, the two stores, and the property model in force."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack

from plantroom.catalogue import Catalogue, load_catalogue
from plantroom.errors import CatalogueError, SettingsError
from plantroom.metrics import Metrics
from plantroom.model import PointTable
from plantroom.service_levels import Count, ServiceLevels, ServicePolicy, default_policy, load_policy
from plantroom.settings import Settings
from plantroom.site_file import load_site_file
from plantroom.stores.base import ReadingStore
from plantroom.stores.build import build_store
from plantroom.stores.records import Database, people, versions
from plantroom.stores.records.property import Imported, import_sites, load_table
from plantroom.times import Clock
from rules.baseline import running
from rules.expression import check_catalogue

log = logging.getLogger(__name__)

OpenStore = Callable[[Settings, Callable[[], PointTable]], ReadingStore]


def checked_catalogue(settings: Settings) -> Catalogue:
    """The catalogue with every rule's text checked.

    Raises: CatalogueError.
    """
    catalogue = load_catalogue(settings.catalogue)
    problems = [*check_catalogue(catalogue), *running.problems(catalogue)]
    if problems:
        raise CatalogueError(problems)
    return catalogue


def agreed_levels(settings: Settings) -> ServicePolicy:
    """The service levels that were agreed.

    Raises: PolicyError; SettingsError for what needs working hours.
    """
    policy = default_policy() if settings.service_levels is None else load_policy(settings.service_levels)
    if any(rule.count is Count.WORKING for rule in policy.rules):
        raise SettingsError(
            f"service_levels: {settings.service_levels} counts working time, but there are no working hours; "
            "write count: round_the_clock"
        )
    return policy


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


def open_readings(settings: Settings, table: Callable[[], PointTable]) -> ReadingStore:
    """The reading store that the settings name, for a process that writes."""
    return build_store(settings, table)


def follow_readings(settings: Settings, table: Callable[[], PointTable]) -> ReadingStore:
    """The same for a process beside those that write: it asks for the newest each time."""
    return build_store(settings, table, follows=True)


def readings_are_shared(settings: Settings) -> bool:
    """Whether several processes may open the reading store at once."""
    return settings.readings_store == "influxdb"


def require_shared(settings: Settings, command: str) -> None:
    """Nothing, where both stores let several processes in.

    Raises: SettingsError with what to do.
    """
    missing = []
    if not (settings.database_url or "").startswith("postgres"):
        missing.append(
            "SQLite holds the records: set PLANTROOM_DATABASE_URL=postgresql+psycopg://USER@HOST/NAME"
        )
    if not readings_are_shared(settings):
        missing.append(
            "DuckDB holds the readings: set PLANTROOM_READINGS_STORE=influxdb and PLANTROOM_INFLUX__URL"
        )
    if missing:
        raise SettingsError(
            f"`plantroom {command}` shares its stores with other processes, and the embedded ones let one "
            f"process in. {'; '.join(missing)}. Or run `plantroom serve`, which is everything in one process"
        )


class PropertyModel:
    """The property model in force. Another process may change it: `refresh` looks."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._version, self._table = self._load()

    def __call__(self) -> PointTable:
        """The table, as it was when somebody looked last."""
        return self._table

    def newer(self) -> tuple[int, PointTable] | None:
        """A version that another process has made, and its table; None where there is none."""
        with self._database.session() as session:
            if versions.current(session, versions.PROPERTY) == self._version:
                return None
        return self._load()

    def put(self, version: int, table: PointTable) -> None:
        """Put a version in force."""
        with self._lock:
            self._version, self._table = version, table

    def take_changes(self) -> int:
        """1 where another process had changed the property, which is in force here now."""
        found = self.newer()
        if found is None:
            return 0
        self.put(*found)
        return 1

    def _load(self) -> tuple[int, PointTable]:
        with self._database.session() as session:
            # the version first: what changes in between is taken once more
            version = versions.current(session, versions.PROPERTY)
            return version, load_table(session, self._catalogue)


class Foundation:
    """The stores open, the sites imported, nothing running."""

    def __init__(self, settings: Settings, clock: Clock, open_store: OpenStore = open_readings) -> None:
        """Raises: SettingsError, FileError, StoreError; what was opened is closed again."""
        self.settings = settings
        self.clock = clock
        self.metrics = Metrics()
        self.catalogue = checked_catalogue(settings)
        self.levels = ServiceLevels(agreed_levels(settings))
        prepare_folder(settings)
        with ExitStack() as undo:
            self.database = Database(settings.records_url)
            undo.callback(self.database.close)
            self.database.migrate()
            self.imported = self._import_sites()
            with self.database.transaction() as session:
                people.seed(session)
            self.table = PropertyModel(self.database, self.catalogue)
            self.store = open_store(settings, self.table)
            undo.pop_all()

    def close(self) -> None:
        """Close the stores."""
        self.store.close()
        self.database.close()

    def _import_sites(self) -> tuple[Imported, ...]:
        done: list[Imported] = []
        for path in self.settings.sites:
            document = load_site_file(path, self.catalogue)
            with self.database.transaction() as session:
                done.append(import_sites(session, document, self.catalogue, self.clock()))
        return tuple(done)

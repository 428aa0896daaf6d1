"""`plantroom doctor`: looks at what a start needs and says how to mend what is wrong."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import typer
from rich.table import Table

from plantroom.app import checked_catalogue, prepare_folder
from plantroom.commands.doctor_influx import influx_parts
from plantroom.commands.shared import Exit, SettingsFile, err, out, settings_from
from plantroom.errors import PlantroomError, StoreCorruptError
from plantroom.health import PartHealth
from plantroom.settings import Settings
from plantroom.site_file import load_site_file
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.stores.records import Database

MIN_FREE_BYTES = 1024**3
BROKER_SECONDS = 3.0


def doctor(settings: SettingsFile = None) -> None:
    """Check settings, catalogue, site files, data folder, stores and broker; say how to mend each.

    Changes nothing but bringing the database to this version's schema. Exit code 1 if anything is wrong.
    """
    try:
        found = settings_from(settings)
    except PlantroomError as failure:
        err.print(str(failure), style="red", markup=False)
        raise typer.Exit(Exit.WRONG) from failure
    parts = list(examine(found))
    table = Table("part", "", "what to know or do")
    for part in parts:
        table.add_row(part.name, "[green]ok[/]" if part.ok else "[red]wrong[/]", part.detail)
    out.print(table)
    if not all(part.ok for part in parts):
        raise typer.Exit(Exit.WRONG)


def examine(settings: Settings) -> Iterator[PartHealth]:
    """Each part's state, in the order in which a start would need them."""
    yield _try("catalogue", lambda: f"{len(checked_catalogue(settings).classes)} classes")
    for path in settings.sites:
        yield _try(f"site file {path}", partial(_site, path, settings))
    folder = _try("data folder", lambda: _folder(settings))
    yield folder
    if folder.ok:
        yield _try("database", lambda: _database(settings))
        if settings.readings_store == "duckdb":
            yield _try("readings", lambda: _readings(settings))
    if settings.readings_store == "influxdb":
        yield from influx_parts(settings.influx)
    yield _broker(settings)


def _try(name: str, look: Callable[[], str]) -> PartHealth:
    try:
        return PartHealth(name, True, look())
    except StoreCorruptError as failure:
        return PartHealth(name, False, f"{failure}\n{_WAL_ADVICE}")
    except PlantroomError as failure:
        return PartHealth(name, False, str(failure))


_WAL_ADVICE = (
    "Nothing was overwritten. 1. Stop Plantroom and copy the data folder. 2. Restore the readings from a "
    "backup; or, if only the .wal is damaged, move readings.duckdb.wal and .tally aside: what came since the "
    "last checkpoint of the file is lost, all before it is kept. 3. Start again; alarms and orders are in "
    "the other database and are not touched."
)


def _site(path: Path, settings: Settings) -> str:
    document = load_site_file(path, checked_catalogue(settings))
    return f"{sum(len(site.equipment) for site in document.sites)} equipment"


def _folder(settings: Settings) -> str:
    prepare_folder(settings)
    free = shutil.disk_usage(settings.data).free
    if free < MIN_FREE_BYTES:
        raise PlantroomError(f"{settings.data}: less than 1 GiB free; make room or move the folder")
    return f"{settings.data.absolute()}, {free / 1024**3:.0f} GiB free"


def _database(settings: Settings) -> str:
    database = Database(settings.records_url)
    try:
        database.migrate()
    finally:
        database.close()
    return "opens, schema is this version's"


def _readings(settings: Settings) -> str:
    store = DuckdbStore(settings.readings_file)
    try:
        return f"opens, {store.size():,} readings"
    finally:
        store.close()


def _broker(settings: Settings) -> PartHealth:
    where = f"{settings.mqtt.host}:{settings.mqtt.port}"
    try:
        socket.create_connection((settings.mqtt.host, settings.mqtt.port), BROKER_SECONDS).close()
    except OSError as failure:
        advice = "start the broker, or set PLANTROOM_MQTT__HOST and PLANTROOM_MQTT__PORT"
        return PartHealth("broker", False, f"{where} does not answer ({failure}); {advice}")
    return PartHealth("broker", True, f"{where} answers")

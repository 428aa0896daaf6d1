"""`plantroom simulate` and `plantroom replay`: publish to a broker as devices would."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from plantroom.app import checked_catalogue
from plantroom.commands.shared import SettingsFile, broker_settings, err, errors_in_print, out, settings_from
from plantroom.errors import NotFoundError
from plantroom.settings import Settings
from plantroom.site_file import load_site_file
from plantroom.stores.records import Database
from plantroom.stores.records.property import import_sites, load_sites, load_table
from plantroom.times import parse_duration, system_clock, to_iso
from simulators import DEMO_SITE
from simulators.faults import HELP, ground_truth, parse_faults
from simulators.fleet import Fleet
from simulators.publisher import Published, run
from simulators.replay import load_map, replay_file

BrokerHost = Annotated[str | None, typer.Option("--broker-host", help="Broker's address.")]
BrokerPort = Annotated[int | None, typer.Option("--broker-port", help="Broker's port.", min=1, max=65535)]


def simulate(
    site: Annotated[
        str | None, typer.Option(help="Key of the site; without it every site of the file.")
    ] = None,
    site_file: Annotated[Path, typer.Option(help="Site file with the equipment.")] = DEMO_SITE,
    speed: Annotated[
        float, typer.Option(help="Times as fast as time, until the present.", min=0.01, max=1000)
    ] = 1.0,
    fault: Annotated[list[str] | None, typer.Option(help=HELP)] = None,
    past: Annotated[str, typer.Option(help="How far back to begin, such as 30min; 0s is now.")] = "0s",
    lasting: Annotated[
        str | None, typer.Option(help="Simulated time to run, such as 2h; without it until Ctrl-C.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same readings.")] = 1,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Show every fault and end.")] = False,
    broker_host: BrokerHost = None,
    broker_port: BrokerPort = None,
    settings: SettingsFile = None,
) -> None:
    """Publish the readings of simulated equipment, with faults if wanted.

    Example: plantroom simulate --site demo --speed 10 --past 30min --fault pump-01:bearing_wear@30s
    """
    if list_faults:
        _print_faults()
        return
    with errors_in_print():
        found = broker_settings(settings_from(settings), broker_host, broker_port)
        start = system_clock() - _duration(past)
        fleet = _fleet(found, site_file, site, start=start, seed=seed, faults=fault or [])
        until = None if lasting is None else fleet.start + _duration(lasting)
        out.print(f"{len(fleet.members)} simulated equipment; Ctrl-C ends")
        with Progress(TextColumn("{task.description}"), console=err, transient=True) as progress:
            task = progress.add_task("connecting")

            def show(done: Published) -> None:
                text = f"{to_iso(done.ts)}  {done.messages:,} messages, {done.readings:,} readings"
                progress.update(task, description=text)

            try:
                done = run(fleet, found.mqtt, speed=speed, until=until, on_progress=show)
            except KeyboardInterrupt:
                raise typer.Exit from None
    out.print(f"sent {done.messages:,} messages with {done.readings:,} readings, all acknowledged")


def replay(
    file: Annotated[Path, typer.Argument(help="Recorded CSV.")],
    map_file: Annotated[Path, typer.Option("--map", help="Which column is which point (YAML).")],
    speed: Annotated[
        float, typer.Option(help="Times as fast as it was recorded; 0 is as fast as possible.", min=0)
    ] = 0,
    equipment: Annotated[str | None, typer.Option(help="Equipment instead of the map's.")] = None,
    keep_time: Annotated[
        bool, typer.Option(help="Keep the recorded times; else the last row is now.")
    ] = False,
    broker_host: BrokerHost = None,
    broker_port: BrokerPort = None,
    settings: SettingsFile = None,
) -> None:
    """Send recorded data over MQTT, as the device would have.

    Example: plantroom replay 15.csv --map simulators/maps/skab.yaml --speed 60
    """
    with errors_in_print():
        found = broker_settings(settings_from(settings), broker_host, broker_port)
        plan = load_map(map_file)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=err) as progress:
            task = progress.add_task(file.name, total=None)
            try:
                done = replay_file(
                    file,
                    plan,
                    found.mqtt,
                    speed=speed,
                    equipment=equipment,
                    keep_time=keep_time,
                    on_progress=lambda sent, total: progress.update(task, completed=sent, total=total),
                )
            except KeyboardInterrupt:
                raise typer.Exit from None
    out.print(
        f"{file.name}: {done.rows:,} rows sent and acknowledged, "
        f"from {to_iso(done.first)} to {to_iso(done.last)}"
    )
    for line, reason in done.skipped[:20]:
        err.print(f"{file}:{line}: skipped: {reason}", markup=False)
    if len(done.skipped) > 20:
        err.print(f"and {len(done.skipped) - 20:,} more rows skipped")


def _fleet(
    settings: Settings, site_file: Path, site: str | None, *, start: int, seed: int, faults: list[str]
) -> Fleet:
    """The equipment of the site file, through a database in memory that gives its points their ids."""
    catalogue = checked_catalogue(settings)
    document = load_site_file(site_file, catalogue)
    database = Database("sqlite://")
    try:
        database.migrate()
        with database.transaction() as session:
            import_sites(session, document, catalogue, start)
            table, sites = load_table(session, catalogue), load_sites(session)
    finally:
        database.close()
    if site is not None and site not in {item.key for item in sites}:
        raise NotFoundError(f"no site {site!r} in {site_file}")
    return Fleet(table, sites, start, seed=seed, faults=parse_faults(faults, start), only=site)


def _print_faults() -> None:
    table = Table("class", "fault", "raises")
    for equipment_class, kind, rules in ground_truth():
        table.add_row(equipment_class, kind, ", ".join(rules))
    out.print(table)


def _duration(text: str) -> int:
    try:
        return parse_duration(text) if text not in ("0", "0s") else 0
    except ValueError as failure:
        raise typer.BadParameter(str(failure)) from None

"""`plantroom db`: sets up the servers that keep the data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from plantroom.commands.shared import SettingsFile, errors_in_print, out, settings_from
from plantroom.errors import SettingsError
from plantroom.stores.build import influx_address, influx_tiers
from plantroom.stores.influx_server import InfluxServer
from plantroom.stores.influx_setup import InfluxSetup

app = typer.Typer(help="Set up the servers that keep the data.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `setup` a subcommand while it is the only one."""


@app.command()
def setup(
    admin_token_file: Annotated[
        Path,
        typer.Option(help="File with a token that may make buckets, tasks and tokens; only read now."),
    ],
    token_file: Annotated[
        Path | None,
        typer.Option(help="Write a new token here that can read and write readings, and nothing else."),
    ] = None,
    reader_token_file: Annotated[
        Path | None, typer.Option(help="Write a new token here that can only read, for Grafana.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done and do nothing.")
    ] = False,
    settings: SettingsFile = None,
) -> None:
    """Make the InfluxDB buckets, their retention and the downsampling tasks; again, it changes nothing."""
    with errors_in_print():
        influx = settings_from(settings).influx
        for path in (token_file, reader_token_file):
            if path is not None and path.exists():
                raise SettingsError(f"{path} is there already: move it away to have a new token")
        server = InfluxServer(influx_address(influx, _admin_token(admin_token_file)))
        try:
            _run(InfluxSetup(server, influx_tiers(influx), dry_run=dry_run))
            if not dry_run:
                made = InfluxSetup(server, influx_tiers(influx))
                _token(made, token_file, writes=True)
                _token(made, reader_token_file, writes=False)
        finally:
            server.close()


def _run(setting_up: InfluxSetup) -> None:
    table = Table("what", "name", "", "detail")
    for step in setting_up.run():
        table.add_row(step.what, step.name, step.done, step.detail)
    out.print(table)


def _token(made: InfluxSetup, path: Path | None, *, writes: bool) -> None:
    if path is None:
        return
    token = made.token("Plantroom" if writes else "Plantroom, reading only", writes=writes)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(token + "\n")
    out.print(f"token written to {path}", markup=False)


def _admin_token(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as failure:
        raise SettingsError(f"{path} cannot be read: {failure}") from failure

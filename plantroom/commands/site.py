"""`plantroom site`: check and import a property's site file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plantroom.app import checked_catalogue, prepare_folder
from plantroom.commands.shared import SettingsFile, errors_in_print, out, settings_from
from plantroom.site_file import load_site_file
from plantroom.stores.records import Database
from plantroom.stores.records.property import Imported, import_sites
from plantroom.times import system_clock

app = typer.Typer(no_args_is_help=True, help="Sites, spaces and equipment from a site file (YAML).")
File = Annotated[Path, typer.Argument(help="The site file.")]


@app.command()
def check(file: File, settings: SettingsFile = None) -> None:
    """Check a site file against the catalogue; changes nothing."""
    with errors_in_print():
        document = load_site_file(file, checked_catalogue(settings_from(settings)))
    equipment = sum(len(site.equipment) for site in document.sites)
    out.print(f"{len(document.sites)} site(s), {equipment} equipment: all in order")


@app.command(name="import")
def import_(file: File, settings: SettingsFile = None) -> None:
    """Import a site file. Doing it again changes nothing; equipment that it no longer names is retired.

    Running processes on the same database take the change within seconds.
    """
    with errors_in_print():
        found = settings_from(settings)
        catalogue = checked_catalogue(found)
        document = load_site_file(file, catalogue)
        prepare_folder(found)
        database = Database(found.records_url)
        try:
            database.migrate()
            with database.transaction() as session:
                done = import_sites(session, document, catalogue, system_clock())
        finally:
            database.close()
    print_import(done)


def print_import(done: Imported) -> None:
    """Say in a line what an import did."""
    out.print(
        f"equipment: {len(done.added)} added, {len(done.changed)} changed, "
        f"{len(done.unchanged)} unchanged, {len(done.retired)} retired"
    )

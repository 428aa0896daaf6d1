"""`plantroom catalogue`: look at the equipment classes and check one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from plantroom.catalogue import load_catalogue, schema_json
from plantroom.commands.shared import errors_in_print, out
from plantroom.errors import CatalogueError
from rules.baseline import running
from rules.expression import check_catalogue

app = typer.Typer(no_args_is_help=True, help="Equipment classes: points, fault rules, maintenance plans.")
Folder = Annotated[
    Path | None,
    typer.Argument(help="Folder of your own class files, which add to or replace the shipped ones."),
]


@app.command()
def check(folder: Folder = None) -> None:
    """Check every class file: keys, units, ranges, and each rule's text. Exit code 1 if anything is wrong."""
    with errors_in_print():
        catalogue = load_catalogue(folder)
        problems = [*check_catalogue(catalogue), *running.problems(catalogue)]
        if problems:
            raise CatalogueError(problems)
    rules = sum(len(item.rules) for item in catalogue)
    instruments = sum(rule.instrument is not None for item in catalogue for rule in item.rules)
    plans = sum(len(item.plans) for item in catalogue)
    out.print(
        f"{len(catalogue.classes)} classes, {rules} fault rules ({instruments} of them about instruments), "
        f"{plans} maintenance plans: all in order"
    )


@app.command(name="list")
def list_(folder: Folder = None) -> None:
    """List the classes with how many points, rules and plans each has."""
    with errors_in_print():
        catalogue = load_catalogue(folder)
    table = Table("class", "name", "名称", "system", "points", "rules", "plans")
    for item in catalogue:
        counts = (str(len(group)) for group in (item.points, item.rules, item.plans))
        table.add_row(item.key, item.name.en, item.name.zh, item.system.value, *counts)
    out.print(table)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a class file, for your editor."""
    typer.echo(schema_json(), nl=False)

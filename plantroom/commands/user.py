"""`plantroom user`: the people who sign in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from plantroom.app import prepare_folder
from plantroom.commands.shared import SettingsFile, errors_in_print, out, settings_from
from plantroom.stores.records import Database, users
from plantroom.times import system_clock
from plantroom.work_orders import Role

app = typer.Typer(no_args_is_help=True, help="People who sign in to the console and the API.")
Username = Annotated[str, typer.Argument(help="The name to sign in with.")]
COMMAND_LINE = "command line"


@contextmanager
def _session(settings: Path | None) -> Iterator[Session]:
    with errors_in_print():
        found = settings_from(settings)
        prepare_folder(found)
        database = Database(found.records_url)
        try:
            database.migrate()
            with database.transaction() as session:
                yield session
        finally:
            database.close()


@app.command()
def add(
    username: Username,
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.VIEWER,
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    settings: SettingsFile = None,
) -> None:
    """Add a user; the password is made up and shown this once."""
    with _session(settings) as session:
        _, password = users.create_user(
            session, username, role, now=system_clock(), by=COMMAND_LINE, name=name
        )
    out.print(f"user {username} ({role}), password: {password}", markup=False, highlight=False)


@app.command()
def password(
    username: Username,
    new: Annotated[
        str, typer.Option(prompt="New password", confirmation_prompt=True, hide_input=True, help="Asked for.")
    ],
    settings: SettingsFile = None,
) -> None:
    """Give a user another password; their sessions end."""
    with _session(settings) as session:
        users.set_password(session, username, new, now=system_clock(), by=COMMAND_LINE)
    out.print(f"the password of {username} is changed", markup=False)

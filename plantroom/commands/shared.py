"""What the subcommands have in common: exit codes, errors in print, settings from options."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.logging import RichHandler

from plantroom.errors import FileError, PlantroomError, SettingsError, StoreUnavailableError
from plantroom.settings import Settings, load_settings

out = Console()
err = Console(stderr=True)

SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", help="Settings file; without it ./plantroom.toml if there is one."),
]


class Exit(IntEnum):
    """What the exit code says; 2 is Typer's own for wrong usage."""

    OK = 0
    WRONG = 1
    """Something given is wrong: a file, a setting, a name."""
    AWAY = 3
    """A broker or a store cannot be reached; trying again may help."""


@contextmanager
def errors_in_print() -> Iterator[None]:
    """Turns Plantroom's errors into a message and an exit code, without a traceback."""
    try:
        yield
    except FileError as failure:
        for problem in failure.problems:
            err.print(str(problem), style="red", markup=False, highlight=False)
        err.print(f"{len(failure.problems)} problem(s); nothing was changed", markup=False)
        raise typer.Exit(Exit.WRONG) from failure
    except StoreUnavailableError as failure:
        err.print(str(failure), style="red", markup=False, highlight=False)
        raise typer.Exit(Exit.AWAY) from failure
    except PlantroomError as failure:
        err.print(str(failure), style="red", markup=False, highlight=False)
        raise typer.Exit(Exit.WRONG) from failure
    except ConnectionError as failure:
        err.print(f"cannot reach the broker: {failure}", style="red", markup=False)
        raise typer.Exit(Exit.AWAY) from failure


def settings_from(file: Path | None, **given: Any) -> Settings:
    """The settings in force, those that are None left to the environment and the file.

    Raises: SettingsError.
    """
    return load_settings(file, **{key: value for key, value in given.items() if value is not None})


def broker_settings(settings: Settings, host: str | None, port: int | None) -> Settings:
    """The settings with another broker address where one is given."""
    change = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    return settings.model_copy(update={"mqtt": settings.mqtt.model_copy(update=change)})


def log_to_terminal(level: str) -> None:
    """Plantroom's own log at `level`, the libraries' from warnings up.

    Raises: SettingsError for a word that is no level.
    """
    if level.upper() not in logging.getLevelNamesMapping():
        raise SettingsError(f"log level: {level!r} is none of debug, info, warning, error")
    handler = RichHandler(console=err, show_path=False, markup=False, rich_tracebacks=False)
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s", handlers=[handler], force=True)
    for name in ("plantroom", "collector", "rules", "api", "simulators"):
        logging.getLogger(name).setLevel(level.upper())
    # amqtt tells of every session that ends; alembic of every revision
    for name in ("amqtt", "transitions", "alembic", "apscheduler"):
        logging.getLogger(name).setLevel(logging.ERROR)

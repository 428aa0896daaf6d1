"""The `plantroom` command."""

from __future__ import annotations

from typing import Annotated

import typer

from plantroom import __version__
from plantroom.commands import backtest, catalogue, db, field, rules, run, site, split, user
from plantroom.commands.doctor import doctor
from plantroom.commands.evaluate import evaluate
from plantroom.commands.shared import errors_in_print, log_to_terminal

HELP = """Watches a property's equipment, finds faults and overdue maintenance, and opens work orders.

Start with `plantroom demo`: a simulated building, live in your browser. For your own equipment write a site
file (`plantroom site check FILE`), point PLANTROOM_MQTT__HOST at your broker and run `plantroom serve`. On
InfluxDB and PostgreSQL its parts run as processes of their own: `worker`, `scheduler` and `api`.

Settings come from options, then the environment (PLANTROOM_*), then ./plantroom.toml.

Exit codes: 0 all is well, 1 something given is wrong, 2 wrong usage, 3 a broker or store is away,
or another process has taken over. SIGTERM ends each cleanly, with 0."""

app = typer.Typer(help=HELP, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(db.app, name="db")
app.add_typer(rules.app, name="rules")
app.add_typer(site.app, name="site")
app.add_typer(user.app, name="user")
app.command()(run.demo)
app.command()(run.serve)
app.command()(split.worker)
app.command()(split.scheduler)
app.command()(split.api)
app.command()(field.simulate)
app.command()(field.replay)
app.command(name="backtest")(backtest.run_backtest)
app.command()(evaluate)
app.command()(doctor)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"plantroom {__version__}")
        raise typer.Exit


@app.callback()
def _before(
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "warning",
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version  # handled by its callback
    with errors_in_print():
        log_to_terminal(log_level)


def main() -> None:
    """Run the command and exit with its code."""
    app()


if __name__ == "__main__":
    main()

"""`plantroom backtest`: changed rules over stored history, here or in a running server."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.orm import Session

from plantroom.app import checked_catalogue
from plantroom.catalogue import Catalogue
from plantroom.commands import backtest_remote
from plantroom.commands.backtest_print import print_report
from plantroom.commands.shared import SettingsFile, err, errors_in_print, settings_from
from plantroom.errors import SettingsError, StoreUnavailableError
from plantroom.model import PointTable
from plantroom.settings import Settings
from plantroom.stores.base import ReadingStore
from plantroom.stores.build import build_store
from plantroom.stores.records import Database, feedback
from plantroom.stores.records.property import load_table
from plantroom.times import Nanos, from_datetime, parse_duration, system_clock
from rules.backtest import DEFAULT_WARM_UP, Draft, backtest, read_draft_file, report_of
from rules.backtest import Progress as Reached

PROCESSES = 2


class Format(StrEnum):
    """How the outcome is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def run_backtest(
    rules: Annotated[Path, typer.Option(help="A class file, or `class` and the `rules` that change (YAML).")],
    start: Annotated[str, typer.Option("--from", help="Beginning, such as 2026-03-01 or 2026-03-01T08:00Z.")],
    end: Annotated[str | None, typer.Option("--to", help="End, not included; without it, now.")] = None,
    equipment: Annotated[
        list[str] | None, typer.Option(help="SITE/KEY, again for each; without it all of the class.")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How the outcome is written.")] = Format.TABLE,
    warm_up: Annotated[str | None, typer.Option(help="How much to read before; 1d if not given.")] = None,
    url: Annotated[
        str | None, typer.Option(help="Run it in this server, such as http://localhost:8420.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(help="Token for the server; of an engineer.", envvar="PLANTROOM_TOKEN")
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Try changed or new rules on stored readings, beside the rules in force. Writes nothing.

    Example: plantroom backtest --rules pump-new.yaml --from 2026-02-01 --to 2026-03-01
    """
    with errors_in_print():
        now = system_clock()
        begin, stop = _instant(start, "--from"), now if end is None else _instant(end, "--to")
        if begin >= stop:
            raise SettingsError("--from must be before --to")
        lead = DEFAULT_WARM_UP if warm_up is None else _duration(warm_up)
        paths = equipment or []
        if url is not None:
            report = backtest_remote.run(url, token, rules, begin, stop, equipment=paths, warm_up=lead)
        else:
            report = _run_here(settings_from(settings), rules, begin, stop, paths=paths, warm_up=lead)
        print_report(report, output.value)


def _run_here(
    settings: Settings, rules: Path, start: Nanos, end: Nanos, *, paths: list[str], warm_up: Nanos
) -> dict[str, Any]:
    catalogue = checked_catalogue(settings)
    draft = read_draft_file(rules, catalogue)
    if settings.readings_store == "duckdb" and not settings.readings_file.exists():
        raise SettingsError(f"there are no readings at {settings.readings_file}; set PLANTROOM_DATA")
    store = _open(settings)
    database = Database(settings.records_url)
    try:
        database.migrate()
        with database.session() as session:
            return _compare(session, store, draft, catalogue, start, end, paths=paths, warm_up=warm_up)
    finally:
        database.close()
        store.close()


def _compare(
    session: Session,
    store: ReadingStore,
    draft: Draft,
    catalogue: Catalogue,
    start: Nanos,
    end: Nanos,
    *,
    paths: list[str],
    warm_up: Nanos,
) -> dict[str, Any]:
    judged = feedback.occurrences(session, since=start, until=end)
    with bar() as shown:
        task = shown.add_task("reading", total=1.0)

        def tell(reached: Reached) -> None:
            shown.update(task, completed=reached.share, description=f"{reached.readings:,} readings")

        result = backtest(
            draft,
            catalogue,
            load_table(session, catalogue),
            store,
            start=start,
            end=end,
            equipment=paths,
            feedback=[(item.equipment_id, item.rule, item.raised_ts, item.judgement) for item in judged],
            warm_up=warm_up,
            processes=PROCESSES,
            progress=tell,
        )
    return report_of(result)


def bar() -> Progress:
    """A bar on the terminal's error side, so that the outcome can be piped."""
    return Progress(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=err)


def _open(settings: Settings) -> ReadingStore:
    nothing_is_written = PointTable([], [])
    try:
        return build_store(settings, lambda: nothing_is_written, follows=True)
    except StoreUnavailableError as failure:
        if settings.readings_store != "duckdb":
            raise
        raise StoreUnavailableError(
            f"{failure}\nA server has the data folder. Let it run the backtest: make a token there and add "
            f"--url http://localhost:{settings.http.port} --token plt_..."
        ) from failure


def _instant(text: str, option: str) -> Nanos:
    try:
        return from_datetime(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise SettingsError(
            f"{option}: {text[:40]!r} is not a time; write 2026-03-01 or 2026-03-01T08:00+08:00 (or else UTC)"
        ) from None


def _duration(text: str) -> Nanos:
    try:
        return parse_duration(text) if text not in ("0", "0s") else 0
    except ValueError as failure:
        raise SettingsError(f"--warm-up: {failure}") from None

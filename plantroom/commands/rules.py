"""`plantroom rules`: rules tested by written cases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from plantroom.app import checked_catalogue
from plantroom.catalogue import Catalogue, EquipmentClass
from plantroom.commands.shared import Exit, SettingsFile, errors_in_print, out, settings_from
from plantroom.errors import FileError, Problem
from rules.backtest import read_draft_file
from rules.cases import Case, CaseFile, load_cases, run, verdict

app = typer.Typer(no_args_is_help=True, help="Fault rules: test them by written cases, without Python.")


@app.command(name="test")
def run_cases(
    files: Annotated[list[Path], typer.Argument(help="Files of cases, as rules/README.md describes them.")],
    rules: Annotated[
        Path | None,
        typer.Option(help="Rules to test in place of those in force: a class file or some rules."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every case.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Run written cases: readings in, alarms out. Exit code 1 if a case comes out otherwise.

    Example: plantroom rules test cases/pump.yaml --rules pump-new.yaml
    """
    with errors_in_print():
        catalogue = checked_catalogue(settings_from(settings))
        if rules is not None:
            draft = read_draft_file(rules, catalogue)
            catalogue = Catalogue({**catalogue.classes, draft.cls.key: draft.cls}, catalogue.marks)
        problems: list[Problem] = []
        loaded: list[tuple[Path, CaseFile]] = []
        for path in files:
            try:
                loaded.append((path, load_cases(path, catalogue)))
            except FileError as failure:
                problems.extend(failure.problems)
        if problems:
            raise FileError(problems)
    outcomes = [_run(path, found, catalogue[found.cls], verbose=verbose) for path, found in loaded]
    failed, total = sum(item[0] for item in outcomes), sum(item[1] for item in outcomes)
    out.print(f"{total - failed} of {total} cases come out as expected", highlight=False)
    if failed:
        raise typer.Exit(Exit.WRONG)


def _run(path: Path, found: CaseFile, cls: EquipmentClass, *, verbose: bool) -> tuple[int, int]:
    """How many cases of the file failed, of how many; prints what there is to say."""
    table = Table("", "rule", "case", "what happened", title=f"{path} ({cls.key})", title_justify="left")
    failed = 0
    for case in found.cases:
        # rules do not see each other, and to build an engine of one takes a fraction of the time
        alone = cls.model_copy(update={"rules": tuple(rule for rule in cls.rules if rule.key == case.rule)})
        wrong = verdict(case, alone)
        failed += wrong is not None
        if wrong is not None:
            table.add_row("[red]wrong[/]", case.rule, _named(case), wrong)
        elif verbose:
            what = ", ".join(map(str, run(case, alone))) or "nothing, as expected"
            table.add_row("[green]ok[/]", case.rule, _named(case), what)
    if table.row_count:
        out.print(table)
    return failed, len(found.cases)


def _named(case: Case) -> str:
    return f"{case.case}: {case.note}" if case.note else case.case

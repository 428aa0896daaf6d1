"""`plantroom evaluate`: how well the rules find simulated faults, and how often they cry wolf."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from plantroom.commands import evaluate_plot, evaluate_print
from plantroom.commands.evaluate_run import Finished, Piece, pieces, run_all
from plantroom.commands.shared import err, errors_in_print, out
from plantroom.errors import NotFoundError, SettingsError
from plantroom.times import Nanos, parse_duration
from rules.evaluation import report, skab
from simulators.registry import models


def evaluate(
    classes: Annotated[str, typer.Option(help="Equipment classes, with commas; without it all.")] = "",
    seeds: Annotated[str, typer.Option(help="Seeds of the faults, with commas.")] = "1,2,3",
    severities: Annotated[str, typer.Option(help="Severities, above 0 to 1, with commas.")] = "0.3,0.6,1",
    healthy: Annotated[
        str, typer.Option(help="Healthy running of each class, in equipment time: 2y, 30d, 0.")
    ] = "30d",
    faults: Annotated[bool, typer.Option(help="Whether to inject faults.")] = True,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 2,
    keep: Annotated[
        Path | None, typer.Option(help="File for finished pieces; a run that broke off goes on from it.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw them here, .svg or .png; needs the extra `evaluate`.")
    ] = None,
    skab_folder: Annotated[
        Path | None,
        typer.Option("--skab", help="Only judge the learned baseline on the benchmark in this folder."),
    ] = None,
) -> None:
    """Inject every simulated fault and run the catalogue's rules on it; run healthy equipment beside.

    Example: plantroom evaluate --classes pump,ahu --seeds 1,2 --healthy 2y --json figures.json
    """
    with errors_in_print():
        if skab_folder is not None:
            out.print(str(skab.evaluate(skab_folder)), markup=False, highlight=False)
            return
        if plot is not None:
            evaluate_plot.check(plot)
        plan = pieces(
            _classes(classes),
            _whole(seeds) if faults else (),
            _shares(severities),
            _span(healthy),
            first_seed=min(_whole(seeds)),
        )
        found = _run(plan, jobs, keep)
        figures = report.report(
            [item for finished in found for item in finished.outcomes],
            [item for finished in found for item in finished.quiet],
        )
        evaluate_print.print_report(figures, out)
        if json_file is not None:
            json_file.write_text(json.dumps(report.as_json(figures), indent=1) + "\n", encoding="utf-8")
        if plot is not None:
            evaluate_plot.draw(figures, plot)


def _run(plan: Sequence[Piece], jobs: int, keep: Path | None) -> list[Finished]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err) as shown:
        task = shown.add_task("", total=len(plan))

        def done(piece: Piece) -> None:
            shown.update(task, advance=1, description=piece.equipment_class)

        return run_all(plan, jobs=jobs, keep=keep, done=done)


def _classes(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()] or sorted(models())
    unknown = [name for name in names if name not in models()]
    if unknown:
        raise NotFoundError(
            f"--classes: no simulator of {unknown[0]!r}; there is {', '.join(sorted(models()))}"
        )
    return list(dict.fromkeys(names))


def _whole(text: str) -> list[int]:
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        raise SettingsError(f"--seeds: {text[:40]!r} is not a list of whole numbers") from None
    if min(found) < 1:
        raise SettingsError("--seeds: seeds count from 1")
    return list(dict.fromkeys(found))


def _shares(text: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(0 < share <= 1 for share in found):
        raise SettingsError(f"--severities: {text[:40]!r} is not a list of numbers above 0 and at most 1")
    return list(dict.fromkeys(found))


def _span(text: str) -> Nanos:
    if text.strip() == "0":
        return 0
    try:
        return parse_duration(text)
    except (ValueError, OverflowError):
        raise SettingsError(f"--healthy: {text[:40]!r} is not a span; write 2y, 30d or 0") from None

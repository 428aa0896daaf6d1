"""The figures of an evaluation as tables."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Column, Table

from plantroom.times import SECOND, format_duration
from rules.evaluation.faults import Line
from rules.evaluation.report import Report

NOTE = (
    "Time to detect is over all runs, those without an alarm last. Rules of learned baselines (`deviation`) "
    "are not judged here: they learn for weeks. Alarms are counted as raised, before suppression."
)


def print_report(figures: Report, console: Console) -> None:
    """Print faults by kind and by class, what no rule sees, and healthy running."""
    if figures.kinds:
        console.print(_kinds(figures))
        console.print(_classes(figures))
    if figures.without_rules:
        names = ", ".join(f"{name}/{kind}" for name, kind in figures.without_rules)
        console.print(f"no rule yet: {names}", highlight=False)
    if figures.quiet:
        console.print(_quiet(figures))
    console.print(NOTE, style="dim", highlight=False)


def _kinds(figures: Report) -> Table:
    table = _table("fault", "severity", "found", "median", "90 %", "other rules raised")
    for line in figures.kinds:
        others = [text for text in (_names(line.others), _before(line.before)) if text]
        table.add_row(f"{line.equipment_class}/{line.kind}", *_figures(line), "; ".join(others))
    return table


def _table(name: str, *columns: str) -> Table:
    """A table whose names stay whole in a narrow terminal."""
    table = Table(Column(name, no_wrap=True), *columns[:-1], Column(columns[-1], overflow="fold"))
    for column in table.columns[1:-1]:
        column.no_wrap, column.justify = True, "right"
    return table


def _before(counts: Mapping[str, int]) -> str:
    return f"before: {_names(counts)}" if counts else ""


def _classes(figures: Report) -> Table:
    table = _table("class", "severity", "found", "median", "90 %", "rate", "others", "before")
    for line in figures.classes:
        severity, found, median, slow = _figures(line)
        table.add_row(
            line.equipment_class or "all",
            severity,
            found,
            median,
            slow,
            f"{line.rate:.1%}",
            str(sum(line.others.values())),
            str(sum(line.before.values())),
        )
    return table


def _quiet(figures: Report) -> Table:
    table = _table("class, healthy", "years", "read every", "alarms", "a month", "a year", "rules")
    for item in figures.quiet:
        table.add_row(
            item.equipment_class or "all",
            f"{item.days / 365.25:.2f}",
            f"{item.interval_s} s",
            str(item.count),
            f"{item.per_month:.3f}",
            f"{item.per_year:.2f}",
            _names(item.alarms),
        )
    return table


def _figures(line: Line) -> tuple[str, str, str, str]:
    found = f"{line.found}/{line.runs}"
    found = f"[red]{found}[/]" if line.found < line.runs else found
    return (f"{line.severity:g}", found, _time(line.median_s), _time(line.slow_s))


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else format_duration(round(seconds) * SECOND)


def _names(counts: Mapping[str, int]) -> str:
    worst = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(name if count == 1 else f"{name} x{count}" for name, count in worst)

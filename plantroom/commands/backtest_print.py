"""The report of a backtest for people, for programs and for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from plantroom.commands.shared import out
from plantroom.times import SECOND, format_duration

MOST_ALARMS = 40
_CSV = ("equipment", "rule", "what", "raised_at", "instead_at", "by_s", "cleared_at")


def print_report(report: dict[str, Any], form: str) -> None:
    """Print it as `table`, `json` or `csv` (one row for each alarm that was gained, lost or moved)."""
    if form == "json":
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
    elif form == "csv":
        typer.echo(as_csv(report), nl=False)
    else:
        _print_tables(report, out)


def as_csv(report: dict[str, Any]) -> str:
    """One row for each alarm that was gained, lost or moved."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _CSV, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_alarms(report))
    return text.getvalue()


def _alarms(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"equipment": line["equipment"], "rule": line["rule"], "what": what, **alarm}
        for line in report["lines"]
        for what in ("gained", "lost", "moved")
        for alarm in line[f"{what}_alarms"]
    ]


def _print_tables(report: dict[str, Any], console: Console) -> None:
    console.print(
        f"{report['class']}: {report['equipment']} equipment, {report['readings']:,} readings, "
        f"{report['start']} to {report['end']} (in force -> drafted)",
        highlight=False,
    )
    rules = Table(
        "rule", "", "alarms", "gained", "lost", "moved", "standing", "orders", "precision", "recall"
    )
    for rule in report["rules"]:
        before, after = rule["before"], rule["after"]
        rules.add_row(
            rule["rule"],
            rule["change"],
            f"{before['alarms']} -> {after['alarms']}",
            *(str(rule[name]) for name in ("gained", "lost", "moved")),
            f"{_minutes(before)} -> {_minutes(after)}",
            f"{before['orders']} -> {after['orders']}",
            *(f"{_share(before[name])} -> {_share(after[name])}" for name in ("precision", "recall")),
        )
    console.print(rules)
    alarms = _alarms(report)
    if alarms:
        shown = Table("equipment", "rule", "", "raised", "")
        for item in alarms[:MOST_ALARMS]:
            shown.add_row(item["equipment"], item["rule"], item["what"], item["raised_at"], _remark(item))
        console.print(shown)
    if len(alarms) > MOST_ALARMS:
        console.print(f"{len(alarms) - MOST_ALARMS} more; --format csv or json has them")
    for note in report["notes"]:
        console.print(note["en"], style="dim", highlight=False)


def _minutes(side: dict[str, Any]) -> str:
    return f"{side['standing_s'] / 60:.1f} min"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _remark(item: dict[str, Any]) -> str:
    if "by_s" not in item:
        return "still stands" if item["cleared_at"] is None else f"until {item['cleared_at']}"
    how = "later" if item["by_s"] > 0 else "earlier"
    return f"{format_duration(abs(round(item['by_s'] * SECOND)))} {how}"

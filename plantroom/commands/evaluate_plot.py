"""The figures of an evaluation as a picture. Needs matplotlib (the extra `evaluate`)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from plantroom.errors import SettingsError
from rules.evaluation.report import Report

COLOURS = ("#9ecae1", "#4292c6", "#08519c", "#08306b")


def check(path: Path, library: str = "matplotlib") -> None:
    """Nothing.

    Raises: SettingsError where nothing can be drawn there, before hours of running.
    """
    if path.suffix not in (".svg", ".png"):
        raise SettingsError(f"--plot: {path.name!r} must end in .svg or .png")
    if importlib.util.find_spec(library) is None:
        raise SettingsError("--plot needs matplotlib: pip install 'plantroom[evaluate]'")


def draw(figures: Report, path: Path) -> None:
    """Nothing; the picture is at `path`: found, time to detect, and false alarms by class."""
    from matplotlib import rc_context  # noqa: PLC0415 - an optional extra, slow to import
    from matplotlib.figure import Figure  # noqa: PLC0415

    # fixed names in the file, so that the same figures give the same picture
    with rc_context({"svg.hashsalt": "plantroom", "svg.fonttype": "none"}):
        picture = Figure(figsize=(13, 6), layout="constrained")
        left, middle, right = picture.subplots(1, 3)
        _found(left, figures)
        _times(middle, figures)
        _quiet(right, figures)
        picture.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _found(axes: Any, figures: Report) -> None:
    severities = sorted({line.severity for line in figures.classes})
    names = list(dict.fromkeys(line.equipment_class for line in figures.classes))
    height = 0.8 / max(1, len(severities))
    for at, severity in enumerate(severities):
        rates = {line.equipment_class: line.rate for line in figures.classes if line.severity == severity}
        places = [number + (at - (len(severities) - 1) / 2) * height for number in range(len(names))]
        axes.barh(
            places,
            [100 * rates.get(name, 0.0) for name in names],
            height,
            label=f"severity {severity:g}",
            color=COLOURS[at % len(COLOURS)],
        )
    axes.set_yticks(range(len(names)), [name or "all" for name in names])
    axes.set_xlim(0, 100)
    axes.set_xlabel("faults found, %")
    axes.invert_yaxis()
    if severities:
        axes.legend(loc="lower left", fontsize="small")


def _times(axes: Any, figures: Report) -> None:
    names = list(dict.fromkeys(line.equipment_class for line in figures.classes))
    full = max((line.severity for line in figures.classes), default=1.0)
    for line in figures.kinds:
        if line.severity == full and line.median_s is not None:
            axes.plot(line.median_s / 60, names.index(line.equipment_class), "o", color=COLOURS[1], alpha=0.6)
    for line in figures.classes:
        if line.severity == full and line.median_s is not None:
            axes.plot(
                line.median_s / 60, names.index(line.equipment_class), "|", color="black", markersize=14
            )
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), [name or "all" for name in names])
    axes.set_xlabel(f"minutes to detect at severity {full:g} (median of each kind; bar: of the class)")
    axes.invert_yaxis()


def _quiet(axes: Any, figures: Report) -> None:
    names = [item.equipment_class or "all" for item in figures.quiet]
    axes.barh(range(len(names)), [item.per_year for item in figures.quiet], color=COLOURS[1])
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("false alarms per equipment and year")
    axes.invert_yaxis()

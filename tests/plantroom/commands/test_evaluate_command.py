"""`plantroom evaluate`, as a person calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from plantroom.cli import app
from plantroom.commands import evaluate_plot
from plantroom.errors import SettingsError
from rules.evaluation import report
from tests.rules.test_evaluation import outcome

SMALL = ["evaluate", "--classes", "lighting_circuit", "--seeds", "1", "--severities", "1", "--healthy", "1h"]
SMALL += ["--jobs", "1"]


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(item) for item in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def figures(folder: Path, name: str, *more: str | Path) -> dict[str, Any]:
    run(*SMALL, "--json", folder / name, *more)
    found: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    return found


def test_the_same_seeds_give_the_same_figures_and_kept_pieces_are_not_run_again(tmp_path: Path) -> None:
    keep = tmp_path / "keep.jsonl"
    first = figures(tmp_path, "first.json", "--keep", keep)
    assert figures(tmp_path, "second.json") == first
    assert {line["kind"] for line in first["kinds"]} >= {"lamp_failure", "contactor_stuck", "no_power"}
    assert all(line["found"] == line["runs"] == 1 for line in first["kinds"])
    assert first["healthy"][0]["equipment_days"] == pytest.approx(1 / 24, abs=1e-3)
    lines = keep.read_text(encoding="utf-8").splitlines()
    # a line cut short by a crash is run again, the others are taken as they are
    keep.write_text("\n".join([lines[0][:-20], *lines[1:]]) + "\n", encoding="utf-8")
    assert figures(tmp_path, "third.json", "--keep", keep) == first
    assert len(keep.read_text(encoding="utf-8").splitlines()) == len(lines) + 1


def test_the_table_names_what_was_found() -> None:
    text = run(*SMALL[:-4], "--healthy", "0", "--jobs", "1")
    assert "lighting_circuit/no_power" in text
    assert "100.0%" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--classes", "teapot"], "no simulator of 'teapot'"),
        (["--seeds", "1,x"], "--seeds"),
        (["--seeds", "0"], "seeds count from 1"),
        (["--severities", "0.5,2"], "--severities"),
        (["--healthy", "forever"], "--healthy"),
        (["--plot", "figures.docx"], "must end in .svg or .png"),
    ],
)
def test_wrong_options_are_named(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["evaluate", *arguments])
    assert result.exit_code == 1
    assert said in " ".join(result.output.split())


def test_the_benchmark_needs_its_folder(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["evaluate", "--skab", str(tmp_path)])
    assert result.exit_code == 1
    assert "no CSV file of the benchmark" in " ".join(result.output.split())


def test_a_plot_without_its_library_says_what_to_install() -> None:
    with pytest.raises(SettingsError, match=r"plantroom\[evaluate\]"):
        evaluate_plot.check(Path("figures.svg"), library="no_such_library")


def test_equal_figures_are_drawn_equal(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = report.report([outcome((1, "right")), outcome(severity=0.3)], [])
    for name in ("one.svg", "two.svg"):
        evaluate_plot.draw(found, tmp_path / name)
    one = (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert "faults found, %" in one
    assert one == (tmp_path / "two.svg").read_text(encoding="utf-8")

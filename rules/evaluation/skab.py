"""The learned baseline on the Skoltech Anomaly Benchmark: F1, false-alarm and missed-alarm rate.

Protocol of the published table: in each file the first 400 rows are learned from, the rest is judged row by
row against its label, and the counts of all files are pooled. `python -m rules.evaluation.skab FOLDER`.
Source: Katser and Kozitsin 2020, SKAB v0.9.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from plantroom.errors import FileError, Problem
from plantroom.readings import Bools, Float64s, Int64s
from plantroom.times import from_datetime
from rules.baseline import Settings, learn, step

LEARNED_ROWS = 400
_LABELS = ("anomaly", "changepoint")


class Counts(NamedTuple):
    """Rows by what they are and how they were judged; counts of files add up with `pooled`."""

    hits: int
    false_alarms: int
    missed: int
    quiet: int

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 where nothing was found."""
        return _ratio(2 * self.hits, 2 * self.hits + self.false_alarms + self.missed)

    @property
    def false_alarm_rate(self) -> float:
        """Healthy rows in alarm, in %."""
        return 100 * _ratio(self.false_alarms, self.false_alarms + self.quiet)

    @property
    def missed_alarm_rate(self) -> float:
        """Faulty rows without alarm, in %."""
        return 100 * _ratio(self.missed, self.missed + self.hits)


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one file or one pool. `leading` is the point that carried its alarms, and its share."""

    name: str
    counts: Counts
    leading: str = ""
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Table:
    """The figures of each file, of each folder of labelled files, and of all of them together."""

    files: tuple[Line, ...]
    groups: tuple[Line, ...]
    total: Line

    def __str__(self) -> str:
        head = f"{'file':24}{'F1':>7}{'false %':>9}{'missed %':>10}  leading point"
        return "\n".join([head, *(_text(line) for line in (*self.files, *self.groups, self.total))])


class Recording(NamedTuple):
    """One file, `labelled` where it says what is faulty. Shapes: `ts`, `faulty` [N], `values` [N, P]."""

    points: tuple[str, ...]
    ts: Int64s
    values: Float64s
    faulty: Bools
    labelled: bool


def evaluate(folder: Path, settings: Settings | None = None) -> Table:
    """The figures of every CSV file in the folder and its sub-folders.

    A file without labels counts as healthy throughout; it is listed and not pooled.
    Raises: FileError where there is none, or one is not of the benchmark.
    """
    paths = sorted(folder.rglob("*.csv"), key=lambda path: (path.parent, len(path.stem), path.stem))
    if not paths:
        raise FileError([Problem(folder, 1, 1, "", "no CSV file of the benchmark in this folder")])
    files: list[Line] = []
    pools: dict[str, list[Counts]] = {}
    for path in paths:
        recording = read(path)
        line = judge(path.relative_to(folder).as_posix(), recording, settings or Settings())
        files.append(line)
        if recording.labelled:
            pools.setdefault(path.parent.relative_to(folder).as_posix(), []).append(line.counts)
    groups = tuple(Line(f"= {name}", pooled(counts)) for name, counts in pools.items())
    return Table(tuple(files), groups, Line("= all", pooled(group.counts for group in groups)))


def pooled(counts: Iterable[Counts]) -> Counts:
    """The sum of the counts."""
    return Counts(*np.array([Counts(0, 0, 0, 0), *counts]).sum(axis=0).tolist())


def judge(name: str, recording: Recording, settings: Settings) -> Line:
    """The figures of one file, learned from its first rows and judged on the others."""
    ts, values = recording.ts, recording.values
    # a row whose time does not rise cannot be judged; it gets the judgement of the row before it
    rises = np.diff(np.maximum.accumulate(ts), prepend=ts[0] - 1) > 0
    first, later = np.flatnonzero(rises[:LEARNED_ROWS]), LEARNED_ROWS + np.flatnonzero(rises[LEARNED_ROWS:])
    state = learn(ts[first], values[first], settings).start()
    scores = step(state, ts[later], values[later])
    at = np.cumsum(rises[LEARNED_ROWS:]) - 1
    alarm = np.where(at >= 0, scores.alarm[np.maximum(at, 0)], False)
    faulty = recording.faulty[LEARNED_ROWS:]
    counts = Counts(
        int((alarm & faulty).sum()),
        int((alarm & ~faulty).sum()),
        int((~alarm & faulty).sum()),
        int((~alarm & ~faulty).sum()),
    )
    if not scores.alarm.any():
        return Line(name, counts)
    shares = scores.contributions[scores.alarm].mean(axis=0)
    return Line(name, counts, recording.points[int(shares.argmax())], float(shares.max()))


def read(path: Path) -> Recording:
    """One file of the benchmark.

    Raises: FileError where it is not one, with the line.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file, delimiter=";")
        head = next(rows, [])
        if not head or head[0] != "datetime":
            raise FileError([Problem(path, 1, 1, "", "expected columns `datetime;...`")])
        points = tuple(name for name in head[1:] if name not in _LABELS)
        ts: list[int] = []
        table: list[list[float]] = []
        for row in rows:
            try:
                ts.append(from_datetime(datetime.fromisoformat(row[0])))
                table.append([float(cell) for cell in row[1 : len(head)]])
            except (ValueError, IndexError) as failure:
                raise FileError([Problem(path, rows.line_num, 1, "", str(failure))]) from failure
            if len(table[-1]) != len(head) - 1:
                raise FileError([Problem(path, rows.line_num, 1, "", "this row is shorter than the first")])
    if len(ts) <= LEARNED_ROWS:
        message = f"{len(ts)} rows; the first {LEARNED_ROWS} are learned from, so more are needed"
        raise FileError([Problem(path, 1, 1, "", message)])
    columns = dict(zip(head[1:], np.array(table).T, strict=True))
    faulty = columns.get("anomaly", np.zeros(len(ts))) > 0
    values = np.stack([columns[name] for name in points], axis=1)
    return Recording(points, np.array(ts, dtype=np.int64), values, faulty, "anomaly" in columns)


def main(arguments: Sequence[str]) -> int:
    """Print the table of the folder named; 2 where it cannot be read."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m rules.evaluation.skab FOLDER\n")
        return 2
    try:
        table = evaluate(Path(arguments[0]))
    except FileError as failure:
        sys.stderr.write(f"{failure}\n")
        return 2
    sys.stdout.write(f"{table}\n")
    return 0


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _text(line: Line) -> str:
    counts = line.counts
    figures = f"{counts.f1:7.3f}{counts.false_alarm_rate:9.2f}{counts.missed_alarm_rate:10.2f}"
    leading = f"  {line.leading} {100 * line.share:.0f} %" if line.leading else ""
    return f"{line.name:24}{figures}{leading}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

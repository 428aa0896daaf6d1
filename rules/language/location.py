"""Where a place inside a YAML text stands in its file, however the text was written there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from plantroom.errors import Problem


def in_file(problem: Problem, text: str, line: int, column: int) -> Problem:
    """The problem moved from where the text begins to `line` and `column` (from 1) inside it.

    YAML folds lines and drops indentation, but never a character that shows: the place is found by counting
    those. Where the file cannot be read, the message says the place in the text instead.
    """
    lines = text.split("\n")
    before = "".join(lines[: line - 1]) + lines[min(line, len(lines)) - 1][: column - 1]
    wanted, total = _showing(before), _showing(text)
    try:
        source = Path(problem.file).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        source = []
    found = _walk(source, problem.line, problem.column, min(wanted, total - 1))
    if found is None:
        return replace(problem, message=f"{problem.message} (line {line}, column {column} of the text)")
    past = 1 if wanted >= total else 0  # where the text ends too early
    return replace(problem, line=found[0], column=found[1] + past)


def _showing(text: str) -> int:
    return sum(not char.isspace() for char in text)


def _walk(source: list[str], line: int, column: int, wanted: int) -> tuple[int, int] | None:
    """The place of the `wanted`-th showing character (from 0) of the value that begins at line and column."""
    if line > len(source):
        return None
    row, position, escaped = line - 1, column - 1, ""
    opening = source[row][position : position + 1]
    if opening in ("|", ">"):
        row, position = row + 1, 0
    elif opening in ("'", '"'):
        position, escaped = position + 1, "''" if opening == "'" else '\\"'
    for at in range(row, len(source)):
        while position < len(source[at]):
            if escaped and source[at].startswith(escaped, position):
                position += 1  # two characters of the file are one of the text
            if not source[at][position].isspace():
                if wanted == 0:
                    return at + 1, position + 1
                wanted -= 1
            position += 1
        position = 0
    return None

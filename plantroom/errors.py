"""The error tree.

PlantroomError
├── FileError            a file from outside is wrong: Problems, each with file, line, column and key
│   ├── CatalogueError     an equipment class file
│   ├── SiteError          a site file
│   ├── MapError           a replay map, a layout or a map of topics
│   └── PolicyError        a service level file
├── SettingsError        a setting is unknown, malformed or cannot work
├── PayloadError         a message cannot be decoded or resolved; it goes to quarantine with `reason`
├── ExpressionError      a rule's text does not parse, type-check or fit the limits
├── UnitError            two units do not convert into each other
├── NotFoundError        no such thing, or not one that the caller may know of
├── ConflictError        the thing exists but its state does not allow the change
│   └── TransitionError    a state machine has no such edge; `allowed` names those it has
└── StoreError           a store failed
    ├── StoreUnavailableError  try again later: locked, away, full
    │   └── LeaseLostError       another process has taken over what only one may do
    └── StoreCorruptError      needs a person: `plantroom doctor` says how to go on
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class PlantroomError(Exception):
    """Anything that Plantroom itself raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where it is and what to do about it. Lines and columns count from 1."""

    file: Path | str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        return f"{self.file}:{self.line}:{self.column}: {key}{self.message}"


class FileError(PlantroomError):
    """A file from outside is wrong; nothing of it was used."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class CatalogueError(FileError):
    """An equipment class file is wrong."""


class SiteError(FileError):
    """A site file is wrong."""


class MapError(FileError):
    """A replay map, a layout or a map of topics is wrong."""


class PolicyError(FileError):
    """A service level file is wrong."""


class SettingsError(PlantroomError):
    """A setting is unknown, malformed or cannot work; says what to do."""


class PayloadError(PlantroomError):
    """A message cannot be decoded or resolved.

    `reason` is a short stable word for counting (`empty`, `utf8`, `json`, ...); the text is for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


class ExpressionError(PlantroomError):
    """A rule's text is wrong at `line` and `column` of that text (from 1)."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        self.line = line
        self.column = column
        super().__init__(message)


class UnitError(PlantroomError):
    """Two units do not convert into each other, or one is unknown."""


class NotFoundError(PlantroomError):
    """No such thing, or not one that the caller may know of."""


class ConflictError(PlantroomError):
    """The thing exists but its state does not allow the change."""


class TransitionError(ConflictError):
    """A state machine has no such edge; `allowed` names the edges it has from here."""

    def __init__(self, message: str, allowed: Sequence[str]) -> None:
        self.allowed = tuple(allowed)
        super().__init__(message)


class StoreError(PlantroomError):
    """A store failed."""


class StoreUnavailableError(StoreError):
    """The store cannot take this now (locked, away, full); trying again later may work."""


class LeaseLostError(StoreUnavailableError):
    """Another process has taken over what only one may do; this one must stop."""


class StoreCorruptError(StoreError):
    """The store's files are damaged and need a person; nothing was overwritten."""

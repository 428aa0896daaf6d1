"""YAML files from outside, read into checked models with errors that name file, line, column and key."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from plantroom.errors import FileError, Problem

Model = TypeVar("Model", bound=BaseModel)
KeyPath: TypeAlias = tuple[str | int, ...]

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 200_000


class Marks:
    """Where each value of a document stands: path of keys and indexes -> (line, column), from 1."""

    def __init__(self, file: Path | str) -> None:
        self.file = file
        self._at: dict[KeyPath, tuple[int, int]] = {}

    def put(self, path: KeyPath, node: yaml.Node) -> None:
        """Remember where the value at `path` begins."""
        self._at[path] = (node.start_mark.line + 1, node.start_mark.column + 1)

    def problem(self, path: KeyPath, message: str) -> Problem:
        """A Problem at `path`, or at the nearest enclosing value that the file has."""
        known = path
        while known and known not in self._at:
            known = known[:-1]
        line, column = self._at.get(known, (1, 1))
        return Problem(self.file, line, column, ".".join(map(str, path)), message)


def read(path: Path, error: type[FileError] = FileError) -> tuple[Any, Marks]:
    """The document as plain dicts, lists and scalars, and where each value stands.

    Raises: `error` for a file that cannot be read, is too large, is not YAML, has duplicate keys or aliases.
    """
    try:
        raw = path.read_bytes()
    except OSError as failure:
        raise error([Problem(path, 1, 1, "", f"cannot be read: {failure.strerror}")]) from failure
    if len(raw) > MAX_BYTES:
        raise error([Problem(path, 1, 1, "", f"is larger than {MAX_BYTES} bytes")])
    marks = Marks(path)
    try:
        text = raw.decode("utf-8-sig")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as failure:
        raise error([Problem(path, 1, 1, "", f"is not UTF-8 at byte {failure.start}")]) from failure
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = failure.problem or str(failure)
        raise error([Problem(path, line, column, "", message)]) from failure
    except (yaml.YAMLError, RecursionError) as failure:
        raise error([Problem(path, 1, 1, "", f"is not YAML: {failure}")]) from failure
    if node is None:
        raise error([Problem(path, 1, 1, "", "is empty")])
    problems: list[Problem] = []
    document = _plain(node, (), marks, problems, [0])
    if problems:
        raise error(problems)
    return document, marks


def load(path: Path, model: type[Model], error: type[FileError] = FileError) -> tuple[Model, Marks]:
    """The file as a checked `model`, and where each value stands.

    Raises: `error` with every problem that the model finds, each at its line and key.
    """
    document, marks = read(path, error)
    try:
        return model.model_validate(document), marks
    except ValidationError as failure:
        raise error(
            [
                marks.problem(_document_path(document, item["loc"]), _message(item))
                for item in failure.errors(include_url=False, include_context=False)
            ]
        ) from failure


def _document_path(document: Any, loc: tuple[str | int, ...]) -> KeyPath:
    """pydantic's loc without the parts that name a union's branch or a validator, not a key."""
    path: list[str | int] = []
    here = document
    for part in loc:
        if isinstance(here, dict) and part in here:
            here = here[part]
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        elif part == loc[-1] and isinstance(here, dict):
            here = None  # a key that is missing: named, though it stands nowhere
        else:
            continue
        path.append(part)
    return tuple(path)


def _message(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "unknown key"
    if item["type"] == "missing":
        return "is required"
    text = str(item["msg"]).removeprefix("Value error, ")
    return text[0].lower() + text[1:]


def _plain(node: yaml.Node, path: KeyPath, marks: Marks, problems: list[Problem], count: list[int]) -> Any:
    count[0] += 1
    if count[0] > MAX_NODES or len(path) > 40:
        problems.append(marks.problem(path, "the document is too large or too deep"))
        return None
    marks.put(path, node)
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            if key in result:
                line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
                problems.append(Problem(marks.file, line, column, key, "duplicate key"))
                continue
            result[key] = _plain(value_node, (*path, key), marks, problems, count)
            if problems:
                break
        return result
    if isinstance(node, yaml.SequenceNode):
        return [
            _plain(item, (*path, index), marks, problems, count)
            for index, item in enumerate(node.value)
            if not problems
        ]
    return yaml.SafeLoader("").construct_object(node)

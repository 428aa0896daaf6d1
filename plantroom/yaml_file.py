"""YAML files from outside, read into checked models with errors that name file, line, column and key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from plantroom.errors import FileError, Problem

Model = TypeVar("Model", bound=BaseModel)
KeyPath: TypeAlias = tuple[str | int, ...]

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 200_000
MAX_DEPTH = 40


class Marks:
    """Where each value of a document stands: path of keys and indexes -> (line, column), from 1."""

    def __init__(self, file: Path | str) -> None:
        self.file = file
        self._at: dict[KeyPath, tuple[int, int]] = {}
        self._key_at: dict[KeyPath, tuple[int, int]] = {}

    def put(self, path: KeyPath, node: yaml.Node) -> None:
        """Remember where the value at `path` begins."""
        self._at[path] = (node.start_mark.line + 1, node.start_mark.column + 1)

    def put_key(self, path: KeyPath, node: yaml.Node) -> None:
        """Remember where the key of the value at `path` stands: on a line above a block."""
        self._key_at[path] = (node.start_mark.line + 1, node.start_mark.column + 1)

    def key_problem(self, path: KeyPath, message: str) -> Problem:
        """A Problem with the key itself, on its own line."""
        problem = self.problem(path, message)
        line, column = self._key_at.get(path, (problem.line, problem.column))
        return replace(problem, line=line, column=column)

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
        with path.open("rb") as opened:
            raw = opened.read(MAX_BYTES + 1)
    except OSError as failure:
        raise error([Problem(path, 1, 1, "", f"cannot be read: {failure.strerror}")]) from failure
    if len(raw) > MAX_BYTES:
        raise error([Problem(path, 1, 1, "", f"is larger than {MAX_BYTES} bytes")])
    marks = Marks(path)
    try:
        text = raw.decode("utf-8-sig")
        node = yaml.compose(text, Loader=_Composer)
    except UnicodeDecodeError as failure:
        good = raw[: failure.start]
        line, column = good.count(b"\n") + 1, failure.start - good.rfind(b"\n")
        message = f"is not UTF-8 at byte {failure.start}"
        raise error([Problem(path, line, column, "", message)]) from failure
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = failure.problem or str(failure)
        if message.startswith("but ") and failure.context:
            message = f"{failure.context}, {message}"
        raise error([Problem(path, line, column, "", message)]) from failure
    except yaml.reader.ReaderError as failure:  # a control character
        before = text[: failure.position]
        line, column = before.count("\n") + 1, failure.position - before.rfind("\n")
        raise error([Problem(path, line, column, "", f"is not YAML: {failure.reason}")]) from failure
    if node is None:
        raise error([Problem(path, 1, 1, "", "is empty")])
    reader = _Reader(marks)
    document = reader.plain(node, ())
    if reader.problems:
        raise error(reader.problems)
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
                _problem(document, marks, item)
                for item in failure.errors(include_url=False, include_context=False)
            ]
        ) from failure


def _problem(document: Any, marks: Marks, item: Any) -> Problem:
    path = _document_path(document, item["loc"])
    if item["type"] == "extra_forbidden":
        return marks.key_problem(path, "unknown key")
    return marks.problem(path, _message(item))


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
    if item["type"] == "missing":
        return "is required"
    text = str(item["msg"]).removeprefix("Value error, ")
    return text[0].lower() + text[1:]


class _Composer(yaml.SafeLoader):
    """Composes a document of bounded size and depth, without aliases: a few of them are a gigabyte."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nodes = 0
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _refusal("an alias; write the value out instead", event)
        self._nodes += 1
        self._depth += 1
        if self._nodes > MAX_NODES or self._depth > MAX_DEPTH:
            raise _refusal("the document is too large or too deep", event)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _refusal(message: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.composer.ComposerError(None, None, message, event.start_mark)


class _Reader:
    """Nodes into plain values, noting where each stands and what is wrong with it."""

    _COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")

    def __init__(self, marks: Marks) -> None:
        self.problems: list[Problem] = []
        self._marks = marks
        self._scalars = yaml.SafeLoader("")

    def plain(self, node: yaml.Node, path: KeyPath) -> Any:
        """The value of `node`; None where it has a problem."""
        self._marks.put(path, node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if node.tag not in self._COLLECTIONS:
            self.problems.append(self._marks.problem(path, f"the tag {node.tag} is not known here"))
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            if key in result:
                line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
                self.problems.append(Problem(self._marks.file, line, column, key, "duplicate key"))
                continue
            result[key] = self.plain(value_node, (*path, key))
            if key_node.start_mark.line < value_node.start_mark.line:
                self._marks.put_key((*path, key), key_node)
        return result

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        try:
            return self._scalars.construct_object(node)
        except yaml.MarkedYAMLError as failure:
            message = failure.problem or str(failure)
        except (ValueError, OverflowError) as failure:  # a 30th of February, a number of 5,000 digits
            message = str(failure)
        self.problems.append(self._marks.problem(path, f"cannot be read: {message}"))
        return None

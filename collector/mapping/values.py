"""One value of a device to one of a point: where it stands, what its words mean, scale and offset."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from collector.codecs.document import number
from collector.text import shown
from plantroom.discovery import Word
from plantroom.errors import PayloadError

MISSING = object()
"""What is found where nothing stands."""
MOST_DIGITS = 400
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Transform:
    """How a field's values become a point's, all but the unit, which the ingest converts."""

    words: Mapping[str, Word] | None = None
    text_number: bool = False
    scale: float = 1.0
    offset: float = 0.0

    def __call__(self, value: object, name: str) -> object:
        """The value as the point's; None stays None.

        Raises: PayloadError(`type`) for a text that is none of the words, and no number.
        """
        if value is None:
            return None
        value = number(value)
        if self.words is not None:
            word = self.words.get(_spelled(value), MISSING)
            if word is not MISSING:
                return float(word) if type(word) is int else word
        if isinstance(value, str) and (self.text_number or self.words is not None):
            value = self._number_of(value, name)
        if isinstance(value, float) and (self.scale != 1.0 or self.offset != 0.0):
            value = value * self.scale + self.offset
        return value

    def _number_of(self, text: str, name: str) -> float:
        if self.text_number and len(text) <= MOST_DIGITS and _NUMBER.fullmatch(text):
            return float(text)
        wanted = "not a number" if self.words is None else "none of the map's words"
        raise PayloadError("type", f"{shown(name)}: the text {shown(text, 40)} is {wanted}")


def _spelled(value: object) -> str:
    """The value as a map spells it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return value if isinstance(value, str) else str(value)[:64]


def at_path(document: object, path: tuple[str, ...]) -> object:
    """What stands at the keys, one below the other; a number finds an item of a list. Else MISSING."""
    here = document
    for key in path:
        if isinstance(here, dict):
            here = here.get(key, MISSING)
        elif isinstance(here, list) and key.isascii() and key.isdigit() and int(key[:6]) < len(here):
            here = here[int(key[:6])]
        else:
            return MISSING
    return here


def path_of(text: str) -> tuple[str, ...]:
    """The keys of a dotted path; of an empty one none, which is the document itself."""
    return tuple(text.split(".")) if text else ()


def scalars(document: object, most: int, depth: int = 4) -> dict[str, object]:
    """Dotted path -> value of the first `most` scalars of a document, not deeper than `depth`."""
    found: dict[str, object] = {}
    edge: list[tuple[tuple[str, ...], object]] = [((), document)]
    while edge and len(found) < most:
        path, value = edge.pop(0)
        if isinstance(value, dict):
            if len(path) < depth:
                edge.extend(((*path, str(key)), item) for key, item in list(value.items())[:most])
        elif path and not isinstance(value, list):
            found[".".join(path)] = value
    return found

"""Layouts: how a product publishes, one YAML file each, checked when it is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from collector.mapping.template import template
from collector.mapping.values import Transform
from plantroom.catalogue.schema import Key, UnitSymbol
from plantroom.discovery import Word
from plantroom.errors import MapError, Problem
from plantroom.yaml_file import load

SHIPPED = Path(__file__).resolve().parent.parent / "maps"
Format = Literal[
    "json",  # a document; fields are found by path
    "value",  # a text that is the value of one field
    "status",  # online or offline
    "ignore",  # commands, logs: known, and not wanted
    "zigbee2mqtt_devices",  # announcements
    "home_assistant",
    "sparkplug_b",
]
ANNOUNCEMENTS = frozenset({"zigbee2mqtt_devices", "home_assistant"})
_Text = Annotated[str, Field(min_length=1, max_length=1000)]


class Strict(BaseModel):
    """A part of a map file: no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldEntry(Strict):
    """One value of a device. `path` is dotted keys, the field's own name if it is not given."""

    path: str | None = None
    unit: UnitSymbol | None = None
    scale: float = Field(default=1.0, allow_inf_nan=False)
    offset: float = Field(default=0.0, allow_inf_nan=False)
    words: Mapping[str, Word] | None = None
    text_number: bool = False

    def transform(self) -> Transform:
        """What it does with a value."""
        return Transform(self.words, self.text_number, self.scale, self.offset)


class MessageEntry(Strict):
    """The messages of one kind of topic.

    `device` names the sender by the names in the topic. `field` makes the whole message the value of one
    field, with `path` where in a document it stands.
    """

    topic: _Text
    format: Format
    device: str = "{device}"
    field: str | None = None
    path: str = ""
    time: str | None = None
    """Where the time of all values stands, by the time rule of version 1."""
    fields: Mapping[str, FieldEntry] = {}
    default: FieldEntry | None = None
    """Of fields that are not listed; without it there are no others."""

    @model_validator(mode="after")
    def _usable(self) -> MessageEntry:
        made = template(self.topic, "base")
        if self.format in {"json", "value", "status"}:
            _places(self.device, made.names)
        if self.format == "value" and self.field is None:
            raise ValueError("a message of format value needs its field, such as {field}")
        if self.field is not None:
            _places(self.field, made.names)
        elif self.format == "json" and not self.fields and self.default is None:
            raise ValueError("a message of format json needs field, fields or default")
        return self

    def entry_of(self, field: str) -> FieldEntry | None:
        """What is said of a field; None where the message has none of that name."""
        known = self.fields.get(field, self.default)
        # a message of one field, or of metrics, says all there is to say without a list
        is_any = self.format == "sparkplug_b" or (self.field is not None and not self.fields)
        return FieldEntry() if known is None and is_any else known


def _places(text: str, names: Iterable[str]) -> None:
    known = dict.fromkeys(names, "x")
    try:
        text.format_map(known)
    except (KeyError, ValueError, IndexError, AttributeError):
        raise ValueError(
            f"{text!r} names what the topic has not; it has {', '.join(known) or 'none'}"
        ) from None


class Layout(Strict):
    """How one product publishes; `source` is where its maker says so."""

    layout: Key
    about: _Text
    source: Annotated[tuple[str, ...], Field(min_length=1)]
    base: Annotated[str, Field(min_length=1, max_length=200)]
    """The topics' first levels, where the map does not say otherwise."""
    messages: Annotated[tuple[MessageEntry, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _base(self) -> Layout:
        check_base(self.base)
        return self

    @cached_property
    def fields(self) -> frozenset[str] | None:
        """Every field that it has; None where it may have any."""
        if any(
            item.format in {"sparkplug_b", "home_assistant"} or self._is_open(item) for item in self.messages
        ):
            return None
        listed = {name for item in self.messages for name in item.fields}
        return frozenset(listed | {item.field for item in self.messages if item.field})

    @staticmethod
    def _is_open(item: MessageEntry) -> bool:
        if item.format not in {"json", "value"}:
            return False
        return "{" in item.field if item.field is not None else item.default is not None


def check_base(base: str) -> None:
    """Nothing, where maps may begin their topics with `base`.

    Raises: ValueError.
    """
    template(base, "")
    if "{" in base or "+" in base:
        raise ValueError("base is fixed levels, without names and wildcards")
    if base.split("/", maxsplit=1)[0] == "plantroom" or base.startswith("$"):
        raise ValueError(f"base {base!r} is not for maps: plantroom/ is Plantroom's own, $ the broker's")


def load_layout(path: Path) -> Layout:
    """The layout in a file, whose name is the layout's.

    Raises: MapError with every problem, each at its line.
    """
    layout, marks = load(path, Layout, MapError)
    if layout.layout != path.stem:
        raise MapError([marks.problem(("layout",), f"must be the file's name, {path.stem!r}")])
    return layout


def load_layouts(folder: Path | None = None) -> Mapping[str, Layout]:
    """The shipped layouts, with those of `folder` added or in place of them.

    Raises: MapError.
    """
    files = sorted(SHIPPED.glob("*.yaml"))
    if folder is not None:
        if not folder.is_dir():
            raise MapError([Problem(folder, 1, 1, "", "no such folder of layouts")])
        files.extend(sorted(folder.glob("*.yaml")))
    return {layout.layout: layout for layout in map(load_layout, files)}

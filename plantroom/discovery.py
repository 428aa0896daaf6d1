"""Devices that other people's layouts tell of: what was found, and which equipment it was adopted as.

Everything in `Found` was written by a device or a gateway: it is text to show, never to run or to build from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from plantroom.times import Nanos

Word: TypeAlias = bool | float | str

MOST_FIELDS = 500
"""How many fields of one device are kept."""


@dataclass(frozen=True, slots=True)
class FoundField:
    """One value that a device sends, under the device's own name for it.

    `topic` and `path` say where it stands if the layout does not; `words` are its texts and what they mean.
    """

    name: str
    unit: str = ""
    topic: str = ""
    path: str = ""
    words: Mapping[str, Word] = field(default_factory=dict)
    text_number: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A device as it was announced or heard; `layout`, `site` and `device` together name it."""

    layout: str
    site: str
    device: str
    name: str = ""
    maker: str = ""
    model: str = ""
    fields: tuple[FoundField, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it."""
        return (self.layout, self.site, self.device)


@dataclass(frozen=True, slots=True)
class Target:
    """Which point a field is, and how its values become the point's. None leaves it to the layout."""

    equipment: str
    point: str
    unit: str | None = None
    scale: float | None = None
    offset: float | None = None
    words: Mapping[str, Word] | None = None
    text_number: bool | None = None
    topic: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Binding:
    """Which equipment a device is: field -> point. `ignored` is a device that nobody wants."""

    layout: str
    site: str
    device: str
    targets: Mapping[str, Target] = field(default_factory=dict)
    ignored: bool = False


class DiscoverySink(Protocol):
    """Where found devices are kept for adoption; bounded in size."""

    def keep(self, found: Sequence[Found], now: Nanos) -> None:
        """Keep the devices, each once.

        Raises: StoreUnavailableError where a later try may work.
        """

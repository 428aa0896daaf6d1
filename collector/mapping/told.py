"""What a Sparkplug message comes from and says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from plantroom.discovery import FoundField
from plantroom.errors import PayloadError
from plantroom.times import Nanos


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message comes from, by its topic; `device` is empty for the node itself."""

    base: str
    group: str
    kind: str
    node: str
    device: str = ""

    @property
    def node_key(self) -> tuple[str, str, str]:
        """What names the node."""
        return (self.base, self.group, self.node)

    @property
    def command_topic(self) -> str:
        """Where the node takes commands."""
        return f"{self.base}/{self.group}/NCMD/{self.node}"

    @property
    def name(self) -> str:
        """The name of the device, or of the node, in maps."""
        return "/".join(filter(None, (self.group, self.node, self.device)))


@dataclass(frozen=True, slots=True)
class Value:
    """One value: `ts` None where the sender gives no time, `quality` the flags it earns."""

    name: str
    ts: Nanos | None
    value: object
    unit: str
    quality: int


@dataclass(slots=True)
class Told:
    """What a message says."""

    values: list[Value] = field(default_factory=list)
    problems: list[PayloadError] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    online: bool | None = None
    """The node came or went."""
    born: tuple[FoundField, ...] | None = None
    """The metrics of a birth."""
    unsure: bool = False
    """Only another birth can tell what something in it is."""

"""What a codec does and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from collector.topics import Topic
from plantroom.errors import PayloadError
from plantroom.readings import Int64s
from plantroom.times import Nanos


@dataclass(slots=True)
class Samples:
    """What one payload says, still in the sender's names, units and types.

    Shapes: with `ts` an array every value is a list, or an array of float64 that may be written to, of its
    length; otherwise every value is one value.
    Numbers are floats; an int is one that no float can hold. None is no reading.
    Units: `ts` in ns since 1970 UTC, None where the payload has no time.
    """

    values: Mapping[str, object]
    ts: Nanos | Int64s | None
    units: Mapping[str, str]
    problems: tuple[PayloadError, ...] = ()
    """What could not be taken while the rest stands; the message goes to quarantine as well."""
    duplicate_keys: int = 0
    quality: int = 0
    """Flags that the sender gives all values of one time."""


class Codec(Protocol):
    """A payload format."""

    def decode(self, topic: Topic, payload: bytes) -> Samples:
        """What the payload says.

        Raises: PayloadError where nothing of it can be taken, and never anything else.
        """

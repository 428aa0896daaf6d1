"""The topic grammar, version 1: what a topic names, and topics from names.

plantroom/v1/<site>/<equipment>            a message of one equipment
plantroom/v1/<site>/<equipment>/<point>    a message of one point
plantroom/v1/<site>/$status/<gateway>      `online` or `offline`, retained, the gateway's last will
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from collector.text import shown
from plantroom.errors import PayloadError

PREFIX = "plantroom"
VERSION = "v1"
ROOT = f"{PREFIX}/"
STATUS = "$status"
STATUS_FILTER = f"{PREFIX}/{VERSION}/+/{STATUS}/+"
MAX_LENGTH = 300

_SEGMENT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_NAME = _SEGMENT.pattern
_TOPIC = re.compile(
    rf"{PREFIX}/(?P<version>v1)/(?P<site>{_NAME})/"
    rf"(?:\{STATUS}/(?P<gateway>{_NAME})|(?P<equipment>{_NAME})(?:/(?P<point>{_NAME}))?)"
)


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic names: a point, else an equipment, else (with `gateway`) the state of a gateway."""

    version: str
    site: str
    equipment: str = ""
    point: str | None = None
    gateway: str | None = None

    @property
    def path(self) -> str:
        """The equipment's name across sites."""
        return f"{self.site}/{self.equipment}"


# only topics of the grammar are kept (an exception is not), so the cache cannot be filled with long ones
@lru_cache(maxsize=32_768)
def parse(topic: str) -> Topic:
    """What `topic` names.

    Raises: PayloadError(`topic`) for anything outside the grammar.
    """
    match = _TOPIC.fullmatch(topic) if len(topic) <= MAX_LENGTH else None
    if match is None:
        raise PayloadError("topic", f"{shown(topic)} is not a topic of the grammar, see collector/README.md")
    return Topic(match["version"], match["site"], match["equipment"] or "", match["point"], match["gateway"])


def equipment_topic(site: str, equipment: str) -> str:
    """The topic on which an equipment's messages are published.

    Raises: ValueError for a name that the grammar does not allow, as do the other builders.
    """
    return f"{PREFIX}/{VERSION}/{_checked(site)}/{_checked(equipment)}"


def point_topic(site: str, equipment: str, point: str) -> str:
    """The topic on which a single point's messages are published."""
    return f"{equipment_topic(site, equipment)}/{_checked(point)}"


def status_topic(site: str, gateway: str) -> str:
    """The topic of a gateway's last will and of its retained `online`."""
    return f"{PREFIX}/{VERSION}/{_checked(site)}/{STATUS}/{_checked(gateway)}"


def _checked(name: str) -> str:
    if _SEGMENT.fullmatch(name) is None:
        raise ValueError(f"{shown(name)} cannot stand in a topic; allowed is {_NAME}")
    return name

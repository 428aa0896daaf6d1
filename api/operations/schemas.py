"""What goes out about the process."""

from __future__ import annotations

from typing import Literal

from api.wire import Answer


class Alive(Answer):
    """The process answers."""

    status: Literal["ok"] = "ok"


class PartState(Answer):
    """Whether one part works."""

    name: str
    ok: bool


class Ready(Answer):
    """Every part works."""

    status: Literal["ready"] = "ready"
    parts: list[PartState]


class PartDetail(PartState):
    """One part, with what to know or do where it does not work."""

    detail: str


class Health(Answer):
    """Every part's word about itself."""

    ready: bool
    version: str
    parts: list[PartDetail]

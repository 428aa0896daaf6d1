"""What a part of the process says of itself, for `/readyz`, the console and `plantroom doctor`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part: whether it works, and what to know or do where it does not."""

    name: str
    ok: bool
    detail: str = ""

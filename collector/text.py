"""Text from outside, made safe to keep and to show."""

from __future__ import annotations


def shown(text: str, limit: int = 80) -> str:
    """`text` in quotes, cut to `limit` characters; what cannot be printed (controls, marks) is escaped."""
    return f"'{plain(text, limit)}'"


def plain(text: str, limit: int) -> str:
    """`text` cut to `limit` characters with everything unprintable escaped, so that it is inert in a log."""
    cut = text[:limit]
    safe = cut
    if not cut.isprintable():
        safe = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in cut)
    return safe if len(text) <= limit else safe + "…"

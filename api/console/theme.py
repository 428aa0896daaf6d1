"""The look: where the style sheets are, and the colours that charts need in Python.

Colours are CSS variables in `static/tokens.css`, so that another theme is another set of variables.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from plantroom.alarms import Severity

STATIC = Path(__file__).parent / "static"
SHEETS = (
    "tokens.css",
    "base.css",
    "layout.css",
    "parts.css",
    "tables.css",
    "signs.css",
    "figures.css",
    "dialogs.css",
    "phone.css",
)
FAVICON = STATIC / "favicon.svg"


def _version() -> str:
    digest = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


STATIC_PATH = f"/console-static/{_version()}"
"""Changes with the files, so that browsers may keep them for ever."""

SEVERITY_CLASS: Mapping[Severity, str] = {item: f"severity-{item.name.lower()}" for item in Severity}
SERIES = ("#1f6f78", "#7a4f9a", "#8a5a1c", "#34557f", "#5c6b2f", "#94476a", "#3f3f46", "#2f7d4f")
"""Trend lines: muted, and none of them a severity's colour."""
CHART: Mapping[str, str] = {
    "text": "#3f4953",
    "line": "#b4bac0",
    "split": "#d3d7db",
    "band": "rgba(255, 255, 255, 0.75)",
    "band_edge": "#9aa3ab",
    "panel": "#f3f4f5",
}

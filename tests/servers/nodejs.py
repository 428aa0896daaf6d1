"""Clients that run in Node.js, installed by `tests/servers/node/install`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

HERE = Path(__file__).parent / "node"
EDGE = HERE / "edge.js"
FOLDER = Path(os.environ.get("PLANTROOM_TESTS_NODE", Path(__file__).parents[2] / "build" / "node"))


def modules() -> Path | None:
    """Where the clients are; None where they or Node.js are missing."""
    found = FOLDER / "node_modules"
    return found if shutil.which("node") and (found / "sparkplug-client").is_dir() else None

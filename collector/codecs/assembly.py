"""From the parts of a body to `Samples`: the same for every way in which the parts were read."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import compress
from typing import Any

import numpy as np

from collector.codecs.base import Samples
from collector.codecs.timestamps import instant, instants
from collector.text import shown
from collector.topics import Topic
from plantroom.errors import PayloadError
from plantroom.readings import Bools


def assemble(
    values: Mapping[str, object], ts: object, units: Mapping[str, str], duplicate_keys: int = 0
) -> Samples:
    """The samples of a body.

    A column that does not fit the list of times, and a row whose time is wrong, become problems.
    Raises: PayloadError(`time`) where the one time of the body is wrong.
    """
    if type(ts) is not list and not isinstance(ts, np.ndarray):
        return Samples(values, instant(ts), units, (), duplicate_keys)
    times, keep, problems = instants(ts)
    columns: dict[str, object] = {}
    for key, column in values.items():
        is_column = type(column) is list or isinstance(column, np.ndarray)
        if not is_column or len(column) != len(ts):  # type: ignore[arg-type]
            given = f"{len(column)} values" if is_column else "one value"  # type: ignore[arg-type]
            problems = (
                *problems,
                PayloadError("shape", f"{shown(key)} has {given} for {len(ts)} times"),
            )
        else:
            columns[key] = column if keep is None else _kept(column, keep)
    return Samples(columns, times, units, problems, duplicate_keys)


def _kept(column: Any, keep: Bools) -> object:
    return column[keep] if isinstance(column, np.ndarray) else list(compress(column, keep))


def check_names(topic: Topic, body: Mapping[str, object]) -> None:
    """Nothing where the body names what the topic names, or names nothing.

    Raises: PayloadError(`mismatch`).
    """
    wanted = {"site": topic.site, "equipment": topic.equipment, "point": topic.point}
    for key, name in wanted.items():
        if key in body and name is not None and body[key] != name:
            given = body[key]
            text = shown(given) if isinstance(given, str) else f"a {type(given).__name__}"
            raise PayloadError("mismatch", f"the body says {key} {text}, the topic {shown(name)}")

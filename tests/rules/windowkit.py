"""What one window of one equipment says, and when an alarm changes, for tests of a sentence at a time."""

import math
from collections.abc import Mapping

from ruletools import T0, Rig, brief

from plantroom.times import SECOND
from rules.engine import Engine

Series = Mapping[float, object]


def held(engine: Engine) -> float | None:
    """What the one window of an engine says, None unknown."""
    [rules] = engine.classes
    [_] = rules.lanes.windows
    value = float(engine.history.values[rules.lanes.out])
    return None if math.isnan(value) else value


def window(text: str, until: float, *, stale: str = "5min", **series: Series) -> float | None:
    """What the window in a rule's text says at `until` (s), in its own unit; a truth value is 1 or 0."""
    rig = Rig({"r": text}, stale=stale)
    rig.run(**series)
    rig.engine.advance(T0 + round(until * SECOND))
    return held(rig.engine)


def changes(rule: object, until: float, *, stale: str = "5min", **series: Series) -> list[tuple[str, float]]:
    """The changes of a rule's alarm over series of readings, minutes passing until `until` (s)."""
    rig = Rig({"r": rule}, stale=stale)
    found = rig.run(**series)
    return found + brief(rig.engine.advance(T0 + round(until * SECOND)))


def minutes(*values: object, start: int = 0) -> dict[float, object]:
    """A reading in the middle of each minute; None is a minute without."""
    return {60.0 * (start + at) + 30: value for at, value in enumerate(values) if value is not None}

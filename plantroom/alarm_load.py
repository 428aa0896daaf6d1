"""How much the alarms ask of people: chattering, stale and flooding, told as each raise comes.

Source: ISA-18.2-2016 clause 16 (IEC 62682), EEMUA 191.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from plantroom.alarms import STANDING, AlarmState
from plantroom.times import DAY, HOUR, MINUTE, Nanos

CHATTER_RAISES = 3
CHATTER_SPAN: Nanos = MINUTE
"""An alarm that is raised so often in such a time chatters."""
CHATTER_SHOWN: Nanos = HOUR
"""How long after its last such raise it is still called chattering (practice)."""
STALE_AFTER: Nanos = DAY
"""An alarm that stands longer is stale."""
FLOOD_OVER = 10
FLOOD_SPAN: Nanos = 10 * MINUTE
"""More raises than that in such a time are a flood."""
FLOOD_ENDS_BELOW = 5
"""Fewer raises than that in such a time are none any more."""


def chatter_times(raises: Sequence[Nanos]) -> list[Nanos]:
    """Those of an alarm's raises, sorted, that were one too many: the third or more within a minute."""
    back = CHATTER_RAISES - 1
    return [ts for place, ts in enumerate(raises[back:], back) if ts - raises[place - back] <= CHATTER_SPAN]


def is_chattering(chattered_ts: Nanos | None, now: Nanos) -> bool:
    """Whether an alarm whose last raise too many was then is chattering."""
    return chattered_ts is not None and now - chattered_ts <= CHATTER_SHOWN


def is_stale(state: AlarmState, raised_ts: Nanos | None, now: Nanos) -> bool:
    """Whether an alarm in this state has stood for too long."""
    return state in STANDING and raised_ts is not None and now - raised_ts > STALE_AFTER


@dataclass(frozen=True, slots=True)
class Surge:
    """A flood of alarms as far as it is known: it is over at `ends_ts` unless another raise comes before."""

    started_ts: Nanos
    ends_ts: Nanos
    raises: int
    peak: int
    """The most raises in any 10 min."""


def follow_surge(surge: Surge | None, recent: Sequence[Nanos]) -> Surge | None:
    """The flood after the newest of `recent`, the raises of the last 10 min, sorted; None where none runs.

    A flood begins with the first of more than 10 raises in 10 min, and is over when fewer than 5 came in
    the last 10 min. `surge` is the last one before that raise, over or not; one that begins after its end
    is another, and has none of its raises.
    """
    ts = recent[-1]
    if surge is not None and ts < surge.ends_ts:
        return surge if ts < surge.started_ts else _go_on(surge, recent)
    if len(recent) <= FLOOD_OVER:
        return None
    own = [one for one in recent if surge is None or one >= surge.ends_ts]
    return Surge(own[0], recent[-FLOOD_ENDS_BELOW] + FLOOD_SPAN, len(own), len(recent))


def _go_on(surge: Surge, recent: Sequence[Nanos]) -> Surge:
    ends_ts = surge.ends_ts
    if len(recent) >= FLOOD_ENDS_BELOW:
        ends_ts = max(ends_ts, recent[-FLOOD_ENDS_BELOW] + FLOOD_SPAN)
    return replace(surge, ends_ts=ends_ts, raises=surge.raises + 1, peak=max(surge.peak, len(recent)))

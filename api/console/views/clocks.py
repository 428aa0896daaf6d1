"""An order's clocks in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.console.formats import span_text
from api.console.i18n import Translator
from api.console.words import CLOCK
from plantroom.service_levels import Clock, ClockKind, ClockState, Moment, ServicePolicy
from plantroom.times import Nanos


@dataclass(frozen=True, slots=True)
class ClockView:
    """One clock as a page shows it; `sign` is the class of its chip, empty for what is as it should be."""

    name: str
    words: str
    sign: str
    within: str
    due_at: Nanos | None
    reason: str


def clock_view(t: Translator, clock: Clock, policy: ServicePolicy) -> ClockView:
    """The clock in words. Colour is for what is not as it should be."""
    reason = policy.hold_reasons.get(clock.reason)
    return ClockView(
        name=t(CLOCK[clock.kind]),
        words=_words(t, clock),
        sign=_sign(clock),
        within=span_text(t, clock.within),
        due_at=clock.due_at,
        reason=clock.reason if reason is None else t.text(reason.name),
    )


def pressing(t: Translator, clocks: Sequence[Clock], policy: ServicePolicy) -> ClockView | None:
    """The clock that a list shows under an order's due time, which is the resolution's: of the others that
    still count the one with the least left; the resolution's own where it is paused."""
    going = [
        clock
        for clock in clocks
        if clock.stopped_at is None
        and (clock.kind is not ClockKind.RESOLUTION or clock.state is ClockState.PAUSED)
    ]
    found = min(going, key=lambda clock: (clock.left, list(ClockKind).index(clock.kind)), default=None)
    return None if found is None else clock_view(t, found, policy)


def is_close(clocks: Sequence[Clock]) -> bool:
    """Whether the time to put the order right is nearly up."""
    return any(clock.close and clock.state is ClockState.RUNNING for clock in clocks if clock.kind is _DUE)


def is_paused(clocks: Sequence[Clock]) -> bool:
    """Whether the time to put the order right stands still."""
    return any(clock.state is ClockState.PAUSED for clock in clocks if clock.kind is _DUE)


_DUE = ClockKind.RESOLUTION


def _words(t: Translator, clock: Clock) -> str:
    span = span_text(t, clock.left)
    if clock.state is ClockState.CANCELLED:
        return t("cancelled")
    if clock.state is ClockState.PAUSED:
        return t("paused, {span} left", span=span)
    if clock.state is ClockState.RUNNING:
        return t("{span} left", span=span)
    taken = span_text(t, clock.running)
    if clock.state is ClockState.MET:
        return t("met in {span}", span=taken)
    # on hold when its time ended, or stopped in it: nothing to count over
    over = t("{span} over", span=span) if clock.left < 0 else t("time is up")
    return over if clock.stopped_at is None else t("took {taken}, {over}", taken=taken, over=over)


def _sign(clock: Clock) -> str:
    if clock.state is ClockState.BREACHED:
        return "chip-wrong" if clock.stopped_at is None else "chip-loud"
    return "chip-loud" if clock.close else ""


def moment_words(t: Translator, key: str) -> str:
    """What a warning, a breach or a step of escalation is about, from its key; empty for another."""
    kind, _, rest = key.partition(":")
    if kind not in set(ClockKind):
        return ""
    name = t(CLOCK[ClockKind(kind)])
    moment = rest.partition(":")[0]
    if moment == Moment.WARNING:
        return t("{clock}: the time is nearly up", clock=name)
    return t("{clock}: the time is up", clock=name)

"""What people say of an alarm: true, false or a nuisance, when they acknowledge it or later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy.orm import Session

from api.console.elements import button
from api.console.forms import Ask, check, select
from api.console.page import attempt
from api.console.session import Visit
from api.console.views.alarm_groups import JUDGEMENT_MEANS
from api.console.views.alarms import AlarmView
from plantroom.alarms import AlarmEvent, Judgement
from plantroom.stores.records import alarms, feedback
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos
from plantroom.work_orders import Role

Changed = Callable[[], Awaitable[object]]
FEEDBACK_ROLE = Role.TECHNICIAN
"""Who acknowledges an alarm may also say what it was worth."""


def feedback_button(visit: Visit, view: AlarmView, changed: Changed) -> None:
    """A button that asks for feedback, for those who may give it and an alarm that was ever raised."""
    if view.raised_ts is None or not visit.may(FEEDBACK_ROLE):
        return
    word = visit.t("Feedback")
    button(
        word,
        lambda: ask_feedback(visit, view, changed),
        "button-small",
        aria_label=f"{word}: {view.rule_name}, {view.equipment_name}",
    )


def ask_feedback(visit: Visit, view: AlarmView, changed: Changed) -> None:
    """Ask what the alarm was worth; one that waits is acknowledged as well, unless that is unticked."""
    t = visit.t
    ask = Ask(
        t,
        t("Feedback: {name}", name=view.rule_name),
        t("It counts for this occurrence and goes into the rule's record, which backtests compare with."),
    )
    said = view.extras.judgement or Judgement.TRUE
    chosen = {"word": said.value}
    waits = AlarmEvent.ACKNOWLEDGE in view.events
    also = {"acknowledge": waits}
    with ask.body:
        select(
            t("What was it?"),
            {word.value: t(text) for word, text in JUDGEMENT_MEANS.items()},
            chosen["word"],
            lambda value: chosen.update(word=value),
        )
    note = ask.add(t("Note"), long=True)
    if waits:
        with ask.body:
            shown = t("Acknowledge the alarm as well")
            check(shown, value=True, on_change=lambda on: also.update(acknowledge=on), shown=shown)

    async def go() -> bool:
        done = await attempt(
            visit,
            _give(visit, view, Judgement(chosen["word"]), note=note.text, acknowledge=also["acknowledge"]),
            t("Thank you: the rule's record has it."),
        )
        await changed()
        return done

    ask.open(t("Save"), go)


async def _give(visit: Visit, view: AlarmView, judgement: Judgement, *, note: str, acknowledge: bool) -> None:
    def run(session: Session, who: Identity, now: Nanos) -> None:
        # the occurrence that was looked at: another may have come since
        feedback.give(
            session, view.id, judgement, by=who.username, now=now, note=note, raised_ts=view.raised_ts
        )
        if acknowledge:
            alarms.act(session, view.id, AlarmEvent.ACKNOWLEDGE, by=who.username, now=now, note=note)

    await visit.change(FEEDBACK_ROLE, run)

"""What people do to alarms: acknowledge, shelve, bring back, reset; and the details of one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy.orm import Session

from api.console.elements import Tag, button, equipment_address, facts, link, severity_label, when
from api.console.formats import full_time, time_text
from api.console.forms import Ask, dialog, select
from api.console.i18n import N_
from api.console.page import attempt, failure_text, lens_of, say
from api.console.pages.feedback import feedback_button
from api.console.session import Visit
from api.console.views.alarm_groups import Extras, Related
from api.console.views.alarms import (
    EVENT_ROLE,
    AlarmDetail,
    AlarmView,
    HistoryLine,
    alarm_detail,
    rule_of,
)
from api.console.views.forecasts import forecast_text
from api.console.words import ALARM_EVENT, ALARM_STATE
from plantroom.alarms import AlarmEvent
from plantroom.errors import ConflictError, NotFoundError, PlantroomError
from plantroom.stores.records import alarms
from plantroom.stores.records.tables import AlarmRow
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos, parse_duration

Changed = Callable[[], Awaitable[object]]
SHELF = {
    "15min": N_("15 min"),
    "1h": N_("1 h"),
    "4h": N_("4 h"),
    "8h": N_("8 h"),
    "24h": N_("24 h"),
    "7d": N_("7 d"),
}
_WORDS = {
    AlarmEvent.ACKNOWLEDGE: N_("Acknowledge"),
    AlarmEvent.RESET: N_("Reset"),
    AlarmEvent.SHELVE: N_("Shelve"),
    AlarmEvent.UNSHELVE: N_("Unshelve"),
}


def buttons(visit: Visit, view: AlarmView, changed: Changed) -> None:
    """A button for each thing that the visitor may do to the alarm now."""
    t = visit.t
    for event in view.events:
        class_ = "button-small button-main" if event is AlarmEvent.ACKNOWLEDGE else "button-small"
        word = t(_WORDS[event])

        async def act(event: AlarmEvent = event) -> None:
            await _start(visit, view, event, changed)

        button(word, act, class_, aria_label=f"{word}: {view.rule_name}, {view.equipment_name}")


async def _start(visit: Visit, view: AlarmView, event: AlarmEvent, changed: Changed) -> None:
    if event is AlarmEvent.SHELVE:
        ask_shelf(visit, view, changed)
    elif event is AlarmEvent.ACKNOWLEDGE:
        await acknowledge(visit, [view.id], changed)
    else:
        done = visit.t("Brought back.") if event is AlarmEvent.UNSHELVE else visit.t("Reset.")
        await attempt(visit, _act(visit, view.id, event), done)
        await changed()


async def _act(
    visit: Visit, alarm_id: int, event: AlarmEvent, *, note: str = "", lasts: Nanos | None = None
) -> None:
    catalogue = visit.context.catalogue

    def run(session: Session, who: Identity, now: Nanos) -> AlarmRow:
        item = alarms.get(session, alarm_id)
        rule = rule_of(catalogue, item.equipment.equipment_class, item.rule)
        return alarms.act(
            session,
            alarm_id,
            event,
            by=who.username,
            now=now,
            note=note,
            until=None if lasts is None else now + lasts,
            shelvable=rule is None or rule.shelvable,
        )

    await visit.change(EVENT_ROLE[event], run)


async def acknowledge(visit: Visit, ids: Sequence[int], changed: Changed) -> None:
    """Acknowledge these; one that cannot be does not hold up the others."""
    t = visit.t

    def run(session: Session, who: Identity, now: Nanos) -> tuple[int, PlantroomError | None]:
        done, refused = 0, None
        alarms.hold(session, ids)
        for alarm_id in ids:
            try:
                alarms.act(session, alarm_id, AlarmEvent.ACKNOWLEDGE, by=who.username, now=now)
            except (ConflictError, NotFoundError) as failure:
                refused = failure
            else:
                done += 1
        return done, refused

    outcome: list[tuple[int, PlantroomError | None]] = []

    async def go() -> None:
        outcome.append(await visit.change(EVENT_ROLE[AlarmEvent.ACKNOWLEDGE], run))

    if await attempt(visit, go(), ""):
        count, refused = outcome[0]
        if count:
            say(t.ngettext("{n} alarm acknowledged.", "{n} alarms acknowledged.", count))
        if refused is not None:
            say(failure_text(t, refused), error=True)
    await changed()


def ask_shelf(visit: Visit, view: AlarmView, changed: Changed) -> None:
    """Ask for how long and why, then shelve."""
    t = visit.t
    ask = Ask(
        t,
        t("Shelve: {name}", name=view.rule_name),
        t("It leaves the list of standing alarms and comes back by itself when the time is up."),
    )
    chosen = {"lasts": "1h"}
    with ask.body:
        select(
            t("For how long"),
            {key: t(name) for key, name in SHELF.items()},
            chosen["lasts"],
            lambda value: chosen.update(lasts=value),
        )
    reason = ask.add(t("Reason"), needed=True, long=True)

    async def go() -> bool:
        lasts = parse_duration(chosen["lasts"])
        done = await attempt(
            visit, _act(visit, view.id, AlarmEvent.SHELVE, note=reason.text, lasts=lasts), t("Shelved.")
        )
        await changed()
        return done

    ask.open(t("Shelve"), go)


async def details(visit: Visit, alarm_id: int, changed: Changed) -> None:
    """Show everything about one alarm."""
    found: list[AlarmDetail] = []

    async def load() -> None:
        found.append(await visit.read(lambda session: alarm_detail(session, lens_of(visit), alarm_id)))

    if await attempt(visit, load(), ""):
        _show_details(visit, found[0], changed)


def _show_details(visit: Visit, detail: AlarmDetail, changed: Changed) -> None:
    t, view = visit.t, detail.view
    zone = visit.zone(view.site)
    made, box = dialog(view.rule_name, "dialog-wide")

    async def after() -> None:
        made.close()
        await changed()

    with box:
        with Tag("p", "actions"):
            severity_label(t, view.severity)
            Tag("span", "chip", t(ALARM_STATE[view.state]))
            link(view.equipment_name, equipment_address(view.site, view.equipment))
        facts(
            [
                when(t("Raised"), view.raised_ts, zone),
                when(t("Returned to normal"), view.cleared_ts, zone),
                (t("In fault now"), t("Yes") if view.active else t("No")),
                (t("How often"), str(view.occurrences)),
                when(t("Shelved until"), view.shelved_until, zone),
                (t("Forecast"), forecast_text(t, view.forecasts, zone)),
                (t("Readings when raised"), " · ".join(f"{name} {value}" for name, value in detail.readings)),
                (t("Likely cause"), detail.cause),
                (t("Consequence"), detail.consequence),
                (t("What to do"), detail.remedy),
                (t("Condition"), detail.condition),
                (t("Source"), detail.source),
                (t("Feedback"), detail.feedback),
                (t("The rule's record"), detail.record),
            ]
        )
        if detail.order is not None:
            with Tag("p"):
                link(t("Work order #{id}", id=detail.order), f"/orders/{detail.order}")
        _show_related(visit, view, after)
        Tag("h2", text=t("History"))
        with Tag("ul", "history"):
            for line in detail.history:
                history_line(visit, view.site, line)

        with Tag("div", "dialog-foot"):
            buttons(visit, view, after)
            feedback_button(visit, view, after)
            button(t("Close window"), made.close, "button-small")
    made.open()


def _show_related(visit: Visit, view: AlarmView, changed: Changed) -> None:
    """The alarm's root, and what it explains."""
    t, extras = visit.t, view.extras
    if extras.root is not None:
        with Tag("p"):
            Tag("span", text=t("follows from") + " ")
            related_link(visit, extras.root, changed)
            Tag("span", text=f" · {extras.root.equipment_name}")
    if extras.explains:
        Tag("h2", text=t.ngettext("Explains {n} alarm", "Explains {n} alarms", extras.explains))
        related_list(visit, extras, changed)


def related_list(visit: Visit, extras: Extras, changed: Changed) -> None:
    """The alarms that one explains, each leading to its details."""
    t = visit.t
    with Tag("ul", "related"):
        for item in extras.explained:
            with Tag("li"):
                severity_label(t, item.severity)
                with Tag("span"):
                    related_link(visit, item, changed)
                    Tag("span", "soft", f" {item.equipment_name} · {t(ALARM_STATE[item.state])}")
    rest = extras.explains - len(extras.explained)
    if rest > 0:
        Tag("p", "small soft", t("and {n} more", n=rest))


def related_link(visit: Visit, item: Related, changed: Changed) -> None:
    """A link to another alarm's details."""
    opener = Tag("a", "", item.rule_name, href=f"/alarms?alarm={item.id}")
    opener.on("click.prevent", lambda: details(visit, item.id, changed), args=[])


def history_line(visit: Visit, site: str, line: HistoryLine) -> None:
    """One change of an alarm."""
    t, zone = visit.t, visit.zone(site)
    with Tag("li"):
        Tag(
            "time", "number soft small", time_text(line.at, zone, visit.now()), title=full_time(line.at, zone)
        )
        with Tag("div"):
            Tag("span", "strong", t(ALARM_EVENT[line.event]))
            if line.by:
                Tag("span", "soft", " " + t("by {name}", name=line.by))
            for text in (line.note, line.readings):
                if text:
                    Tag("p", "small prose", text)

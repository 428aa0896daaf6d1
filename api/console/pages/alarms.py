"""The list of alarms."""

from __future__ import annotations

from api.console.elements import Tag, button, link, notice
from api.console.formats import time_text
from api.console.i18n import N_
from api.console.layout import Frame
from api.console.page import Page, lens_of
from api.console.pages import alarm_actions
from api.console.pages.alarm_table import AlarmTable
from api.console.pages.filter_bar import FilterBar, Pager, Refresh, site_keys, system_keys
from api.console.rows import Part
from api.console.session import Visit
from api.console.views.alarm_groups import FloodView, load_floods
from api.console.views.alarms import EVENT_ROLE, FLAGS, SORTS, STATES, alarm_page
from api.console.views.filters import severity_words
from plantroom.alarms import AlarmEvent

_EVERY = 120
"""Polls after which flags that come with time are looked at again."""
_STATE_NAMES = {
    "": N_("Standing"),
    "unacknowledged": N_("Unacknowledged"),
    "acknowledged": N_("Acknowledged"),
    "shelved": N_("Shelved"),
    "aside": N_("Shelved, suppressed, out of service"),
    "normal": N_("Normal"),
    "all": N_("All"),
}
_FLAG_NAMES = {
    "": N_("Any"),
    "root": N_("Explains others"),
    "chattering": N_("Chattering"),
    "stale": N_("Stale alarm"),
}
_SORT_NAMES = {
    "": N_("Worst first"),
    "newest": N_("Newest first"),
    "oldest": N_("Oldest first"),
    "occurrences": N_("Most often first"),
}


class _Alarms:
    def __init__(self, made: Frame) -> None:
        self.made = made
        visit, t = made.visit, made.visit.t
        with Tag("div", "page-head"):
            Tag("h1", text=t("Alarms"))
            Tag("span", "space")
            link(t("Alarm performance"), "/alarm-performance", "button button-small")
        self.floods = Part("above")
        with Tag("section", "panel", aria_label=t("Alarms")):
            self.bar = _bar(visit, self.refresh)
            self.table = AlarmTable(
                visit,
                self.refresh,
                selectable=visit.may(EVENT_ROLE[AlarmEvent.ACKNOWLEDGE]),
                on_select=self.count_selected,
            )
            self.pager = Pager(self.bar)
            with Tag("div", "selection") as self.selection:
                self.acknowledge = button("", self.acknowledge_selected, "button-main")
        self.count_selected()

    def count_selected(self) -> None:
        """Offer to acknowledge what is selected."""
        t, n = self.made.visit.t, len(self.table.selected)
        self.selection.set_visibility(n > 0)
        self.acknowledge.put_text(t.ngettext("Acknowledge {n} alarm", "Acknowledge {n} alarms", n))

    async def acknowledge_selected(self) -> None:
        """Acknowledge what is selected."""
        await alarm_actions.acknowledge(self.made.visit, sorted(self.table.selected), self.refresh)

    async def refresh(self) -> None:
        """Read the list again."""
        visit, t = self.made.visit, self.made.visit.t
        lens, filters = lens_of(visit), self.bar.filters
        found = await visit.read(lambda session: alarm_page(session, lens, filters))
        if filters.narrowed:
            self.table.listing.say(t("No alarm matches the filters"), t("Change the filters to see others."))
        else:
            self.table.listing.say(
                t("No standing alarm"), t("What cannot be judged shows as unknown points, not as an alarm.")
            )
        self.table.show(found.rows)
        running = await visit.read(lambda session: load_floods(session, lens.now))
        self.floods.show(running, lambda: self._draw_floods(running))
        self.pager.show(shown=len(found.rows), total=found.total, next_cursor=found.next_cursor)

    def _draw_floods(self, running: list[FloodView]) -> None:
        visit, t = self.made.visit, self.made.visit.t
        for flood in running:
            begun = time_text(flood.started_ts, visit.zone(flood.site), visit.now())
            notice(
                t(
                    "Alarm flood at {site} since {time}: {n} alarms, up to {peak} in 10 min. Roots first: "
                    "what follows from an alarm is listed under it.",
                    site=visit.site_name(flood.site),
                    time=begun,
                    n=flood.raises,
                    peak=flood.peak,
                ),
                error=True,
            )


def _bar(visit: Visit, refresh: Refresh) -> FilterBar:
    t = visit.t
    allowed: dict[str, set[str] | None] = {
        "state": set(STATES),
        "flag": set(FLAGS),
        "severity": set(severity_words()),
        "site": set(site_keys(visit)),
        "system": set(system_keys()),
        "sort": set(SORTS),
        "q": None,
        "cursor": None,
    }
    bar = FilterBar(visit, "/alarms", allowed, refresh)
    bar.choice("state", t("State"), {key: t(name) for key, name in _STATE_NAMES.items()})
    bar.choice("flag", t("Only"), {key: t(name) for key, name in _FLAG_NAMES.items()})
    bar.severity()
    bar.site()
    bar.system()
    bar.choice("sort", t("Sort by"), {key: t(name) for key, name in _SORT_NAMES.items()})
    bar.text()
    return bar


async def build(made: Frame) -> None:
    """Draw the page."""
    page = _Alarms(made)
    await page.refresh()
    made.on_records.append(page.refresh)
    made.on_slow(_EVERY, page.refresh)
    wanted = made.visit.query.get("alarm", "")
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 18:
        await alarm_actions.details(made.visit, int(wanted), page.refresh)


PAGE = Page("/alarms", N_("Alarms"), build)

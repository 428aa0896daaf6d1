"""How the alarm system does beside the standard's targets."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from nicegui import ui
from sqlalchemy.orm import Session

from api.console.elements import Tag, button, empty_state, panel
from api.console.formats import date_time_text, full_time, span_text
from api.console.forms import remember_address, select
from api.console.i18n import N_
from api.console.layout import Frame
from api.console.page import Page, attempt
from api.console.pages.alarm_figure_lists import Lists
from api.console.rows import Part
from api.console.views.alarm_chart import load_chart
from api.console.views.alarm_figures import (
    DEFAULT_PERIOD,
    PERIODS,
    SHOWN,
    Loaded,
    class_rows,
    figure_rows,
    is_representative,
    load,
    share_rows,
    summary,
)
from plantroom.alarm_figures import AlarmFigures
from plantroom.alarm_patterns import Period
from plantroom.alarm_targets import REPRESENTATIVE
from plantroom.errors import ConflictError
from plantroom.times import MINUTE

PATH = "/alarm-performance"
_EVERY = 120
"""Polls between two readings of the history."""
_OPERATORS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20)


class _AlarmFigures:
    def __init__(self, made: Frame) -> None:
        self.made = made
        visit, t = made.visit, made.visit.t
        query, setting = visit.query, visit.context.settings.operators
        self.period = query["period"] if query.get("period") in PERIODS else DEFAULT_PERIOD
        self.site = query["site"] if query.get("site") in visit.sites else ""
        self.choices = sorted({*_OPERATORS, setting})
        asked = query.get("operators", "")
        self.operators = int(asked) if asked in map(str, self.choices) else setting
        self.lists = Lists(visit, self._zone)
        with Tag("div", "page-head"):
            Tag("h1", text=t("Alarm performance"))
            self.period_text = Tag("span", "soft")
        with Tag("section", "panel figures-choices", aria_label=t("Period")):
            self._bar()
        with Tag("section", "panel", aria_label=t("Alarm performance")) as self.instead:
            self.reason = Part()
        with Tag("div", "columns") as self.columns:
            with Tag("div"):
                self._left()
            with Tag("div"):
                self._right()

    def _bar(self) -> None:
        visit, t = self.made.visit, self.made.visit.t
        with Tag("div", "bar open"):
            with Tag("div", "segments", role="group", aria_label=t("Period")):
                self.segments = {key: self._segment(key) for key in PERIODS}
            if len(visit.sites) > 1:
                names = {"": t("All sites"), **{key: visit.site_name(key) for key in visit.sites}}
                select(t("Site"), names, self.site, lambda value: self.change(site=value))
            select(
                t("Operators at a time"),
                {str(n): str(n) for n in self.choices},
                str(self.operators),
                lambda value: self.change(operators=int(value)),
            )

    def _segment(self, key: str) -> Tag:
        made = button(self.made.visit.t(PERIODS[key][1]), lambda: self.change(period=key), "button-small")
        made.put("aria-pressed", "true" if key == self.period else "false")
        return made

    def _left(self) -> None:
        t = self.made.visit.t
        _, head, body = panel(t("Figures and targets"))
        with head:
            Tag("span", "space")
            self.summary = Tag("span", "soft small", role="status")
        with body:
            self.figures = self.lists.figures()
            self.note = Tag("p", "small soft figures-note")
        self.load, _, body = panel(t("Load"))
        with body:
            self.chart = Part("panel-body")
        _, _, body = panel(t("Ten most frequent"))
        with body:
            self.top = self.lists.top()
        _, _, body = panel(t("Stale alarms now"))
        with body:
            self.stale = self.lists.stale()

    def _right(self) -> None:
        t = self.made.visit.t
        _, _, body = panel(t("Priorities"))
        with body:
            self.shares = self.lists.shares()
        _, _, body = panel(t("10-min periods by their alarms"))
        with body:
            self.classes = self.lists.classes()
        _, _, body = panel(t("Floods"))
        with body:
            self.floods = self.lists.floods()
        _, _, body = panel(t("Chattering alarms"))
        with body:
            self.chattering = self.lists.chattering()

    def _zone(self) -> ZoneInfo:
        visit = self.made.visit
        return visit.zone(self.site) if self.site else visit.common_zone()

    async def change(
        self, *, period: str | None = None, site: str | None = None, operators: int | None = None
    ) -> None:
        """Other choices: the address and the figures."""
        self.period = self.period if period is None else period
        self.site = self.site if site is None else site
        self.operators = self.operators if operators is None else operators
        for key, there in self.segments.items():
            there.put("aria-pressed", "true" if key == self.period else "false")
        usual = self.operators == self.made.visit.context.settings.operators
        operators_text = "" if usual else str(self.operators)
        remember_address(PATH, {"period": self.period, "site": self.site, "operators": operators_text})
        await attempt(self.made.visit, self.refresh(), "")

    async def refresh(self) -> None:
        """Work the figures out again, or take those that another page has just worked out."""
        visit = self.made.visit
        context, now, site = visit.context, visit.now(), self.site
        table, catalogue = context.table(), context.catalogue
        period = Period(now - PERIODS[self.period][0], now, self._zone(), self.operators)

        def query(session: Session) -> Loaded:
            return load(session, table, catalogue, period, site)

        key = f"alarm figures {self.period} {self.operators} {site}"
        # a long history takes long to read and changes little by the minute
        max_age = MINUTE if PERIODS[self.period][0] <= REPRESENTATIVE else 10 * MINUTE
        try:
            found = await visit.shared(key, query, max_age=max_age)
        except ConflictError:
            t = visit.t
            self._show_instead(t("There are too many changes in this period"), t("Choose a shorter one."))
            return
        self._show(found)

    def _show_instead(self, title: str, hint: str) -> None:
        self.columns.set_visibility(False)
        self.instead.set_visibility(True)
        self.period_text.put_text("")
        self.reason.show((title, hint), lambda: empty_state(title, hint))

    def _show(self, loaded: Loaded) -> None:
        visit, t, found = self.made.visit, self.made.visit.t, loaded.figures
        period, labels = found.period, loaded.labels
        if not period.span:
            self._show_instead(
                t("Nothing has been watched yet"), t("Figures come once a site has equipment.")
            )
            return
        self.instead.set_visibility(False)
        self.columns.set_visibility(True)
        begin, end = (date_time_text(ts, period.zone)[:16] for ts in (period.start, period.end))
        self.period_text.put_text(f"{begin} … {end}")
        self.period_text.put("title", full_time(period.end, period.zone))
        self.summary.put_text(summary(t, found))
        self.figures.show(figure_rows(t, found))
        self.note.put_text(" ".join(self._notes(found)))
        self.shares.show(share_rows(t, found))
        self.classes.show(class_rows(t, found))
        self.top.show([(item, labels[item.alarm]) for item in found.top])
        self.floods.show(tuple(reversed(found.floods))[:SHOWN])
        now = visit.now()
        stale = found.stale[:SHOWN]
        self.stale.show([(labels[alarm], since, span_text(t, now - since)) for alarm, since in stale])
        self.chattering.show([(item, labels[item.alarm]) for item in found.chattering[:SHOWN]])
        self.load.set_visibility(found.announced > 0)
        name, options = load_chart(t, found)
        self.chart.show((name, options), lambda: _draw_chart(name, options))

    def _notes(self, found: AlarmFigures) -> list[str]:
        t = self.made.visit.t
        notes = [t.ngettext("{n} alarm was announced.", "{n} alarms were announced.", found.announced)]
        if found.waiting:
            notes.append(
                t.ngettext("{n} waits to be acknowledged.", "{n} wait to be acknowledged.", found.waiting)
            )
        notes.append(t("What is raised while shelved, suppressed or out of service does not count."))
        if not is_representative(found):
            notes.append(t("The targets are meant for periods of 30 days or more."))
        notes.append(t("Targets: ISA-18.2 (IEC 62682) and EEMUA 191, for each operator."))
        return notes


def _draw_chart(name: str, options: dict[str, object]) -> None:
    chart = ui.echart(options).style("width: 100%; height: 220px")
    chart.props["role"] = "img"
    chart.props["aria-label"] = name
    Tag("p", "small soft", name)


async def build(made: Frame) -> None:
    """Draw the page."""
    page = _AlarmFigures(made)
    await page.refresh()
    made.on_slow(_EVERY, page.refresh)


PAGE = Page(PATH, N_("Alarm performance"), build)

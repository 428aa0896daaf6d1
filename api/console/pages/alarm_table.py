"""Alarms as a table, wherever they are shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from nicegui.events import GenericEventArguments

from api.console.elements import (
    Tag,
    cell,
    equipment_address,
    link,
    severity_label,
    time_label,
)
from api.console.formats import ago_text, full_time
from api.console.forms import check
from api.console.pages import alarm_actions
from api.console.pages.feedback import feedback_button
from api.console.rows import Listing
from api.console.session import Visit
from api.console.theme import SEVERITY_CLASS
from api.console.views.alarm_groups import JUDGEMENT
from api.console.views.alarms import AlarmView
from api.console.views.forecasts import forecast_text
from api.console.words import ALARM_STATE
from plantroom.alarms import ASIDE, AlarmEvent, AlarmState

Changed = Callable[[], Awaitable[object]]


class AlarmTable:
    """Rows of alarms with what the visitor may do to them."""

    def __init__(
        self,
        visit: Visit,
        changed: Changed,
        *,
        selectable: bool = False,
        equipment: bool = True,
        brief: bool = False,
        on_select: Callable[[], object] = lambda: None,
    ) -> None:
        self.visit = visit
        self.changed = changed
        self.selectable = selectable
        self.equipment = equipment
        self.brief = brief
        self.on_select = on_select
        self.selected: set[int] = set()
        self.opened: set[int] = set()
        """Roots whose explained alarms are shown."""
        self.views: dict[int, AlarmView] = {}
        t = visit.t
        columns = [t("Raised"), t("Severity"), t("Alarm")]
        if selectable:
            columns.insert(0, t("Select"))
        if equipment and not brief:
            columns.append(t("Equipment"))
        columns.append(t("State"))
        if not brief:
            columns.append(t("Actions"))
        self.listing: Listing[AlarmView] = Listing(
            columns,
            label=t("Alarms"),
            key=lambda view: view.id,
            draw=self._draw,
            classes=_classes,
            empty=(t("No standing alarm"), ""),
        )

    def show(self, views: Sequence[AlarmView]) -> None:
        """Show these; what is no longer among them is no longer selected."""
        self.views = {view.id: view for view in views}
        self.selected &= {view.id for view in views if AlarmEvent.ACKNOWLEDGE in view.events}
        self.listing.show(views)
        self.on_select()

    def _draw(self, view: AlarmView) -> None:
        visit, t = self.visit, self.visit.t
        zone, now = visit.zone(view.site), visit.now()
        if self.selectable:
            with cell():
                if AlarmEvent.ACKNOWLEDGE in view.events:
                    check(
                        t("Select {name}", name=f"{view.rule_name}, {view.equipment_name}"),
                        value=view.id in self.selected,
                        on_change=lambda ticked: self._select(view.id, ticked=ticked),
                    )
        with cell(class_="nowrap"):
            time_label(view.raised_ts, zone, now)
        with cell(class_="grow"):
            severity_label(t, view.severity)
        with cell(class_="full"):
            opener = Tag("a", "strong", view.rule_name, href=f"/alarms?alarm={view.id}")
            opener.on("click.prevent", lambda: alarm_actions.details(visit, view.id, self.changed), args=[])
            if self.brief:
                with Tag("span", "under"):
                    self._equipment(view)
            elif view.readings:
                Tag("span", "under", view.readings)
            if view.forecasts and not self.brief:
                Tag("span", "under strong", forecast_text(t, view.forecasts, zone))
            if view.extras.explains and not self.brief:
                self._explained(view)
        if self.equipment and not self.brief:
            with cell(class_="full place"):
                self._equipment(view)
        with cell(class_="grow"):
            _state(visit, view)
            self._extras(view)
        if not self.brief:
            with cell(class_="end"), Tag("div", "actions"):
                alarm_actions.buttons(visit, view, self.changed)
                feedback_button(visit, view, self.changed)

    def _explained(self, view: AlarmView) -> None:
        """The alarms that follow from this one, folded away until somebody opens them."""
        t, extras = self.visit.t, view.extras
        with Tag("details", "explained", open=view.id in self.opened) as there:
            Tag(
                "summary", "summary", t.ngettext("Explains {n} alarm", "Explains {n} alarms", extras.explains)
            )
            alarm_actions.related_list(self.visit, extras, self.changed)

        def keep(event: GenericEventArguments) -> None:
            (self.opened.add if event.args is True else self.opened.discard)(view.id)

        there.on("toggle", keep, js_handler="(e) => emit(e.target.open)")

    def _extras(self, view: AlarmView) -> None:
        t, extras = self.visit.t, view.extras
        if extras.chattering or extras.stale or extras.judgement is not None:
            with Tag("div", "flags"):
                if extras.chattering:
                    Tag("span", "chip chip-wrong", t("Chattering"), title=t("3 times or more within 1 min"))
                if extras.stale:
                    Tag("span", "chip chip-soft", t("Stale alarm"), title=t("standing for more than 24 h"))
                if extras.judgement is not None:
                    said = t(JUDGEMENT[extras.judgement])
                    Tag("span", "chip chip-soft", t("Feedback: {name}", name=said))
        if extras.root is not None:
            with Tag("span", "under"):
                Tag("span", text=t("follows from") + " ")
                alarm_actions.related_link(self.visit, extras.root, self.changed)

    def _equipment(self, view: AlarmView) -> None:
        link(view.equipment_name, equipment_address(view.site, view.equipment))
        place = " · ".join(part for part in (self._site(view), view.location) if part)
        if place and not self.brief:
            Tag("span", "under", place)

    def _site(self, view: AlarmView) -> str:
        return self.visit.site_name(view.site) if len(self.visit.sites) > 1 else ""

    def _select(self, alarm_id: int, *, ticked: bool) -> None:
        if ticked:
            self.selected.add(alarm_id)
        else:
            self.selected.discard(alarm_id)
        self.on_select()


def _classes(view: AlarmView) -> str:
    waiting = " unacknowledged" if view.unacknowledged else ""
    return f"{SEVERITY_CLASS[view.severity]}{waiting}"


def _state(visit: Visit, view: AlarmView) -> None:
    t, now = visit.t, visit.now()
    loud = "chip-loud" if view.unacknowledged else "chip-soft" if view.state in ASIDE else ""
    Tag("span", f"chip {loud}".strip(), t(ALARM_STATE[view.state]))
    if view.occurrences > 1:
        Tag("span", "count number soft", f"×{view.occurrences}", title=t("How often it was raised"))
    if view.state is AlarmState.SHELVED and view.shelved_until is not None:
        Tag(
            "span",
            "under",
            t("back {when}", when=ago_text(t, view.shelved_until, now)),
            title=full_time(view.shelved_until, visit.zone(view.site)),
        )
    elif view.acknowledged_by and not view.unacknowledged:
        Tag("span", "under", t("by {name}", name=view.acknowledged_by))

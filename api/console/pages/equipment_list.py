"""The list of equipment."""

from __future__ import annotations

import asyncio

from api.console.elements import Tag, cell, equipment_address, link, severity_label
from api.console.i18n import N_
from api.console.layout import Frame
from api.console.page import Page
from api.console.pages.filter_bar import FilterBar, NumberedPager, Refresh, site_keys, system_keys
from api.console.rows import Listing
from api.console.session import Visit
from api.console.views.equipment import (
    STATE,
    EquipmentView,
    Known,
    State,
    equipment_list,
    load_places,
    place_names,
)
from api.console.views.live import unknown_by_equipment, unknown_mask
from api.console.views.overview import points_by_equipment
from api.console.views.standing import load_standing
from plantroom.times import MINUTE

_STATE_NAMES = {
    "": N_("In service, all"),
    "alarm": N_("With alarm"),
    "unknown": N_("Unknown"),
    "incomplete": N_("With unknown points"),
    "normal": N_("Normal"),
    "retired": N_("Retired"),
}
_EVERY = 4


class _Equipment:
    def __init__(self, made: Frame) -> None:
        self.made = made
        visit, t = made.visit, made.visit.t
        with Tag("div", "page-head"):
            Tag("h1", text=t("Equipment"))
        with Tag("section", "panel", aria_label=t("Equipment")):
            self.bar = _bar(visit, self.refresh)
            self.listing: Listing[EquipmentView] = Listing(
                [
                    t("State"),
                    t("Equipment"),
                    t("Class"),
                    t("Place"),
                    ">" + t("Alarms"),
                    ">" + t("Orders"),
                    ">" + t("Unknown points"),
                ],
                label=t("Equipment"),
                key=lambda view: view.id,
                draw=self._draw,
                empty=(t("No equipment matches the filters"), t("Change the filters to see others.")),
            )
            self.pager = NumberedPager(self.bar)

    async def refresh(self) -> None:
        """Work the list out again."""
        visit, t = self.made.visit, self.made.visit.t
        spaces = await visit.shared("places", load_places, max_age=MINUTE)
        standing = await visit.shared("standing", load_standing)
        context, filters = visit.context, self.bar.filters

        def work() -> list[EquipmentView]:
            table, now = context.table(), context.clock()
            unknown = unknown_by_equipment(table, unknown_mask(table, context.live, now))
            known = Known(standing, points_by_equipment(table), unknown)
            return equipment_list(
                t, table, context.catalogue, known, filters=filters, places=place_names(t, spaces)
            )

        found = await asyncio.to_thread(work)
        if not found and not filters.narrowed:
            self.listing.say(t("No equipment yet"), t("Import a site file to add some."))
        self.listing.show(self.pager.show(found))

    def _draw(self, view: EquipmentView) -> None:
        visit, t = self.made.visit, self.made.visit.t
        with cell():
            state_label(visit, view)
        with cell(class_="full"):
            link(view.name, equipment_address(view.site, view.key), "strong")
            Tag("span", "under", f"{view.site}/{view.key}" if len(visit.sites) > 1 else view.key)
        cell(view.class_name)
        cell(view.place, "full")
        cell(str(view.alarms or ""), "right number", t("Alarms") if view.alarms else None)
        cell(str(view.orders or ""), "right number", t("Orders") if view.orders else None)
        unknown = f"{view.unknown} / {view.points}" if view.unknown else ""
        cell(unknown, "right number", t("Unknown points") if unknown else None)


def state_label(visit: Visit, view: EquipmentView) -> None:
    """The equipment's state: the severity of its worst alarm, or a word."""
    t = visit.t
    if view.state is State.ALARM and view.severity is not None:
        severity_label(t, view.severity)
        return
    kind = {State.UNKNOWN: "chip chip-unknown", State.RETIRED: "chip chip-soft"}.get(view.state, "soft")
    Tag("span", kind, t(STATE[view.state]))


def _bar(visit: Visit, refresh: Refresh) -> FilterBar:
    t, catalogue = visit.t, visit.context.catalogue
    present = {item.equipment_class for item in visit.context.table().equipment}
    names = {key: t.text(catalogue[key].name) for key in present}
    allowed: dict[str, set[str] | None] = {
        "site": set(site_keys(visit)),
        "system": set(system_keys()),
        "equipment_class": present,
        "state": set(_STATE_NAMES),
        "q": None,
        "page": None,
    }
    bar = FilterBar(visit, "/equipment", allowed, refresh)
    bar.choice("state", t("State"), {key: t(name) for key, name in _STATE_NAMES.items()})
    bar.site()
    bar.system()
    ordered = dict(sorted(names.items(), key=lambda pair: pair[1]))
    bar.choice("equipment_class", t("Class"), {"": t("All classes"), **ordered})
    bar.text()
    return bar


async def build(made: Frame) -> None:
    """Draw the page."""
    page = _Equipment(made)
    await page.refresh()
    made.on_slow(_EVERY, page.refresh)


PAGE = Page("/equipment", N_("Equipment"), build)

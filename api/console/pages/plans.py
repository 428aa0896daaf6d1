"""Maintenance that comes due, over all equipment."""

from __future__ import annotations

from api.console.elements import Tag, cell, equipment_address, link
from api.console.formats import date_text, due_text, full_time
from api.console.i18n import N_
from api.console.layout import Frame
from api.console.page import Page, lens_of
from api.console.pages.filter_bar import FilterBar, NumberedPager, Refresh, site_keys, system_keys
from api.console.rows import Listing
from api.console.session import Visit
from api.console.views.plans import WITHIN, PlanView, load_plans, narrow
from api.console.words import skill_word

_WITHIN_NAMES = {
    "": N_("At any time"),
    "overdue": N_("Overdue"),
    "7": N_("Within 7 days"),
    "30": N_("Within 30 days"),
    "90": N_("Within 90 days"),
}


class PlanTable:
    """Rows of maintenance plans."""

    def __init__(self, visit: Visit, *, equipment: bool = True) -> None:
        self.visit = visit
        self.equipment = equipment
        t = visit.t
        columns = [t("Next due"), t("Plan")]
        if equipment:
            columns.append(t("Equipment"))
        columns += [t("Every"), t("Last done"), t("Open order")]
        self.listing: Listing[tuple[PlanView, str]] = Listing(
            columns,
            label=t("Maintenance plan"),
            key=lambda item: (item[0].site, item[0].equipment, item[0].name),
            draw=self._draw,
            empty=(t("No maintenance plan"), ""),
        )

    def show(self, plans: list[PlanView]) -> None:
        """Show these plans."""
        t, now = self.visit.t, self.visit.now()
        self.listing.show([(plan, due_text(t, plan.next_due, now)) for plan in plans])

    def _draw(self, item: tuple[PlanView, str]) -> None:
        plan, due = item
        visit, t = self.visit, self.visit.t
        zone = visit.zone(plan.site)
        with cell(class_="nowrap"):
            late = plan.next_due < visit.now()
            Tag("span", "number", date_text(plan.next_due, zone), title=full_time(plan.next_due, zone))
            Tag("span", "under chip chip-wrong" if late else "under", due)
        with cell(class_="full"):
            Tag("span", "strong", plan.name)
            Tag("span", "under", skill_word(t, plan.skill))
        if self.equipment:
            with cell(class_="full"):
                link(plan.equipment_name, equipment_address(plan.site, plan.equipment))
                if len(visit.sites) > 1:
                    Tag("span", "under", visit.site_name(plan.site))
        floats = t("counts from the last completion") if plan.floating else None
        cell(plan.every, title=floats)
        last = date_text(plan.last_done, zone) if plan.last_done else t("not yet")
        cell(last, "number", t("Last done"), title=full_time(plan.last_done, zone) or None)
        with cell():
            if plan.order is not None:
                link(f"#{plan.order}", f"/orders/{plan.order}")


class _Plans:
    def __init__(self, made: Frame) -> None:
        self.made = made
        visit, t = made.visit, made.visit.t
        with Tag("div", "page-head"):
            Tag("h1", text=t("Maintenance"))
        with Tag("section", "panel", aria_label=t("Maintenance")):
            self.bar = _bar(visit, self.refresh)
            self.table = PlanTable(visit)
            self.pager = NumberedPager(self.bar)

    async def refresh(self) -> None:
        """Read the list again."""
        visit, t = self.made.visit, self.made.visit.t
        lens, filters = lens_of(visit), self.bar.filters
        plans = await visit.read(lambda session: load_plans(session, lens))
        found = narrow(plans, filters, lens, visit.now())
        if filters.narrowed:
            self.table.listing.say(t("No plan matches the filters"), t("Change the filters to see others."))
        self.table.show(self.pager.show(found))


def _bar(visit: Visit, refresh: Refresh) -> FilterBar:
    t = visit.t
    allowed: dict[str, set[str] | None] = {
        "within": {"overdue", *WITHIN},
        "site": set(site_keys(visit)),
        "system": set(system_keys()),
        "q": None,
        "page": None,
    }
    bar = FilterBar(visit, "/plans", allowed, refresh)
    bar.choice("within", t("Due"), {key: t(name) for key, name in _WITHIN_NAMES.items()})
    bar.site()
    bar.system()
    bar.text()
    return bar


async def build(made: Frame) -> None:
    """Draw the page."""
    page = _Plans(made)
    await page.refresh()
    made.on_records.append(page.refresh)


PAGE = Page("/plans", N_("Maintenance"), build)

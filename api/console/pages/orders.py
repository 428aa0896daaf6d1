"""The list of work orders."""

from __future__ import annotations

from api.console.elements import Tag
from api.console.forms import check
from api.console.i18n import N_
from api.console.layout import MINUTE_POLLS, Frame
from api.console.page import Page, lens_of
from api.console.pages.filter_bar import FilterBar, Pager, Refresh, site_keys, system_keys
from api.console.pages.order_table import OrderTable
from api.console.session import Visit
from api.console.views.orders import SORTS, STATES, order_page
from api.console.words import ORDER_KIND
from plantroom.work_orders import OrderKind

_STATE_NAMES = {
    "": N_("Open, all"),
    "unassigned": N_("Not assigned"),
    "in_progress": N_("In progress"),
    "on_hold": N_("On hold"),
    "completed": N_("Completed, to be closed"),
    "ended": N_("Closed and cancelled"),
    "all": N_("All"),
}
_SORT_NAMES = {"": N_("Most urgent first"), "due": N_("Due first"), "newest": N_("Newest first")}


class _Orders:
    def __init__(self, made: Frame) -> None:
        self.made = made
        t = made.visit.t
        with Tag("div", "page-head"):
            Tag("h1", text=t("Work orders"))
        with Tag("section", "panel", aria_label=t("Work orders")):
            self.bar = _bar(made.visit, self.refresh)
            self.table = OrderTable(made.visit)
            self.pager = Pager(self.bar)

    async def refresh(self) -> None:
        """Read the list again."""
        visit, t = self.made.visit, self.made.visit.t
        lens, filters = lens_of(visit), self.bar.filters
        found = await visit.read(lambda session: order_page(session, lens, filters, visit.identity.username))
        if filters.narrowed:
            self.table.listing.say(
                t("No work order matches the filters"), t("Change the filters to see others.")
            )
        else:
            self.table.listing.say(t("No open work order"), t("Alarms and due maintenance open them."))
        self.table.show(found.rows)
        self.pager.show(shown=len(found.rows), total=found.total, next_cursor=found.next_cursor)


def _bar(visit: Visit, refresh: Refresh) -> FilterBar:
    t = visit.t
    allowed: dict[str, set[str] | None] = {
        "state": set(STATES),
        "kind": {kind.value for kind in OrderKind},
        "priority": {"1", "2", "3", "4", "5"},
        "site": set(site_keys(visit)),
        "system": set(system_keys()),
        "mine": {"1"},
        "sort": set(SORTS),
        "q": None,
        "cursor": None,
    }
    bar = FilterBar(visit, "/orders", allowed, refresh)
    bar.choice("state", t("State"), {key: t(name) for key, name in _STATE_NAMES.items()})
    kinds = {kind.value: t(name) for kind, name in ORDER_KIND.items()}
    bar.choice("kind", t("Kind"), {"": t("All kinds"), **kinds})
    bar.choice("priority", t("Priority"), {"": t("All"), **{str(n): f"P{n}" for n in range(1, 6)}})
    bar.site()
    bar.system()
    bar.choice("sort", t("Sort by"), {key: t(name) for key, name in _SORT_NAMES.items()})
    bar.text()
    with bar.bar:
        check(
            t("Only mine"),
            value=bool(bar.filters.mine),
            on_change=lambda ticked: bar.change(mine="1" if ticked else ""),
            shown=t("Only mine"),
        )
    return bar


async def build(made: Frame) -> None:
    """Draw the page."""
    page = _Orders(made)
    await page.refresh()
    made.on_records.append(page.refresh)
    made.on_slow(MINUTE_POLLS, page.refresh)


PAGE = Page("/orders", N_("Work orders"), build)

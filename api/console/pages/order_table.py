"""Work orders as a table, wherever they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from api.console.elements import Tag, cell, equipment_address, link, time_label
from api.console.formats import due_text, full_time
from api.console.rows import Listing
from api.console.session import Visit
from api.console.views.clocks import ClockView, is_close, is_paused, pressing
from api.console.views.orders import OrderView
from api.console.words import ORDER_KIND, ORDER_STATE, skill_word
from plantroom.times import Nanos
from plantroom.work_orders import OPEN_STATES, OrderState

Item = tuple[OrderView, str, ClockView | None, bool]
"""An order, when it is due, the clock that presses, and whether its time is nearly up."""


class OrderTable:
    """Rows of orders, each leading to its page."""

    def __init__(self, visit: Visit, *, equipment: bool = True, brief: bool = False) -> None:
        self.visit = visit
        self.equipment = equipment
        self.brief = brief
        t = visit.t
        columns = [t("No."), t("Priority"), t("Work order")]
        if equipment:
            columns.append(t("Equipment"))
        columns += [t("State"), t("Due")]
        if not brief:
            columns += [t("Assigned to"), t("Opened")]
        self.listing: Listing[Item] = Listing(
            columns,
            label=t("Work orders"),
            key=lambda item: item[0].id,
            draw=self._draw,
            empty=(t("No open work order"), ""),
        )

    def show(self, views: Sequence[OrderView]) -> None:
        """Show these orders."""
        now = self.visit.now()
        # the words for the due time are part of what a row shows, so a row is drawn again when they change
        self.listing.show([self._item(view, now) for view in views])

    def _item(self, view: OrderView, now: Nanos) -> Item:
        clock = pressing(self.visit.t, view.clocks, self.visit.context.levels.policy)
        return view, due_words(self.visit, view, now), clock, is_close(view.clocks)

    def _draw(self, item: Item) -> None:
        view, due, clock, close = item
        visit, t = self.visit, self.visit.t
        zone, now = visit.zone(view.site), visit.now()
        cell(f"#{view.id}", "number soft")
        with cell():
            priority_label(visit, view.priority)
        with cell(class_="full"):
            link(view.title, f"/orders/{view.id}", "strong")
            Tag("span", "under", f"{t(ORDER_KIND[view.kind])} · {skill_word(t, view.skill)}")
        if self.equipment:
            with cell(class_="full place"):
                if view.equipment:
                    link(view.equipment_name, equipment_address(view.site, view.equipment))
                if len(visit.sites) > 1:
                    Tag("span", "under", visit.site_name(view.site))
        with cell():
            order_state(visit, view.state)
        with cell(label=t("Due")):
            sign = "chip chip-wrong" if view.is_overdue(now) else "chip chip-loud" if close else "nowrap"
            Tag("span", sign, due, title=full_time(view.due_at, zone))
            if clock is not None:
                small_clock(clock, zone)
        if not self.brief:
            cell(view.assignee, label=t("Assigned to") if view.assignee else None)
            with cell(class_="nowrap", label=t("Opened")):
                time_label(view.opened_at, zone, now)


def small_clock(clock: ClockView, zone: ZoneInfo) -> Tag:
    """The clock under the due time; it stands out only where it is not as it should be."""
    words = f"{clock.name}: {clock.words}"
    title = clock.reason or full_time(clock.due_at, zone) or None
    with Tag("span", "under nowrap") as made:
        Tag("span", f"chip {clock.sign}" if clock.sign else "", words, title=title)
    return made


def due_words(visit: Visit, view: OrderView, now: Nanos) -> str:
    """When the order is due, in words; a dash for one that is done or whose time stands still."""
    counts = view.state in OPEN_STATES and not is_paused(view.clocks)
    return due_text(visit.t, view.due_at, now) if counts else "—"


def priority_label(visit: Visit, priority: int) -> Tag:
    """The priority as P1 to P5."""
    return Tag(
        "span",
        f"priority priority-{priority}",
        f"P{priority}",
        title=visit.t("Priority {n} of 5, 1 first", n=priority),
    )


def order_state(visit: Visit, state: OrderState) -> Tag:
    """The order's state as a chip; one that nobody has taken stands out."""
    loud = "chip-loud" if state is OrderState.OPEN else "" if state in OPEN_STATES else "chip-soft"
    return Tag("span", f"chip {loud}".strip(), visit.t(ORDER_STATE[state]))

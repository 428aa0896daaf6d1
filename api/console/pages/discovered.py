"""Devices found on other people's topics: the list, and the forms that adopt them or set them aside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy.orm import Session

from api.console.elements import Tag, button, cell, time_label
from api.console.i18n import N_
from api.console.layout import Frame
from api.console.page import Page, attempt
from api.console.pages.adopt import AdoptForm
from api.console.pages.filter_bar import FilterBar, Pager
from api.console.rows import Listing
from api.console.views.discovered import DeviceView, device_page
from api.console.words import DEVICE_STATE
from plantroom.stores.records import discovered
from plantroom.stores.records.discovered import DeviceState
from plantroom.stores.records.tables import DiscoveredRow
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos
from plantroom.work_orders import Role

_EVERY = 10
_SHOWN_FIELDS = 12


class _Discovered:
    def __init__(self, made: Frame) -> None:
        self.made = made
        visit, t = made.visit, made.visit.t
        with Tag("div", "page-head"):
            Tag("h1", text=t("Discovered devices"))
            Tag(
                "p",
                "soft",
                t("Devices that announced themselves or were heard, and are no known equipment."),
            )
        with Tag("section", "panel", aria_label=t("Discovered devices")):
            states = {state.value: t(word) for state, word in DEVICE_STATE.items()}
            allowed = {"state": set(states), "q": None, "cursor": None}
            self.bar = FilterBar(visit, "/discovered", allowed, self.refresh)
            self.bar.choice("state", t("State"), {"": t("All"), **states})
            self.bar.text()
            self.listing: Listing[DeviceView] = Listing(
                [t("Device"), t("Layout"), t("Values"), t("State"), t("Last heard"), ""],
                label=t("Discovered devices"),
                key=lambda view: view.id,
                draw=self._draw,
                empty=(t("Nothing discovered"), t("Devices appear here when a map's layout hears them.")),
            )
            self.pager = Pager(self.bar)

    async def refresh(self) -> None:
        """Read the list again."""
        filters, visit = self.bar.filters, self.made.visit
        found = await visit.read(lambda session: device_page(session, filters))
        if filters.narrowed:
            self.listing.say(visit.t("No device matches the filters"))
        self.listing.show(found.rows)
        self.pager.show(shown=len(found.rows), total=found.total, next_cursor=found.next_cursor)

    def _draw(self, view: DeviceView) -> None:
        visit, t = self.made.visit, self.made.visit.t
        with cell(class_="full"):
            Tag("span", "strong", view.name)
            Tag("span", "under", " · ".join(filter(None, (view.device, view.make))))
        cell(f"{view.layout} · {visit.site_name(view.site)}", label=t("Layout"))
        with cell(label=t("Values")):
            self._draw_values(view)
        with cell():
            Tag("span", "chip", t(DEVICE_STATE[view.state]))
        with cell(class_="nowrap", label=t("Last heard")):
            time_label(view.last_seen_at, visit.common_zone(), visit.now())
        with cell(class_="right"):
            self._draw_actions(view)

    def _draw_values(self, view: DeviceView) -> None:
        tied = dict(view.points)
        names = [tied_text(item.name, item.unit, tied.get(item.name)) for item in view.fields]
        Tag("span", "small", ", ".join(names[:_SHOWN_FIELDS]))
        if len(names) > _SHOWN_FIELDS:
            Tag("span", "small soft", f" +{len(names) - _SHOWN_FIELDS}")

    def _draw_actions(self, view: DeviceView) -> None:
        t = self.made.visit.t
        if view.can_adopt:
            button(t("Adopt"), lambda: AdoptForm(self.made.visit, view, self.refresh).ask(), "button-small")
        else:
            Tag("p", "small soft", t("Add it to the site file as equipment of this key."))
        if view.state is DeviceState.NEW:
            button(t("Ignore"), lambda: self._decide(view, discovered.ignore), "button-small")
        else:
            button(t("List as new"), lambda: self._decide(view, discovered.release), "button-small")

    async def _decide(self, view: DeviceView, decide: Callable[..., DiscoveredRow]) -> None:
        visit = self.made.visit

        def run(session: Session, who: Identity, now: Nanos) -> None:
            decide(session, view.id, by=who.username, now=now)

        action: Awaitable[object] = visit.change(Role.ENGINEER, run)
        await attempt(visit, action, visit.t("Noted; it works within seconds."))
        await self.refresh()


def tied_text(name: str, unit: str, point: str | None) -> str:
    """A field with its unit, and the point that it became."""
    text = f"{name} ({unit})" if unit else name
    return text if point is None else f"{text} → {point}"


async def build(made: Frame) -> None:
    """Draw the page."""
    page = _Discovered(made)
    await page.refresh()
    if not page.bar.filters.cursor:
        made.on_slow(_EVERY, page.refresh)


PAGE = Page("/discovered", N_("Discovered devices"), build, role=Role.ENGINEER)

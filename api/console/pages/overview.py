"""The start page: every system of every site, the newest alarms, the most urgent orders."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from api.console.elements import Tag, empty_state, icon, link, panel, severity_label
from api.console.formats import number_text
from api.console.i18n import N_
from api.console.layout import Frame
from api.console.page import Page, lens_of
from api.console.pages.alarm_table import AlarmTable
from api.console.pages.order_table import OrderTable
from api.console.theme import SEVERITY_CLASS
from api.console.views.alarms import AlarmView, Lens, alarm_page
from api.console.views.filters import Filters
from api.console.views.live import unknown_by_equipment, unknown_mask
from api.console.views.orders import OrderView, order_page
from api.console.views.overview import Tile, points_by_equipment, tiles
from api.console.views.standing import Standing, load_standing
from api.console.words import SYSTEM, SYSTEM_ICON
from plantroom.catalogue.schema import System

SHOWN = 8
_COUNT_EVERY = 4
"""Polls between two counts of the unknown points."""


@dataclass(slots=True)
class _TileBox:
    """A tile on the page and what it shows."""

    box: Tag
    shown: Tile | None = None


@dataclass(slots=True)
class _Overview:
    made: Frame
    boxes: dict[tuple[str, System], _TileBox] = field(default_factory=dict)
    alarms: AlarmTable | None = None
    orders: OrderTable | None = None

    def count(self, standing: Standing) -> dict[str, list[Tile]]:
        """The tiles of every site now."""
        context = self.made.visit.context
        table = context.table()
        unknown = unknown_by_equipment(table, unknown_mask(table, context.live, context.clock()))
        found = tiles(table, context.catalogue, standing, unknown, points_by_equipment(table))
        return {site: list(items) for site, items in found.items()}

    async def refresh_tiles(self) -> None:
        """Bring the tiles up to date; only those that differ are drawn again."""
        visit = self.made.visit
        standing = await visit.shared("standing", load_standing)
        for site, items in (await asyncio.to_thread(self.count, standing)).items():
            for item in items:
                there = self.boxes.get((site, item.system))
                if there is not None and there.shown != item:
                    there.shown = item
                    there.box.clear()
                    _draw_tile(self.made, there.box, site, item)

    async def refresh_lists(self) -> None:
        """Read alarms and orders again."""
        visit, lens = self.made.visit, lens_of(self.made.visit)
        alarms, orders = await visit.read(lambda session: _lists(session, lens))
        if self.alarms is not None and self.orders is not None:
            self.alarms.show(alarms)
            self.orders.show(orders)

    async def refresh(self) -> None:
        """Everything."""
        await self.refresh_tiles()
        await self.refresh_lists()


def _lists(session: Session, lens: Lens) -> tuple[list[AlarmView], list[OrderView]]:
    alarms = alarm_page(session, lens, Filters(sort="newest"), SHOWN)
    orders = order_page(session, lens, Filters(sort="priority"), "", SHOWN)
    return alarms.rows, orders.rows


async def build(made: Frame) -> None:
    """Draw the page."""
    visit, t = made.visit, made.visit.t
    page = _Overview(made)
    with Tag("div", "page-head"):
        Tag("h1", text=t("Overview"))
    if not visit.sites:
        with Tag("section", "panel"):
            empty_state(
                t("No site yet"),
                t("Import a site file with `plantroom site import FILE`, or name it in the settings."),
            )
        return
    with Tag("div", "stacked"):
        found = await asyncio.to_thread(page.count, made.standing)
        for site in visit.sites.values():
            _draw_site(page, site.key, found.get(site.key, []))
        _draw_lists(page)
    await page.refresh_lists()
    made.on_records.append(page.refresh)
    made.on_slow(_COUNT_EVERY, page.refresh_tiles)


def _draw_site(page: _Overview, site: str, items: list[Tile]) -> None:
    visit, t = page.made.visit, page.made.visit.t
    _, head, body = panel(visit.site_name(site))
    with head:
        Tag("span", "space")
        Tag("span", "small soft", visit.sites[site].zone, title=t("Time zone of the site"))
    with body:
        if not any(item.equipment for item in items):
            empty_state(t("No equipment in this site yet"))
            return
        with Tag("div", "tiles"):
            for item in items:
                there = _TileBox(Tag("div"), item)
                there.box.style("display: contents")
                page.boxes[(site, item.system)] = there
                _draw_tile(page.made, there.box, site, item)


def _draw_tile(made: Frame, box: Tag, site: str, item: Tile) -> None:
    t = made.visit.t
    name = t(SYSTEM[item.system])
    look = SEVERITY_CLASS[item.worst] if item.worst else "severity-unknown" if item.is_silent else ""
    with box:
        if not item.equipment:
            with Tag("div", "tile empty"):
                with Tag("span", "tile-head"):
                    icon(SYSTEM_ICON[item.system])
                    Tag("span", text=name)
                Tag("span", "small", t("No equipment"))
            return
        with Tag("a", f"tile {look}", href=f"/equipment?site={site}&system={item.system.value}"):
            with Tag("span", "tile-head"):
                icon(SYSTEM_ICON[item.system])
                Tag("span", text=name)
            if item.worst is not None:
                severity_label(t, item.worst)
            elif item.is_silent:
                Tag("span", "chip chip-unknown", t("No data"))
            else:
                Tag("span", "soft", t("No alarm"))
            _draw_counts(made, item)


def _draw_counts(made: Frame, item: Tile) -> None:
    t = made.visit.t
    rows: list[tuple[str, int, bool]] = [
        (t("Equipment"), item.equipment, False),
        (t("Standing alarms"), item.alarms, item.alarms > 0),
        (t("Open orders"), item.orders, False),
        (t("Unknown points"), item.unknown, item.unknown > 0),
    ]
    with Tag("span", "tile-counts"):
        for name, count, some in rows:
            Tag("span", text=name)
            Tag("span", "some" if some else "", number_text(count, 0))


def _draw_lists(page: _Overview) -> None:
    visit, t = page.made.visit, page.made.visit.t
    with Tag("div", "columns half"):
        with Tag("div"):
            _, head, body = panel(t("Newest alarms"))
            with head:
                Tag("span", "space")
                link(t("All standing alarms"), "/alarms")
            with body:
                page.alarms = AlarmTable(visit, page.refresh, brief=True)
        with Tag("div"):
            _, head, body = panel(t("Open work orders by priority"))
            with head:
                Tag("span", "space")
                link(t("All open orders"), "/orders")
            with body:
                page.orders = OrderTable(visit, brief=True, equipment=False)


PAGE = Page("/", N_("Overview"), build)

"""How Plantroom itself does: its parts and the figures that matter."""

from __future__ import annotations

import asyncio

from api.console.elements import Tag, panel
from api.console.formats import ago_text, full_time, number_text
from api.console.i18n import N_
from api.console.layout import Frame
from api.console.page import Page
from api.console.views.live import newest, unknown_mask
from api.console.views.status import Figure, by_label, collect, figures
from plantroom import __version__
from plantroom.errors import StoreError

_EVERY = 4


class _Status:
    def __init__(self, made: Frame) -> None:
        self.made = made
        t = made.visit.t
        with Tag("div", "page-head"):
            Tag("h1", text=t("Status"))
            Tag("span", "soft", f"Plantroom {__version__}")
        with Tag("div", "columns half"):
            with Tag("div"):
                _, _, self.parts = panel(t("Parts"))
                _, _, self.data = panel(t("Data"))
            with Tag("div"):
                _, _, self.figures = panel(t("Figures since the start"))
                _, _, self.outcomes = panel(t("Messages and readings by outcome"))
        self.shown: object = None

    async def refresh(self) -> None:
        """Look again; drawn only where something differs."""
        visit = self.made.visit
        context, t = visit.context, visit.t
        parts = [(part.name, part.ok, part.detail) for part in context.health()]
        samples = collect((context.counted or context.metrics.registry.collect)())
        found = figures(t, samples)
        data = await asyncio.to_thread(self._data)
        outcomes = {
            t("Messages"): by_label(samples, "plantroom_messages_total", "outcome"),
            t("Readings"): by_label(samples, "plantroom_readings_total", "outcome"),
            t("Quarantine by reason"): by_label(samples, "plantroom_quarantined_total", "reason"),
            t("Without guarantee, by site"): by_label(samples, "plantroom_unguaranteed_total", "site"),
        }
        now_shown = (parts, found, data, outcomes)
        if now_shown == self.shown:
            return
        self.shown = now_shown
        self._draw_parts(parts)
        _draw_figures(self.data, data)
        _draw_figures(self.figures, found)
        self._draw_outcomes(outcomes)

    def _data(self) -> list[Figure]:
        visit = self.made.visit
        context, t, now = visit.context, visit.t, visit.now()
        table = context.table()
        unknown = int(unknown_mask(table, context.live, now).sum())
        points = int((table.kind >= 0).sum())
        last = newest(context.live)
        try:
            size = number_text(context.store.size(), 0)
        except StoreError:
            size = t("the store is away")
        zone = visit.common_zone()
        return [
            Figure(t("Newest reading"), f"{ago_text(t, last, now)} {full_time(last, zone)}".strip()),
            Figure(t("Readings kept"), size),
            Figure(t("Equipment"), number_text(len(table.equipment), 0)),
            Figure(t("Points"), number_text(points, 0)),
            Figure(t("Unknown points"), number_text(unknown, 0), unknown > 0),
        ]

    def _draw_parts(self, parts: list[tuple[str, bool, str]]) -> None:
        t = self.made.visit.t
        self.parts.clear()
        with self.parts, Tag("dl", "facts panel-body"):
            for name, ok, detail in parts:
                Tag("dt", text=name)
                with Tag("dd"):
                    Tag("span", "chip" if ok else "chip chip-wrong", t("Working") if ok else t("Not working"))
                    if detail:
                        Tag("span", "soft", f" {detail}")

    def _draw_outcomes(self, outcomes: dict[str, dict[str, float]]) -> None:
        t = self.made.visit.t
        self.outcomes.clear()
        with self.outcomes, Tag("dl", "facts panel-body"):
            for name, counts in outcomes.items():
                Tag("dt", text=name)
                text = " · ".join(f"{key} {number_text(value, 0)}" for key, value in counts.items())
                Tag("dd", text=text or t("none yet"))


def _draw_figures(box: Tag, found: list[Figure]) -> None:
    box.clear()
    with box, Tag("dl", "facts panel-body"):
        for figure in found:
            Tag("dt", text=figure.name)
            with Tag("dd"):
                Tag("span", "chip chip-wrong" if figure.wrong else "number", figure.value)


async def build(made: Frame) -> None:
    """Draw the page."""
    page = _Status(made)
    await page.refresh()
    made.on_slow(_EVERY, page.refresh)


PAGE = Page("/status", N_("Status"), build)

"""An equipment's trend: choose points and span, watch it move."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from nicegui import ui

from api.console.elements import Tag, button, empty_state
from api.console.formats import number_text
from api.console.forms import check, remember_address
from api.console.layout import Frame
from api.console.views.chart import chart_height, chart_options
from api.console.views.trend import DEFAULT_SPAN, MAX_POINTS, SPANS, Series, choose_points, load_trend
from plantroom.errors import StoreError
from plantroom.model import Equipment, Point


class Trend:
    """The chart, its choices and its place in the address."""

    def __init__(
        self, made: Frame, item: Equipment, points: list[Point], fault: Iterable[str], *, body: Tag, head: Tag
    ) -> None:
        self.made = made
        self.item = item
        self.points = points
        visit, t = made.visit, made.visit.t
        wanted = visit.query.get("span", "")
        self.span = wanted if wanted in SPANS else DEFAULT_SPAN
        self.chosen = choose_points(points, visit.query.get("points", "")[:400], fault)
        self.drawn_at = 0
        self.busy = False
        with head:
            Tag("span", "space")
            with Tag("div", "segments", role="group", aria_label=t("Span")):
                self.spans = {key: self._span_button(key) for key in SPANS}
        with body:
            self.box = Tag("div", "panel-body")
            with Tag("details"):
                Tag("summary", "summary", t("Choose points"))
                with Tag("fieldset", "choices", aria_label=t("Points")):
                    for point in points:
                        self._point_box(point)
            self.note = Tag("p", "small soft trend-note", role="status")
        self.chart: ui.echart | None = None

    def _span_button(self, key: str) -> Tag:
        made = button(self.made.visit.t(SPANS[key].name), lambda: self.look_back(key), "button-small")
        made.put("aria-pressed", "true" if key == self.span else "false")
        return made

    def _point_box(self, point: Point) -> None:
        name = self.made.visit.t.text(point.name)
        check(
            name,
            value=point in self.chosen,
            on_change=lambda ticked: self.choose(point, ticked=ticked),
            shown=name,
        )

    async def look_back(self, span: str) -> None:
        """Another span."""
        self.span = span
        for key, there in self.spans.items():
            there.put("aria-pressed", "true" if key == span else "false")
        await self._changed()

    async def choose(self, point: Point, *, ticked: bool) -> None:
        """Add or remove a point; of more than MAX_POINTS the first chosen are drawn."""
        self.chosen = [there for there in self.chosen if there is not point]
        if ticked:
            self.chosen.append(point)
        await self._changed()

    async def _changed(self) -> None:
        keys = ",".join(point.key for point in self.chosen)
        path = self.made.visit.path.partition("?")[0]
        remember_address(path, {"span": self.span, "points": keys})
        await self.draw()

    async def follow(self) -> None:
        """Draw again when the span's time has come."""
        if self.made.visit.now() - self.drawn_at >= SPANS[self.span].every:
            await self.draw()

    async def draw(self) -> None:
        """Read and draw; a slow read is not started twice."""
        if self.busy:
            return
        self.busy = True
        try:
            visit = self.made.visit
            span, now, chosen = SPANS[self.span], visit.now(), list(self.chosen)
            try:
                lines = await asyncio.to_thread(load_trend, visit.context.store, chosen, span, now)
            except StoreError:
                self.note.put_text(visit.t("The reading store is away; the trend is as it was."))
                return
            self.drawn_at = now
            self._show(lines, now - span.length, now)
        finally:
            self.busy = False

    def _show(self, lines: list[Series], start: int, end: int) -> None:
        visit, t = self.made.visit, self.made.visit.t
        zone = visit.zone(self.item.site)
        if not lines:
            self.box.clear()
            self.chart = None
            with self.box:
                empty_state(t("Choose a point to see its trend"))
            self.note.put_text("")
            return
        options = chart_options(t, lines, zone, start, end)
        height = f"{chart_height(lines)}px"
        if self.chart is None or self.chart.style.get("height") != height:
            self.box.clear()
            with self.box:
                self.chart = ui.echart(options).style(f"width: 100%; height: {height}")
                self.chart.props["role"] = "img"
                names = ", ".join(t.text(line.point.name) for line in lines)
                self.chart.props["aria-label"] = t("Trend of {names}", names=names)
        else:
            self.chart.options.clear()
            self.chart.options.update(options)
            self.chart.update()
        self.note.put_text(" ".join(self._notes(lines)))

    def _notes(self, lines: list[Series]) -> list[str]:
        t = self.made.visit.t
        notes = [
            t("Times in {zone}. White band: normal range.", zone=self.made.visit.zone(self.item.site).key)
        ]
        if any(line.low is not None for line in lines):
            notes.append(t("Line: mean; shade: lowest to highest."))
        silent = [t.text(line.point.name) for line in lines if not len(line.ts)]
        if silent:
            notes.append(t("No reading in this span: {names}.", names=", ".join(silent)))
        bad = sum(line.bad for line in lines)
        if bad:
            notes.append(t("{n} readings of bad quality are not drawn.", n=number_text(bad, 0)))
        if any(line.cut for line in lines):
            notes.append(t("There are more readings than can be drawn; choose a shorter span."))
        if len(self.chosen) > MAX_POINTS:
            notes.append(t("Only the first {n} points are drawn.", n=MAX_POINTS))
        return notes

"""An equipment's live values: each cell changes when what it shows does."""

from __future__ import annotations

from dataclasses import dataclass

from api.console.elements import Tag, cell, empty_state, row, table
from api.console.formats import full_time
from api.console.session import Visit
from api.console.views.live import CONDITION, UNKNOWN, Condition, PointView, point_view, points_of
from plantroom.model import Equipment, Point

_CHIP = {
    Condition.OK: "soft small",
    Condition.OUTSIDE: "chip chip-wrong",
    Condition.BAD: "chip chip-wrong",
    Condition.STALE: "chip chip-unknown",
    Condition.NEVER: "chip chip-unknown",
}


@dataclass(slots=True)
class _Row:
    """A point's row and what it shows now."""

    line: Tag
    value: Tag
    state: Tag
    age: Tag
    note: Tag
    shown: PointView | None = None


class LiveTable:
    """Rows of points, brought up to date in place."""

    def __init__(self, visit: Visit, item: Equipment) -> None:
        self.visit = visit
        self.points: list[Point] = points_of(visit.context.table(), item.site, item.key)
        self.zone = visit.zone(item.site)
        t = visit.t
        if not self.points:
            empty_state(t("No points"), t("This equipment has maintenance plans only."))
            self.rows: list[_Row] = []
            return
        body = table(
            [t("Point"), ">" + t("Value"), t("State"), t("Normal range"), t("Age")],
            "table cards live",
            label=t("Live values"),
        )
        with body:
            self.rows = [self._row(point) for point in self.points]
        self.refresh()

    def _row(self, point: Point) -> _Row:
        t = self.visit.t
        view = point_view(t, point, None, 0)
        with row() as line:
            with cell(class_="point"):
                Tag("span", text=view.name, title=point.key)
                note = Tag("span", "under")
            with cell(class_="right"):
                value = Tag("span", "number strong")
            with cell():
                state = Tag("span")
            cell(view.normal, "number soft", t("Normal") if view.normal else None)
            with cell(class_="number soft end"):
                age = Tag("time")
        return _Row(line, value, state, age, note)

    def refresh(self) -> list[PointView]:
        """Show what is live now; the rows' views."""
        live, t, now = self.visit.context.live, self.visit.t, self.visit.now()
        views = [point_view(t, point, live.read(point.id), now) for point in self.points]
        for there, view in zip(self.rows, views, strict=True):
            if there.shown != view:
                self._show(there, view)
        return views

    def _show(self, there: _Row, view: PointView) -> None:
        t = self.visit.t
        before, there.shown = there.shown, view
        there.value.put_text(view.value)
        there.age.put_text(view.age)
        if before is None or before.ts != view.ts:
            there.age.put("title", full_time(view.ts, self.zone))
        if before is not None and (before.condition, before.note) == (view.condition, view.note):
            return
        there.line.put_classes(f"condition-{view.condition}")
        there.value.put_classes("number soft" if view.condition in UNKNOWN else "number strong")
        there.state.put_classes(_CHIP[view.condition])
        # good is what is to be expected: it takes no word
        there.state.put_text("" if view.condition is Condition.OK else t(CONDITION[view.condition]))
        said = view.condition in (Condition.OUTSIDE, Condition.NEVER)
        there.note.put_text("" if said else view.note)

"""An order's checklist: boxes to tick, and measured values with their limits."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy.orm import Session

from api.console.elements import Tag, button
from api.console.formats import plain_number, time_text, unit_text, with_unit
from api.console.forms import Field, check
from api.console.i18n import Translator
from api.console.page import attempt, say
from api.console.rows import Part
from api.console.session import Visit
from api.console.views.orders import OrderDetail, TaskView, within
from plantroom.stores.records import work_orders
from plantroom.stores.records.tables import WorkOrderRow
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos
from plantroom.work_orders import Role

Changed = Callable[[], Awaitable[object]]


class Checklist:
    """The lines of an order, each drawn again only when it changed."""

    def __init__(self, visit: Visit, order_id: int, site: str, changed: Changed) -> None:
        self.visit = visit
        self.order_id = order_id
        self.site = site
        self.changed = changed
        self._why_not = Part()
        self._box = Tag("div")
        self._lines: list[Part] = []

    def show(self, detail: OrderDetail, *, answerable: bool) -> None:
        """Show the lines; without `answerable` they can only be read."""
        t = self.visit.t
        why_not = "" if answerable else _why_not(t, detail)
        self._why_not.show(why_not, lambda: why_not and Tag("p", "small soft", why_not))
        with self._box:  # wherever this is called from
            while len(self._lines) < len(detail.tasks):
                self._lines.append(Part("task"))
        for index, (there, task) in enumerate(zip(self._lines, detail.tasks, strict=True)):
            there.show((task, answerable), partial(self._draw, index, task, answerable=answerable))

    def _draw(self, index: int, task: TaskView, *, answerable: bool) -> None:
        if task.unit is None and answerable:
            check(task.text, value=task.done, on_change=partial(self._ticked, index))
        else:
            Tag("span", "check-box", "✓" if task.done else "○", aria_hidden="true")
        Tag("span", text=task.text)
        with Tag("div", "task-answer"):
            if task.unit is not None:
                self._draw_measured(index, task, answerable=answerable)
            if task.done and task.by:
                t, zone = self.visit.t, self.visit.zone(self.site)
                when = time_text(task.at, zone, self.visit.now())
                Tag("span", "small soft", t("{name}, {time}", name=task.by, time=when))

    def _draw_measured(self, index: int, task: TaskView, *, answerable: bool) -> None:
        t, unit = self.visit.t, task.unit or ""
        Tag("span", "small soft", limits_text(t, task))
        if task.value is not None:
            value = with_unit(plain_number(task.value), unit)
            Tag("span", "chip chip-wrong" if task.outside else "chip", value)
            if task.outside:
                Tag("span", "small strong", t("outside its limits"))
        if answerable:
            field = Field(t("Measured, {unit}", unit=unit_text(unit) or "1"), max_length=20)
            button(t("Enter"), lambda: self._measured(index, task, field.text))

    async def _ticked(self, index: int, done: bool) -> None:
        await self._answer(index, done=done, value=None)

    async def _measured(self, index: int, task: TaskView, text: str) -> None:
        value = parse_measured(text)
        if value is None:
            say(self.visit.t("Enter a number."), error=True)
            return
        await self._answer(index, done=True, value=value)
        if not within(value, task.low, task.high):
            say(
                self.visit.t("Taken, but outside its limits: say in a comment what you did about it."),
                error=True,
            )

    async def _answer(self, index: int, *, done: bool, value: float | None) -> None:
        def run(session: Session, who: Identity, now: Nanos) -> WorkOrderRow:
            return work_orders.check_task(
                session, self.order_id, index, by=who.username, now=now, done=done, value=value
            )

        await attempt(self.visit, self.visit.change(Role.TECHNICIAN, run), "")
        await self.changed()


def _why_not(t: Translator, detail: OrderDetail) -> str:
    return (
        t("Your role may only read this.")
        if detail.open
        else t("The order is done: its checklist does not change.")
    )


def limits_text(t: Translator, task: TaskView) -> str:
    """The limits of a measured value; a sentence where it has none."""
    unit = task.unit or ""
    if task.low is not None and task.high is not None:
        return t(
            "Limits {low} to {high}",
            low=plain_number(task.low),
            high=with_unit(plain_number(task.high), unit),
        )
    if task.low is not None:
        return t("At least {low}", low=with_unit(plain_number(task.low), unit))
    if task.high is not None:
        return t("At most {high}", high=with_unit(plain_number(task.high), unit))
    return t("No limits")


def parse_measured(text: str) -> float | None:
    """The number that was typed, with a point or a comma; None where it is none."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None

"""An order's checklist: boxes to tick, and measured values with their limits."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

from sqlalchemy.orm import Session

from api.console.elements import Tag, button
from api.console.formats import plain_number, time_text, unit_text, with_unit
from api.console.forms import Field, check
from api.console.i18n import Translator
from api.console.page import attempt, say
from api.console.session import Visit
from api.console.views.orders import OrderDetail, TaskView, within
from plantroom.stores.records import work_orders
from plantroom.stores.records.tables import WorkOrderRow
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos
from plantroom.work_orders import Role

Changed = Callable[[], Awaitable[object]]


def draw_checklist(visit: Visit, detail: OrderDetail, changed: Changed, *, answerable: bool) -> None:
    """The lines in order; without `answerable` they can only be read."""
    with Tag("div", "panel-body"):
        if not answerable:
            Tag("p", "small soft", _why_not(visit, detail))
        for index, task in enumerate(detail.tasks):
            with Tag("div", "task"):
                if task.unit is None and answerable:
                    _tick_box(visit, detail, index, task, changed)
                else:
                    Tag("span", "check-box", "✓" if task.done else "○", aria_hidden="true")
                Tag("span", text=task.text)
                with Tag("div", "task-answer"):
                    _answer_line(visit, detail, index, task, changed, answerable=answerable)


def _tick_box(visit: Visit, detail: OrderDetail, index: int, task: TaskView, changed: Changed) -> None:
    async def ticked(done: bool) -> None:
        await answer(visit, detail.view.id, index, done=done, value=None, changed=changed)

    check(task.text, value=task.done, on_change=ticked)


def _why_not(visit: Visit, detail: OrderDetail) -> str:
    t = visit.t
    return (
        t("Your role may only read this.")
        if detail.open
        else t("The order is done: its checklist does not change.")
    )


def _answer_line(
    visit: Visit, detail: OrderDetail, index: int, task: TaskView, changed: Changed, *, answerable: bool
) -> None:
    t, zone = visit.t, visit.zone(detail.view.site)
    if task.unit is not None:
        Tag("span", "small soft", limits_text(t, task))
        if task.value is not None:
            value = with_unit(plain_number(task.value), task.unit)
            Tag("span", "chip chip-wrong" if task.outside else "chip", value)
            if task.outside:
                Tag("span", "small strong", t("outside its limits"))
        if answerable:
            field = Field(t("Measured, {unit}", unit=unit_text(task.unit) or "1"), max_length=20)

            async def measured() -> None:
                await _measured(visit, detail.view.id, index, task, text=field.text, changed=changed)

            button(t("Enter"), measured)
    if task.done and task.by:
        Tag(
            "span",
            "small soft",
            t("{name}, {time}", name=task.by, time=time_text(task.at, zone, visit.now())),
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


async def _measured(
    visit: Visit, order_id: int, index: int, task: TaskView, *, text: str, changed: Changed
) -> None:
    value = parse_measured(text)
    if value is None:
        say(visit.t("Enter a number."), error=True)
        return
    if not within(value, task.low, task.high):
        say(visit.t("Taken, but outside its limits: say in a comment what you did about it."), error=True)
    await answer(visit, order_id, index, done=True, value=value, changed=changed)


async def answer(
    visit: Visit, order_id: int, index: int, *, done: bool, value: float | None, changed: Changed
) -> None:
    """Answer one line."""

    def run(session: Session, who: Identity, now: Nanos) -> WorkOrderRow:
        return work_orders.check_task(
            session, order_id, index, by=who.username, now=now, done=done, value=value
        )

    await attempt(visit, visit.change(Role.TECHNICIAN, run), "")
    await changed()

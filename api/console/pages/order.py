"""One work order, whole."""

from __future__ import annotations

from dataclasses import replace

from api.console.elements import Tag, button, empty_state, equipment_address, facts, link, panel, when
from api.console.formats import date_time_text, due_text, full_time, time_text
from api.console.forms import Field
from api.console.i18n import N_
from api.console.layout import MINUTE_POLLS, Frame
from api.console.page import Page, lens_of
from api.console.pages import order_actions
from api.console.pages.checklist import Checklist
from api.console.pages.order_table import order_state, priority_label
from api.console.rows import Part
from api.console.views.clocks import ClockView, clock_view, moment_words
from api.console.views.orders import OrderDetail, may_tick, order_detail
from api.console.words import ORDER_HISTORY, ORDER_KIND, person, skill_word
from plantroom.errors import NotFoundError
from plantroom.work_orders import Role

_PROBLEM = {
    "cause": N_("Likely cause"),
    "consequence": N_("Consequence"),
    "remedy": N_("What to do"),
    "when": N_("Condition"),
    "source": N_("Source"),
    "missed": N_("Earlier due dates passed over"),
}
_OCCURRENCES = 20


class _Order:
    def __init__(self, made: Frame, found: OrderDetail) -> None:
        self.made = made
        self.id = found.view.id
        visit, t = made.visit, made.visit.t
        self.head = Part("page-head")
        with Tag("div", "columns"):
            with Tag("div"):
                self.problem = Part("stacked")
                _, head, body = panel(t("Checklist"))
                with head:
                    Tag("span", "space")
                    self.done = Tag("span", "small soft")
                with body, Tag("div", "panel-body"):
                    self.tasks = Checklist(visit, self.id, found.view.site, self.refresh)
                    if not found.tasks:
                        empty_state(t("No checklist"))
            with Tag("div"):
                self.clocks_panel, _, body = panel(t("Service level"))
                with body:
                    self.clocks = Part("panel-body")
                _, _, body = panel(t("Order"))
                with body:
                    self.facts = Part("panel-body")
                _, _, body = panel(t("History"))
                with body, Tag("div", "panel-body"):
                    if visit.may(Role.TECHNICIAN):
                        self._comment_form()
                    self.history = Part()
        self.show(found)

    def _comment_form(self) -> None:
        visit, t = self.made.visit, self.made.visit.t
        with Tag("div", "stack comment"):
            note = Field(t("Comment"), long=True)

            async def add() -> None:
                if await order_actions.comment(visit, self.id, note.text, self.refresh):
                    note.empty()

            with Tag("div", "actions"):
                button(t("Add comment"), add)

    async def refresh(self) -> None:
        """Read the order again.

        Raises: NotFoundError.
        """
        self.show(await load(self.made, self.id))

    def show(self, found: OrderDetail) -> None:
        """Show the order; only parts that differ are drawn again."""
        visit, t = self.made.visit, self.made.visit.t
        late = found.view.is_overdue(visit.now())
        done = sum(task.done for task in found.tasks)
        self.made.rename(f"#{self.id} {found.view.title}")
        self.head.show((found.view, found.actions, late, done), lambda: self._head(found))
        self.problem.show((found.problem, found.readings), lambda: self._problem(found))
        self.done.put_text(t("{n} of {m} done", n=done, m=len(found.tasks)) if found.tasks else "")
        self.tasks.show(found, answerable=may_tick(found, visit.identity.role))
        self.facts.show(replace(found, history=(), tasks=()), lambda: self._facts(found))
        views = [clock_view(t, clock, visit.context.levels.policy) for clock in found.view.clocks]
        self.clocks_panel.set_visibility(bool(views))
        self.clocks.show(views, lambda: self._clocks(found.view.site, views))
        self.history.show(found.history, lambda: self._history(found))

    def _head(self, found: OrderDetail) -> None:
        visit, t, view = self.made.visit, self.made.visit.t, found.view
        with Tag("nav", "trail", aria_label=t("Where this is")):
            link(t("Work orders"), "/orders")
            Tag("span", text=f" › #{view.id}")
        Tag("h1", text=view.title)
        priority_label(visit, view.priority)
        order_state(visit, view.state)
        if view.is_overdue(visit.now()):
            Tag("span", "chip chip-wrong", due_text(t, view.due_at, visit.now()))
        Tag("span", "space")
        with Tag("div", "actions", role="group", aria_label=t("What can be done")):
            order_actions.buttons(visit, found, self.refresh)

    def _problem(self, found: OrderDetail) -> None:
        t = self.made.visit.t
        if found.problem:
            _, _, body = panel(t("Problem"))
            with body, Tag("div", "panel-body"):
                facts([(t(_PROBLEM.get(key, key)), text) for key, text in found.problem])
        if found.readings:
            _, _, body = panel(t("Readings when the fault was found"))
            with body, Tag("div", "panel-body"):
                facts(list(found.readings))

    def _clocks(self, site: str, views: list[ClockView]) -> None:
        t, zone = self.made.visit.t, self.made.visit.zone(site)
        with Tag("dl", "facts"):
            for view in views:
                Tag("dt", text=view.name)
                with Tag("dd"):
                    Tag("span", f"chip {view.sign}".strip() if view.sign else "strong", view.words)
                    agreed = t("within {span}", span=view.within)
                    due = f" · {date_time_text(view.due_at, zone)}" if view.due_at is not None else ""
                    Tag("p", "small soft", agreed + due, title=full_time(view.due_at, zone) or None)
                    if view.reason:
                        Tag("p", "small", view.reason)

    def _facts(self, found: OrderDetail) -> None:
        visit, t, view = self.made.visit, self.made.visit.t, found.view
        zone = visit.zone(view.site)
        if view.equipment:
            with Tag("p"):
                link(view.equipment_name, equipment_address(view.site, view.equipment), "strong")
        facts(
            [
                (t("Site"), visit.site_name(view.site)),
                (t("Kind"), t(ORDER_KIND[view.kind])),
                (t("Major fault"), t("yes") if found.major else ""),
                (t("Skill"), skill_word(t, view.skill)),
                (t("Assigned to"), view.assignee or t("nobody yet")),
                when(t("Due"), view.due_at, zone),
                when(t("Opened"), view.opened_at, zone),
                (t("Opened by"), person(t, found.opened_by)),
                when(t("Started"), found.started_at, zone),
                when(t("Completed"), found.completed_at, zone),
                when(t("Ended"), found.closed_at, zone),
                (t("Occurrences"), str(len(found.occurrences))),
            ]
        )
        if len(found.occurrences) > 1:
            with Tag("details"):
                Tag("summary", "summary", t("When it occurred"))
                with Tag("ul", "history"):
                    for ts in found.occurrences[-_OCCURRENCES:]:
                        Tag("li", "number", full_time(ts, zone)).style("display: block")

    def _history(self, found: OrderDetail) -> None:
        visit, t = self.made.visit, self.made.visit.t
        zone, now = visit.zone(found.view.site), visit.now()
        with Tag("ul", "history"):
            for line in found.history:
                with Tag("li"):
                    title = full_time(line.at, zone)
                    Tag("time", "number soft small", time_text(line.at, zone, now), title=title)
                    with Tag("div"):
                        Tag("span", "strong", t(ORDER_HISTORY.get(line.action, line.action)))
                        Tag("span", "soft", " " + t("by {name}", name=person(t, line.by)))
                        about = ". ".join(text for text in (line.reason, moment_words(t, line.key)) if text)
                        if about:
                            Tag("p", "soft", about)
                        if line.note and line.action != "recur":  # the action says it all
                            Tag("p", "prose", line.note)


async def load(made: Frame, order_id: int) -> OrderDetail:
    """The order as the visitor sees it now.

    Raises: NotFoundError, StoreError.
    """
    lens = lens_of(made.visit)
    return await made.visit.read(lambda session: order_detail(session, lens, order_id))


async def build(made: Frame) -> None:
    """Draw the page.

    Raises: NotFoundError.
    """
    wanted = made.visit.params.get("id", "")
    if not (wanted.isascii() and wanted.isdecimal() and len(wanted) < 18):
        raise NotFoundError(f"no work order {wanted}")
    page = _Order(made, await load(made, int(wanted)))
    made.on_records.append(page.refresh)
    made.on_slow(MINUTE_POLLS, page.refresh)


PAGE = Page("/orders/{id}", N_("Work order"), build)

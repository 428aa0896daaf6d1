"""The people who do the work: who is there, what they can do, what runs out."""

from __future__ import annotations

from api.console.elements import Tag, button, cell, panel
from api.console.i18n import N_, Translator
from api.console.layout import MINUTE_POLLS, Frame
from api.console.page import Page, lens_of
from api.console.pages import people_actions
from api.console.rows import Listing
from api.console.views.people import DutyView, PaperView, TechnicianView, load_people
from plantroom.work_orders import Role


class _People:
    def __init__(self, made: Frame) -> None:
        self.made = made
        visit, t = made.visit, made.visit.t
        with Tag("div", "page-head"):
            Tag("h1", text=t("People"))
            Tag("span", "space")
            if visit.may(Role.ENGINEER):
                with Tag("div", "actions", role="group", aria_label=t("What can be done")):
                    button(t("Add technician"), lambda: people_actions.ask_technician(visit, self.refresh))
                    button(t("Add certificate"), lambda: people_actions.ask_certificate(visit, self.refresh))
                    button(t("Add shift"), lambda: people_actions.ask_shift(visit, self.refresh))
                    button(t("Add on-call duty"), lambda: people_actions.ask_duty(visit, self.refresh))
        with Tag("div", "stacked"):
            self._panels()

    def _panels(self) -> None:
        t = self.made.visit.t
        _, _, body = panel(t("On duty now"))
        with body:
            self.duty: Listing[DutyView] = Listing(
                [t("Team"), t("On shift"), t("On call")],
                label=t("On duty now"),
                key=lambda item: item.team,
                draw=self._duty,
                empty=(t("No team"), ""),
            )
        _, _, body = panel(t("Technicians"))
        with body:
            self.technicians: Listing[TechnicianView] = Listing(
                [
                    t("Name"),
                    t("Team"),
                    t("Skills"),
                    t("Now"),
                    t("Open orders"),
                    t("Certificates"),
                    t("Training"),
                ],
                label=t("Technicians"),
                key=lambda item: item.username,
                draw=self._technician,
                empty=(
                    t("No technician is entered"),
                    t("Orders can be assigned, but nobody can be proposed and nobody is on call."),
                ),
            )

    async def refresh(self) -> None:
        """Read everything again."""
        lens = lens_of(self.made.visit)
        found = await self.made.visit.read(lambda session: load_people(session, lens))
        self.duty.show(found.duty)
        self.technicians.show(found.technicians)

    def _duty(self, item: DutyView) -> None:
        t = self.made.visit.t
        cell(item.team, "strong")
        for names, label in ((item.on_shift, t("On shift")), (item.on_call, t("On call"))):
            cell(", ".join(names) or "—", "" if names else "soft", label=label)

    def _technician(self, item: TechnicianView) -> None:
        t = self.made.visit.t
        with cell(class_="full"):
            Tag("span", "strong nowrap", item.name)
            if item.name != item.username:
                Tag("span", "under", item.username)
        cell(item.team or "—", label=t("Team"))
        cell(", ".join(item.skills) or "—", label=t("Skills"))
        cell(item.presence, "" if item.here else "soft", label=t("Now"))
        with cell(label=t("Open orders")):
            Tag("span", "number", str(item.load.orders))
            if item.load.urgent:
                Tag("span", "under", t("{n} urgent", n=item.load.urgent))
        for papers, label in ((item.certificates, t("Certificates")), (item.training, t("Training"))):
            with cell(label=label if papers else None):
                for paper in papers:
                    self._paper(paper)

    def _paper(self, paper: PaperView) -> None:
        sign = "chip chip-wrong" if paper.over else "chip chip-loud" if paper.soon else "soft small"
        with Tag("div", "paper"):
            Tag("span", text=paper.name)
            if paper.until is not None:
                Tag("span", f"{sign} nowrap", self._until(paper))

    def _until(self, paper: PaperView) -> str:
        t = self.made.visit.t
        if paper.due:
            return t("was due {date}", date=paper.until) if paper.over else t("due {date}", date=paper.until)
        return t("ended {date}", date=paper.until) if paper.over else t("until {date}", date=paper.until)


def _columns(t: Translator) -> list[str]:
    names = [t("Name"), t("Team"), t("Skills"), t("Now"), t("Open orders")]
    return [*names, t("Certificates"), t("Training")]


async def build(made: Frame) -> None:
    """Draw the page."""
    page = _People(made)
    await page.refresh()
    made.on_records.append(page.refresh)
    made.on_slow(MINUTE_POLLS, page.refresh)


PAGE = Page("/people", N_("People"), build, Role.TECHNICIAN)

"""Messages that could not be taken, and why."""

from __future__ import annotations

from api.console.elements import Tag, cell, time_label
from api.console.formats import number_text, size_text
from api.console.i18n import N_
from api.console.layout import Frame
from api.console.page import Page
from api.console.pages.filter_bar import FilterBar, Pager
from api.console.rows import Listing
from api.console.views.quarantine import QuarantinedView, quarantine_page
from plantroom.stores.records.quarantine import count_by_reason
from plantroom.work_orders import Role

_EVERY = 10


class _Quarantine:
    def __init__(self, made: Frame, counts: dict[str, int]) -> None:
        self.made = made
        visit, t = made.visit, made.visit.t
        with Tag("div", "page-head"):
            Tag("h1", text=t("Quarantine"))
            Tag(
                "p",
                "soft",
                t("Messages that could not be taken. The newest are kept; nothing here was stored."),
            )
        with Tag("section", "panel", aria_label=t("Quarantine")):
            self.bar = FilterBar(
                visit, "/quarantine", {"reason": set(counts), "q": None, "cursor": None}, self.refresh
            )
            total = number_text(sum(counts.values()), 0)
            reasons = {reason: f"{reason} ({number_text(count, 0)})" for reason, count in counts.items()}
            self.bar.choice("reason", t("Reason"), {"": t("All reasons ({n})", n=total), **reasons})
            self.bar.text()
            self.listing: Listing[QuarantinedView] = Listing(
                [
                    t("Received, {zone}", zone=visit.common_zone().key),
                    t("Reason"),
                    t("Topic and message"),
                    ">" + t("Size"),
                ],
                label=t("Messages in quarantine"),
                key=lambda view: view.id,
                draw=self._draw,
                empty=(t("Nothing in quarantine"), t("Every message could be taken.")),
            )
            self.pager = Pager(self.bar)

    async def refresh(self) -> None:
        """Read the list again."""
        filters, visit, t = self.bar.filters, self.made.visit, self.made.visit.t
        found, _ = await visit.read(lambda session: quarantine_page(session, filters))
        if filters.narrowed:
            self.listing.say(t("No message matches the filters"))
        self.listing.show(found.rows)
        self.pager.show(shown=len(found.rows), total=found.total, next_cursor=found.next_cursor)

    def _draw(self, view: QuarantinedView) -> None:
        visit, t = self.made.visit, self.made.visit.t
        with cell(class_="nowrap"):
            time_label(view.received_at, visit.common_zone(), visit.now())
        with cell():
            Tag("span", "chip", view.reason)
        with cell(class_="full"):
            Tag("span", "strong", view.topic)
            Tag("span", "under", view.message)
            with Tag("details"):
                Tag("summary", "summary", t("Content"))
                Tag("pre", "raw", view.head or t("(empty)"))
                if view.cut:
                    Tag("p", "small soft", t("Cut: only the beginning is kept."))
        cell(size_text(view.size), "right number", t("Size"))


async def build(made: Frame) -> None:
    """Draw the page."""
    page = _Quarantine(made, await made.visit.read(count_by_reason))
    await page.refresh()
    if not page.bar.filters.cursor:
        made.on_slow(_EVERY, page.refresh)


PAGE = Page("/quarantine", N_("Quarantine"), build, role=Role.ENGINEER)

"""The lists on the page of the alarm system's figures."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from api.console.elements import Tag, cell, equipment_address, link
from api.console.formats import full_time, number_text, span_text, time_text
from api.console.rows import Listing
from api.console.session import Visit
from api.console.views.alarm_figures import RATING, AlarmLabel, ClassRow, FigureRow, ShareRow, share_text
from plantroom.alarm_patterns import Chatter, Flood, Offender
from plantroom.alarm_targets import Rating
from plantroom.times import Nanos

_CHIP = {
    Rating.MET: "chip",
    Rating.MANAGEABLE: "chip",
    Rating.NOT_MET: "chip chip-wrong",
    Rating.NOT_ENOUGH_DATA: "chip chip-soft",
    Rating.NO_TARGET: "chip chip-soft",
}
StaleRow = tuple[AlarmLabel, Nanos, str]
"""The alarm, since when it stands, and for how long in words."""


class Lists:
    """Each list of the page; `zone` gives the zone of what the page shows now."""

    def __init__(self, visit: Visit, zone: Callable[[], ZoneInfo]) -> None:
        self.visit = visit
        self.zone = zone

    def figures(self) -> Listing[FigureRow]:
        """The figures beside their targets."""
        t = self.visit.t

        def draw(row: FigureRow) -> None:
            with cell(class_="full"):
                Tag("span", "strong", row.name)
                if row.hint:
                    Tag("span", "under", row.hint)
            cell(row.value, "number figure-value")
            cell(row.target, "soft grow", t("Target"))
            with cell():
                self._rating(row.rating)

        columns = [t("Figure"), t("Value"), t("Target"), t("Rating")]
        label = t("Figures and targets")
        return Listing(columns, label=label, key=lambda row: row.key, draw=draw, empty=(t("None"), ""))

    def shares(self) -> Listing[ShareRow]:
        """The priorities' shares of the alarms raised and configured."""
        t = self.visit.t

        def draw(row: ShareRow) -> None:
            cell(row.name, "strong grow")
            cell(row.target, "number soft", t("Target"))
            for name, text, rating in (
                (t("Alarms raised"), row.raised, row.raised_rating),
                (t("Rules configured"), row.configured, row.configured_rating),
            ):
                with cell(class_="full", label=name):
                    Tag("span", "number", f"{text} ")
                    self._rating(rating)

        columns = [t("Priority"), t("Target"), t("Alarms raised"), t("Rules configured")]
        return Listing(
            columns, label=t("Priorities"), key=lambda row: row.band, draw=draw, empty=(t("None"), "")
        )

    def classes(self) -> Listing[ClassRow]:
        """The 10-min periods by how many alarms they had."""
        t = self.visit.t

        def draw(row: ClassRow) -> None:
            cell(row.name, "nowrap share-name")
            cell(number_text(row.periods, 0), "number share-count")
            with cell(class_="grow"), Tag("div", "share"):
                Tag("span", "number", share_text(row.share))
                with Tag("span", "share-bar", aria_hidden="true"):
                    Tag("span", "over" if row.over else "").style(f"width: {100 * row.share:.1f}%")

        columns = [t("Alarms"), t("Periods"), t("Share")]
        label = t("10-min periods by their alarms")
        return Listing(columns, label=label, key=lambda row: row.name, draw=draw, empty=(t("None"), ""))

    def top(self) -> Listing[tuple[Offender, AlarmLabel]]:
        """The ten most frequent alarms."""
        t = self.visit.t

        def draw(item: tuple[Offender, AlarmLabel]) -> None:
            offender, label = item
            with cell(class_="full"):
                self._alarm(label)
            with cell(class_="full"):
                self._equipment(label)
            cell(number_text(offender.count, 0), "number", t("Times"))
            cell(share_text(offender.share), "number", t("Share"))

        return Listing(
            [t("Alarm"), t("Equipment"), t("Times"), t("Share")],
            label=t("Ten most frequent"),
            key=lambda item: item[1].id,
            draw=draw,
            empty=(t("No alarm was announced in this period"), ""),
        )

    def floods(self) -> Listing[Flood]:
        """The floods, the newest first."""
        t = self.visit.t

        def draw(flood: Flood) -> None:
            zone = self.zone()
            start = time_text(flood.start, zone, self.visit.now())
            with cell(class_="grow"):
                Tag("time", "number", start, title=full_time(flood.start, zone))
            with cell(label=t("Lasted")):
                if flood.end is None:
                    Tag("span", "chip chip-wrong", t("still lasts"))
                else:
                    Tag("span", "number", span_text(t, flood.end - flood.start))
            cell(number_text(flood.count, 0), "number", t("Alarms"))
            cell(number_text(flood.peak, 0), "number", t("Most in 10 min"))

        return Listing(
            [t("Began"), t("Lasted"), t("Alarms"), t("Most in 10 min")],
            label=t("Floods"),
            key=lambda flood: flood.start,
            draw=draw,
            empty=(t("No flood in this period"), t("More than 10 alarms in 10 min would be one.")),
        )

    def stale(self) -> Listing[StaleRow]:
        """The alarms that stand too long, the longest first."""
        t = self.visit.t

        def draw(item: StaleRow) -> None:
            label, since, span = item
            self._under(label)
            cell(span, "number", t("For"), title=full_time(since, self.zone()))

        return Listing(
            [t("Alarm"), t("For")],
            label=t("Stale alarms now"),
            key=lambda item: item[0].id,
            draw=draw,
            empty=(t("No alarm stands for more than 24 h"), ""),
        )

    def chattering(self) -> Listing[tuple[Chatter, AlarmLabel]]:
        """The alarms that chattered, the worst first."""
        t = self.visit.t

        def draw(item: tuple[Chatter, AlarmLabel]) -> None:
            chatter, label = item
            zone = self.zone()
            self._under(label)
            cell(number_text(chatter.times, 0), "number", t("Times"))
            last = time_text(chatter.last, zone, self.visit.now())
            cell(last, "number", t("Last"), title=full_time(chatter.last, zone))

        return Listing(
            [t("Alarm"), t("Times"), t("Last")],
            label=t("Chattering alarms"),
            key=lambda item: item[1].id,
            draw=draw,
            empty=(t("No alarm came 3 times within 1 min"), ""),
        )

    def _under(self, label: AlarmLabel) -> None:
        with cell(class_="full"):
            self._alarm(label)
            with Tag("span", "under"):
                self._equipment(label)

    def _alarm(self, label: AlarmLabel) -> None:
        link(self.visit.t.text(label.rule), f"/alarms?alarm={label.id}", "strong")

    def _equipment(self, label: AlarmLabel) -> None:
        visit = self.visit
        link(visit.t.text(label.equipment_name), equipment_address(label.site, label.equipment))
        if len(visit.sites) > 1:
            Tag("span", "soft", f" · {visit.site_name(label.site)}")

    def _rating(self, rating: Rating) -> None:
        Tag("span", _CHIP[rating], self.visit.t(RATING[rating]))

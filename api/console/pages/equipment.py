"""One equipment: live values, trend, alarms, orders, plan, rules, nameplate."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.console.elements import Tag, cell, facts, link, panel, severity_label
from api.console.i18n import N_
from api.console.layout import Frame
from api.console.page import Page, lens_of
from api.console.pages.alarm_table import AlarmTable
from api.console.pages.live_table import LiveTable
from api.console.pages.maintenance_mode import ModeBox
from api.console.pages.order_table import OrderTable
from api.console.pages.plans import PlanTable
from api.console.pages.trend import Trend
from api.console.rows import Listing
from api.console.views.alarms import AlarmView, Lens, alarm_views
from api.console.views.equipment import load_places, nameplate, parameters, place_names, rule_rows
from api.console.views.live import UNKNOWN, PointView, points_of
from api.console.views.maintenance_modes import load_mode
from api.console.views.orders import OrderView, order_views
from api.console.views.plans import PlanView, load_plans
from api.console.views.standing import STANDING_STATES
from api.console.words import CRITICALITY, RULE_STATE
from plantroom.alarms import AlarmState, Severity
from plantroom.errors import NotFoundError
from plantroom.model import Equipment
from plantroom.stores.records import alarms
from plantroom.stores.records.tables import AlarmRow, WorkOrderRow
from plantroom.times import MINUTE

SHOWN = 8
_RULE_CHIP = {"active": "chip chip-loud", "pending": "chip chip-wrong", "unknown": "chip chip-unknown"}
RuleRow = tuple[str, str, Severity, str]


class _Equipment:
    def __init__(self, made: Frame, item: Equipment) -> None:
        self.made = made
        self.item = item
        self.version = -1

    async def draw(self) -> None:
        """Draw the page."""
        visit, t = self.made.visit, self.made.visit.t
        spaces = await visit.shared("places", load_places, max_age=MINUTE)
        self._head(place_names(t, spaces).get((self.item.site, self.item.space or ""), ""))
        with Tag("div", "columns"):
            with Tag("div"):
                _, head, body = panel(t("Live values"))
                with head:
                    Tag("span", "space")
                    self.unknown = Tag("span", "small")
                with body:
                    self.live = LiveTable(visit, self.item)
                points = points_of(visit.context.table(), self.item.site, self.item.key)
                _, head, body = panel(t("Trend"))
                fault = await visit.read(lambda session: fault_points(session, self.item.id))
                self.trend = Trend(self.made, self.item, points, fault, body=body, head=head)
                self._plate()
            with Tag("div"):
                self._lists()
        await self.refresh()
        await self.trend.draw()
        self._count(self.live.refresh())

    def _head(self, place: str) -> None:
        visit, t, item = self.made.visit, self.made.visit.t, self.item
        with Tag("div", "page-head"):
            with Tag("nav", "trail", aria_label=t("Where this is")):
                link(t("Equipment"), "/equipment")
                Tag("span", text=" › ")
                link(visit.site_name(item.site), f"/equipment?site={item.site}")
            Tag("h1", text=t.text(item.name))
            if item.retired_at is not None:
                Tag("span", "chip chip-soft", t("Retired"))
            Tag("span", "soft", " · ".join(part for part in (place, item.location) if part))
            Tag("span", "space")
            Tag(
                "span",
                "chip",
                t("Criticality {letter}", letter=item.criticality.value),
                title=t(CRITICALITY[item.criticality]),
            )
        self.mode = ModeBox(visit, item, self.refresh)

    def _lists(self) -> None:
        visit, t = self.made.visit, self.made.visit.t
        _, _, body = panel(t("Alarms"))
        with body:
            self.alarms = AlarmTable(visit, self.refresh, equipment=False)
            self.alarms.listing.say(t("Never raised an alarm"))
        _, head, body = panel(t("Work orders"))
        with head:
            Tag("span", "space")
            link(t("All of this equipment"), f"/orders?state=all&sort=newest&q={self.item.key}")
        with body:
            self.orders = OrderTable(visit, equipment=False, brief=True)
            self.orders.listing.say(t("No work order yet"))
        _, _, body = panel(t("Maintenance plan"))
        with body:
            self.plans = PlanTable(visit, equipment=False)
        _, _, body = panel(t("Fault rules"))
        with body:
            self.rules: Listing[RuleRow] = Listing(
                [t("Rule"), t("State"), t("Severity")],
                label=t("Fault rules"),
                key=lambda rule: rule[0],
                draw=self._draw_rule,
                empty=(t("No rule is pending, active or unknown"), ""),
            )
            with Tag("details") as self.quiet:
                self.normal_count = Tag("summary", "summary")
                self.normal: Listing[RuleRow] = Listing(
                    [t("Rule"), t("State"), t("Severity")],
                    label=t("Rules in their normal state"),
                    key=lambda rule: rule[0],
                    draw=self._draw_rule,
                    empty=(t("None"), ""),
                )

    def _plate(self) -> None:
        visit, t = self.made.visit, self.made.visit.t
        catalogue = visit.context.catalogue
        _, _, body = panel(t("Nameplate"))
        with body, Tag("div", "panel-body"):
            facts(nameplate(t, self.item, catalogue))
        found = parameters(t, self.item, catalogue)
        if found:
            _, _, body = panel(t("Parameters"))
            with body, Tag("div", "panel-body"), Tag("dl", "facts-two"):
                for name, value, default in found:
                    with Tag("div"):
                        Tag("dt", text=name)
                        # what was set for this equipment stands out from what its class says
                        Tag(
                            "dd",
                            "soft" if default else "strong",
                            value,
                            title=t("default") if default else None,
                        )

    def _draw_rule(self, rule: RuleRow) -> None:
        t = self.made.visit.t
        _, name, severity, state = rule
        cell(name, "grow")
        with cell():
            Tag("span", _RULE_CHIP.get(state, "soft"), t(RULE_STATE.get(state, state)))
        with cell():
            severity_label(t, severity)

    async def refresh(self) -> None:
        """Read alarms, orders and plans again."""
        visit, lens, item = self.made.visit, lens_of(self.made.visit), self.item
        alarms_, orders, plans = await visit.read(lambda session: _lists(session, lens, item))
        self.mode.show(await visit.read(lambda session: load_mode(session, visit.t, item.id)))
        self.alarms.show(alarms_)
        self.orders.show(orders)
        self.plans.show(plans)
        self.refresh_rules()

    def refresh_rules(self) -> None:
        """Show what the rules think now."""
        context, t = self.made.visit.context, self.made.visit.t
        rows = rule_rows(t, self.item, context.catalogue, context.rule_states(self.item.id))
        quiet = [row for row in rows if row[3] == "normal"]
        self.rules.show([row for row in rows if row[3] != "normal"])
        self.normal.show(quiet)
        self.quiet.set_visibility(bool(quiet))
        self.normal_count.put_text(t.ngettext("{n} rule normal", "{n} rules normal", len(quiet)))

    def tick(self) -> None:
        """Bring live values up to date: at once when one changed, their ages once a second."""
        version = self.made.visit.context.live.version
        if version != self.version or self.made.ticks % 2 == 0:
            self.version = version
            self._count(self.live.refresh())
        if self.made.ticks % 2 == 0:
            self.refresh_rules()

    def _count(self, views: list[PointView]) -> None:
        t = self.made.visit.t
        n = sum(view.condition in UNKNOWN for view in views)
        self.unknown.put_text(t("{n} of {m} points unknown", n=n, m=len(views)) if n else "")
        self.unknown.put_classes("chip chip-unknown" if n else "small")


def _lists(
    session: Session, lens: Lens, item: Equipment
) -> tuple[list[AlarmView], list[OrderView], list[PlanView]]:
    """The alarms that ever were raised, standing ones first, the newest orders, and every plan."""
    rows = session.scalars(alarms.query().where(AlarmRow.equipment_id == item.id)).all()
    views = alarm_views(session, lens, [row for row in rows if row.occurrences])
    views.sort(key=lambda view: (view.state is AlarmState.NORMAL, -view.severity, -(view.raised_ts or 0)))
    query = select(WorkOrderRow).where(WorkOrderRow.equipment_id == item.id).order_by(WorkOrderRow.id.desc())
    orders = order_views(session, lens, list(session.scalars(query.limit(SHOWN))))
    return views, orders, load_plans(session, lens, item.id)


def fault_points(session: Session, equipment_id: int) -> list[str]:
    """The points of the equipment's worst standing alarm: what its trend should show first."""
    row = session.scalars(
        alarms.query()
        .where(AlarmRow.equipment_id == equipment_id, AlarmRow.state.in_(STANDING_STATES))
        .order_by(AlarmRow.severity.desc(), AlarmRow.raised_ts.desc())
        .limit(1)
    ).first()
    return [] if row is None else list(row.readings)


async def build(made: Frame) -> None:
    """Draw the page.

    Raises: NotFoundError.
    """
    visit = made.visit
    path = f"{visit.params.get('site', '')}/{visit.params.get('key', '')}"
    item = visit.context.table().equipment_by_path.get(path)
    if item is None:
        raise NotFoundError(f"no equipment {path}")
    made.rename(visit.t.text(item.name))
    page = _Equipment(made, item)
    await page.draw()
    made.on_tick.append(page.tick)
    made.on_records.append(page.refresh)
    made.on_slow(2, page.trend.follow)


PAGE = Page("/equipment/{site}/{key}", N_("Equipment"), build)

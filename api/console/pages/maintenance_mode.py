"""Maintenance mode on an equipment's page: that it runs, and the forms that set and end it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy.orm import Session

from api.console.elements import Tag, button
from api.console.formats import ago_text, date_time_text, full_time
from api.console.forms import Ask, select
from api.console.page import attempt
from api.console.rows import Part
from api.console.session import Visit
from api.console.views.equipment import load_places, place_names
from api.console.views.maintenance_modes import LASTS, ModeView, is_exempt, stays_in_service
from api.console.words import person
from plantroom.model import Equipment
from plantroom.stores.records import maintenance_modes
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos, parse_duration
from plantroom.work_orders import Role

MODE_ROLE = Role.ENGINEER
Changed = Callable[[], Awaitable[object]]


class ModeBox:
    """Says that the equipment is in maintenance, and lets engineers end it."""

    def __init__(self, visit: Visit, item: Equipment, changed: Changed) -> None:
        self.visit = visit
        self.item = item
        self.changed = changed
        self.part = Part("above")

    def show(self, mode: ModeView | None) -> None:
        """Show the mode, or a way to set one."""
        when = None if mode is None else ago_text(self.visit.t, mode.until, self.visit.now())
        self.part.show((mode, when), lambda: self._draw(mode))

    def _draw(self, mode: ModeView | None) -> None:
        if mode is not None:
            self._draw_mode(mode)
        elif self.visit.may(MODE_ROLE) and self.item.retired_at is None:
            word = self.visit.t("Set maintenance mode")
            button(word, self._ask, "button-small")

    def _draw_mode(self, mode: ModeView) -> None:
        visit, t, zone = self.visit, self.visit.t, self.visit.zone(self.item.site)
        with Tag("div", "notice mode-notice", role="status"):
            with Tag("div"):
                Tag("span", "chip chip-loud", t("In maintenance"))
                Tag("span", "strong", f" {mode.of}: {mode.reason}")
                until = date_time_text(mode.until, zone)[:16]
                when = ago_text(t, mode.until, visit.now())
                text = t(
                    "Until {until} ({when}), set by {name}. Its alarms are out of service; those of life "
                    "safety stay in service.",
                    until=until,
                    when=when,
                    name=person(t, mode.by),
                )
                Tag("p", "small soft", text, title=full_time(mode.until, zone))
            if visit.may(MODE_ROLE):
                button(t("End maintenance"), lambda: self._end(mode), "button-small")

    async def _end(self, mode: ModeView) -> None:
        def run(session: Session, who: Identity, now: Nanos) -> None:
            maintenance_modes.end(session, mode.id, by=who.username, now=now)

        done = self.visit.t("Maintenance has ended; its alarms are back in service.")
        await attempt(self.visit, self.visit.change(MODE_ROLE, run), done)
        await self.changed()

    async def _ask(self) -> None:
        visit, t, item = self.visit, self.visit.t, self.item
        explanation = t(
            "Alarms go out of service: they are followed, nobody is told, and they open no work orders. "
            "It ends by itself. Alarms of life safety and of fire protection stay in service."
        )
        ask = Ask(t, t("Set maintenance mode: {name}", name=t.text(item.name)), explanation)
        chosen = {"of": "equipment", "lasts": "2h"}
        places = {"equipment": t("This equipment and its parts")}
        if item.space is not None:
            places["space"] = t("All equipment of its space: {space}", space=await self._space_name())
        with ask.body:
            if is_exempt(visit.context.catalogue, item):
                Tag("p", "notice", t("This is fire protection: its own alarms stay in service."))
            select(t("What"), places, chosen["of"], lambda value: chosen.update(of=value))
            lasts = {key: t(name) for key, name in LASTS.items()}
            select(t("For how long"), lasts, chosen["lasts"], lambda value: chosen.update(lasts=value))
        reason = ask.add(t("Reason"), needed=True, long=True)

        async def go() -> bool:
            whole = chosen["of"] == "space"
            begun = self._begin(reason.text, parse_duration(chosen["lasts"]), space=whole)
            done = await attempt(visit, begun, t("In maintenance."))
            await self.changed()
            return done

        ask.open(t("Set maintenance mode"), go)

    async def _space_name(self) -> str:
        spaces = await self.visit.read(load_places)
        return place_names(self.visit.t, spaces).get((self.item.site, self.item.space or ""), "")

    async def _begin(self, reason: str, lasts: Nanos, *, space: bool) -> None:
        item, catalogue = self.item, self.visit.context.catalogue

        def run(session: Session, who: Identity, now: Nanos) -> None:
            maintenance_modes.begin(
                session,
                site=item.site,
                equipment=None if space else item.key,
                space=item.space if space else None,
                until=now + lasts,
                reason=reason,
                by=who.username,
                now=now,
                exempt=lambda row: stays_in_service(catalogue, row),
            )

        await self.visit.change(MODE_ROLE, run)

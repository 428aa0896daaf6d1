"""The form that adopts a discovered device: a class, an equipment, and the point of each value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy.orm import Session

from api.console.elements import Tag, notice
from api.console.forms import Ask, select
from api.console.page import attempt
from api.console.rows import Part
from api.console.session import Visit
from api.console.views.discovered import DeviceView, equipment_of, proposal
from plantroom.discovery import Target
from plantroom.errors import ConflictError
from plantroom.stores.records import discovered
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos
from plantroom.work_orders import Role

_MOST_FIELDS = 60
Changed = Callable[[], Awaitable[object]]


class AdoptForm:
    """Proposes a class and its points; what is proposed may be changed before it is adopted."""

    def __init__(self, visit: Visit, view: DeviceView, changed: Changed) -> None:
        self.visit = visit
        self.view = view
        self.changed = changed
        made = proposal(view, visit.context.catalogue)
        self.equipment_class = made.equipment_class or next(iter(visit.context.catalogue)).key
        self.equipment = ""
        self.points = dict(made.points)

    def ask(self) -> None:
        """Open the form."""
        visit, t = self.visit, self.visit.t
        explanation = t("Its values become those of equipment that is known. What is proposed is a guess.")
        ask = Ask(t, t("Adopt: {name}", name=self.view.name), explanation)
        classes = {cls.key: t.text(cls.name) for cls in visit.context.catalogue}
        with ask.body:
            select(t("Equipment class"), classes, self.equipment_class, self._take_class)
            self.part = Part("stack")
        self._show()

        async def go() -> bool:
            done = await attempt(visit, self._adopt(), t("Adopted; its values arrive within seconds."))
            await self.changed()
            return done

        ask.open(t("Adopt"), go)

    def _take_class(self, key: str) -> None:
        self.equipment_class = key
        self.points = dict(proposal(self.view, self.visit.context.catalogue, key).points)
        self._show()

    def _show(self) -> None:
        known = equipment_of(self.visit.context.table(), self.view.site, self.equipment_class)
        self.equipment = known[0] if known else ""
        self.part.show((self.equipment_class, tuple(known)), lambda: self._draw(known))

    def _draw(self, known: list[str]) -> None:
        t = self.visit.t
        if not known:
            notice(t("There is no equipment of this class at the site; add it to the site file first."))
            return
        select(t("Equipment"), {key: key for key in known}, self.equipment, self._take_equipment)
        spec = self.visit.context.catalogue[self.equipment_class]
        options = {"": t("not used")} | {
            point.key: f"{t.text(point.name)} ({point.unit})" if point.unit else t.text(point.name)
            for point in spec.points
        }
        for item in self.view.fields[:_MOST_FIELDS]:
            label = f"{item.name} ({item.unit})" if item.unit else item.name
            select(label, options, self.points.get(item.name, ""), self._taker(item.name))
        if len(self.view.fields) > _MOST_FIELDS:
            Tag("p", "small soft", t("It has more values than this form shows; the API takes all of them."))

    def _take_equipment(self, key: str) -> None:
        self.equipment = key

    def _taker(self, field: str) -> Callable[[str], None]:
        def take(point: str) -> None:
            self.points.pop(field, None)
            if point:
                self.points[field] = point

        return take

    async def _adopt(self) -> None:
        visit = self.visit
        if not self.equipment or not self.points:
            raise ConflictError(visit.t("Choose an equipment, and the point of one value at least."))
        targets = {field: Target(self.equipment, point) for field, point in self.points.items()}

        def run(session: Session, who: Identity, now: Nanos) -> None:
            table = visit.context.table()
            discovered.adopt(session, self.view.id, targets, table=table, by=who.username, now=now)

        await visit.change(Role.ENGINEER, run)

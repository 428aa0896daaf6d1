"""The filters of a list: controls whose values live in the address, and a pager."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeVar

from api.console.elements import Tag, button
from api.console.forms import Options, remember_address, search, select
from api.console.session import Visit
from api.console.views.filters import Filters, page_of, severity_words
from api.console.words import SEVERITY, SYSTEM
from plantroom.alarms import Severity
from plantroom.catalogue.schema import System

Item = TypeVar("Item")
Refresh = Callable[[], Awaitable[object]]


class FilterBar:
    """The filters in force, their controls, and their place in the address."""

    def __init__(
        self,
        visit: Visit,
        path: str,
        allowed: Mapping[str, Collection[str] | None],
        refresh: Refresh,
    ) -> None:
        self.visit = visit
        self.path = path
        self.filters = Filters.read(visit.query, allowed)
        self.refresh = refresh
        self.back: list[str] = []
        """Cursors of the pages before this one."""
        # on a phone all but the search folds away: what was asked for must not hide what was found
        self.open = self.filters.narrowed
        self.bar = Tag("div", "bar", role="search")
        with self.bar:
            self._toggle = button("", self._fold, "phone-only fold")
        self._show_fold()

    def _fold(self) -> None:
        self.open = not self.open
        self._show_fold()

    def _show_fold(self) -> None:
        t = self.visit.t
        self.bar.put_classes("bar open" if self.open else "bar")
        self._toggle.put("aria-expanded", "true" if self.open else "false")
        self._toggle.put_text(t("Fewer filters") if self.open else t("Filters"))

    async def change(self, **values: str) -> None:
        """Other filters: the first page, the address, the list."""
        self.back.clear()
        self.filters = self.filters.changed(**values)
        await self._apply()

    async def move(self, **values: str) -> None:
        """Another page of the same list."""
        self.filters = self.filters.changed(**values)
        await self._apply()

    async def _apply(self) -> None:
        remember_address(self.path, self.filters.address())
        await self.refresh()

    def choice(self, name: str, label: str, options: Options) -> None:
        """A choice of one for a filter; the key of no filter is empty."""
        with self.bar:
            select(label, options, getattr(self.filters, name), lambda value: self.change(**{name: value}))

    def text(self) -> None:
        """The search field."""
        with self.bar:
            search(self.visit.t("Search"), self.filters.q, lambda value: self.change(q=value))

    def site(self) -> None:
        """The choice of a site, where there are several."""
        sites = self.visit.sites
        if len(sites) > 1:
            names = {key: self.visit.site_name(key) for key in sites}
            self.choice("site", self.visit.t("Site"), {"": self.visit.t("All sites"), **names})

    def system(self) -> None:
        """The choice of a building system."""
        t = self.visit.t
        names = {system.value: t(SYSTEM[system]) for system in SYSTEM}
        self.choice("system", t("System"), {"": t("All systems"), **names})

    def severity(self) -> None:
        """The choice of a severity."""
        t = self.visit.t
        names = {word: t(SEVERITY[Severity[word.upper()]]) for word in severity_words()}
        self.choice("severity", t("Severity"), {"": t("All severities"), **names})


def site_keys(visit: Visit) -> Collection[str]:
    """The sites that a filter may name."""
    return set(visit.sites)


def system_keys() -> Collection[str]:
    """The systems that a filter may name."""
    return {system.value for system in System}


class Pager:
    """How many there are, and the way to the pages before and after."""

    def __init__(self, bar: FilterBar) -> None:
        self._bar = bar
        t = bar.visit.t
        with Tag("div", "pager"):
            self._count = Tag("span", "soft small", role="status")
            Tag("span", "space")
            self._previous = button(t("Previous page"), self._back)
            self._next = button(t("Next page"), self._on)
        self._cursor: str | None = None

    def show(self, *, shown: int, total: int, next_cursor: str | None) -> None:
        """Say how many are shown of how many."""
        t = self._bar.visit.t
        self._cursor = next_cursor
        self._count.put_text(
            t.ngettext("{n} found", "{n} found", total)
            if shown == total
            else t("{shown} of {total} shown", shown=shown, total=total)
        )
        elsewhere = bool(self._bar.back or self._bar.filters.cursor)
        self._previous.set_visibility(elsewhere)
        self._next.set_visibility(next_cursor is not None)

    async def _on(self) -> None:
        if self._cursor is not None:
            self._bar.back.append(self._bar.filters.cursor)
            await self._bar.move(cursor=self._cursor)

    async def _back(self) -> None:
        # whoever came here by an address with a cursor has no way back but to the first page
        await self._bar.move(cursor=self._bar.back.pop() if self._bar.back else "")


class NumberedPager:
    """The way through a list that is whole in memory: pages have numbers."""

    def __init__(self, bar: FilterBar) -> None:
        self._bar = bar
        self._number = 1
        t = bar.visit.t
        with Tag("div", "pager"):
            self._count = Tag("span", "soft small", role="status")
            Tag("span", "space")
            self._previous = button(t("Previous page"), lambda: self._turn(-1))
            self._next = button(t("Next page"), lambda: self._turn(1))

    def show(self, items: Sequence[Item]) -> list[Item]:
        """The items of the page that the address asks for; says how many there are."""
        t = self._bar.visit.t
        shown, self._number, pages = page_of(items, self._bar.filters.page_number)
        text = t.ngettext("{n} found", "{n} found", len(items))
        if pages > 1:
            where = t("page {n} of {m}", n=self._number, m=pages)
            text = f"{text} · {where}"
        self._count.put_text(text)
        self._previous.set_visibility(self._number > 1)
        self._next.set_visibility(self._number < pages)
        return shown

    async def _turn(self, by: int) -> None:
        await self._bar.move(page=str(self._number + by))

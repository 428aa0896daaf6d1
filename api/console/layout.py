"""The frame of every page: header with the standing alarms and the collector's state, navigation, menu."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from nicegui import ui

from api.console.elements import MARKS, Tag, icon
from api.console.formats import ago_text, span_text
from api.console.forms import dialog
from api.console.i18n import HTML_LANGUAGE, LANGUAGES, N_
from api.console.session import Visit, login_address
from api.console.theme import SEVERITY_CLASS, SHEETS, STATIC_PATH
from api.console.views.live import newest
from api.console.views.standing import Standing, load_standing
from api.console.words import ROLE, SEVERITY
from plantroom.alarms import Severity
from plantroom.errors import StoreError
from plantroom.health import PartHealth
from plantroom.times import MINUTE, Nanos
from plantroom.work_orders import Role

POLL_SECONDS = 0.5
MINUTE_POLLS = 120
_SESSION_EVERY = 40
"""Polls between two looks at whether the session still stands."""
QUIET_AFTER: Nanos = 5 * MINUTE
"""No reading at all for this long is worth saying."""


Listener = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation."""

    path: str
    name: str
    icon: str
    role: Role = Role.VIEWER
    tab: bool = False
    """Whether it has a place in the bar of a phone."""


PLACES = (
    Place("/", N_("Overview"), "grid_view", tab=True),
    Place("/alarms", N_("Alarms"), "notifications", tab=True),
    Place("/orders", N_("Work orders"), "assignment", tab=True),
    Place("/equipment", N_("Equipment"), "precision_manufacturing", tab=True),
    Place("/alarm-performance", N_("Alarm performance"), "query_stats"),
    Place("/plans", N_("Maintenance"), "event_repeat"),
    Place("/discovered", N_("Discovered devices"), "sensors", Role.ENGINEER),
    Place("/people", N_("People"), "groups", Role.TECHNICIAN),
    Place("/quarantine", N_("Quarantine"), "report", Role.ENGINEER),
    Place("/status", N_("Status"), "monitor_heart"),
)
_TAB_NAME = {"/orders": N_("Orders")}


@dataclass(slots=True)
class Frame:
    """A page being built: its visit and what it wants to be told."""

    visit: Visit
    on_tick: list[Callable[[], object]] = field(default_factory=list)
    """Called twice a second."""
    on_records: list[Listener] = field(default_factory=list)
    """Called when an alarm or an order has changed, by whomever."""
    standing: Standing = field(default_factory=Standing)
    ticks: int = 0
    away_since: Nanos | None = None
    """Since when the page cannot be brought up to date."""
    _slow: list[tuple[int, Listener]] = field(default_factory=list)
    _links: dict[Severity, tuple[Tag, Tag]] = field(default_factory=dict)
    _all: Tag | None = None
    _health: tuple[Tag, Tag, Tag] | None = None
    _banner: Tag | None = None

    def on_slow(self, polls: int, listener: Listener) -> None:
        """Call `listener` at every so many polls."""
        self._slow.append((polls, listener))

    def rename(self, title: str) -> None:
        """Give the page another title."""
        ui.page_title(f"{title} · Plantroom")

    async def tick(self) -> None:
        """Bring the page up to date; a store that is away leaves it as it is and says so."""
        self.ticks += 1
        for tell in self.on_tick:
            tell()
        self._show_health()
        due = [listener for polls, listener in self._slow if self.ticks % polls == 0]
        if self.ticks % 2 == 0:
            due.insert(0, self._follow_records)
        try:
            if self.ticks % _SESSION_EVERY == 0 and not await self.visit.is_signed_in():
                ui.navigate.to(login_address(self.visit.path))
                return
            for listener in due:
                await listener()
        except StoreError:
            self.away_since = self.away_since or self.visit.now()
        else:
            self.away_since = None if due else self.away_since
        self._show_banner()

    async def _follow_records(self) -> None:
        found = await self.visit.shared("standing", load_standing)
        if found.version != self.standing.version:
            # first the page, so that what failed is tried again at the next poll
            for listener in self.on_records:
                await listener()
            self.show(found)

    def _show_banner(self) -> None:
        if self._banner is None:
            return
        since, t = self.away_since, self.visit.t
        self._banner.set_visibility(since is not None)
        if since is not None:
            span = span_text(t, self.visit.now() - since)
            self._banner.put_text(t("The database is away: lists are as they were {span} ago.", span=span))

    def show(self, standing: Standing) -> None:
        """Put the counts into the header."""
        self.standing = standing
        t = self.visit.t
        for severity, (anchor, number) in self._links.items():
            count = standing.by_severity.get(severity, 0)
            number.put_text(str(count))
            anchor.put_classes(f"{SEVERITY_CLASS[severity]}{' some' if count else ''}")
            anchor.put("aria-label", f"{t(SEVERITY[severity])}: {count}")
        if self._all is not None:
            n = standing.unacknowledged
            text = t("{n} unacknowledged", n=n) if n else t("none unacknowledged")
            self._all.put_text(text)
            self._all.put_classes("all wide-only" + (" some" if n else ""))

    def _show_health(self) -> None:
        if self._health is None:
            return
        anchor, sign, words = self._health
        parts = self.visit.context.health()
        ok, text = health_text(self.visit, parts)
        anchor.put_classes("health" if ok else "health wrong")
        anchor.put("title", text)
        sign.props["name"] = "check_circle" if ok else "error"
        words.put_text(text)


def health_text(visit: Visit, parts: tuple[PartHealth, ...]) -> tuple[bool, str]:
    """Whether all is well with Plantroom itself, and what to say of it."""
    t, now = visit.t, visit.now()
    wrong = [part for part in parts if not part.ok]
    if wrong:
        return False, t("Not working: {parts}", parts=", ".join(part.name for part in wrong))
    ts = newest(visit.context.live)
    if ts is None:
        return True, t("No reading yet")
    if now - ts > QUIET_AFTER:
        return False, t("No reading for {span}", span=span_text(t, now - ts))
    return True, t("Last reading {age}", age=ago_text(t, ts, now))


@contextmanager
def frame(visit: Visit, title: str) -> Iterator[Frame]:
    """The page's frame; what is drawn inside is the page."""
    t, client = visit.t, ui.context.client
    client.title = f"{title} · Plantroom"
    for sheet in SHEETS:
        ui.add_head_html(f'<link rel="stylesheet" href="{STATIC_PATH}/{sheet}">')
    made = Frame(visit)
    Tag("a", "button skip", t("Skip to the page"), href="#page")
    with Tag("header", "header"):
        _header(made)
    _navigation(visit)
    with Tag("main", "page") as page:
        page.props["id"] = "page"
        page.props["tabindex"] = "-1"
        made._banner = Tag("p", "notice notice-error banner", role="alert")  # noqa: SLF001 - its own part
        made._banner.set_visibility(False)  # noqa: SLF001
        yield made
    _tabs(visit)
    ui.timer(POLL_SECONDS, made.tick)


def _header(made: Frame) -> None:
    visit, t = made.visit, made.visit.t
    with Tag("a", "brand", href="/", aria_label=t("Plantroom: overview")):
        Tag("span", "brand-mark", aria_hidden="true")
        Tag("span", "brand-name", "Plantroom")
    with Tag("nav", "standing", aria_label=t("Standing alarms")):
        for severity in reversed(Severity):
            with Tag("a", href=f"/alarms?severity={severity.name.lower()}") as anchor:
                anchor.props["title"] = t(SEVERITY[severity])
                Tag("span", "mark", MARKS[severity], aria_hidden="true")
                made._links[severity] = (anchor, Tag("span", text="0"))  # noqa: SLF001 - its own part
        made._all = Tag("a", "all", href="/alarms?state=unacknowledged")  # noqa: SLF001
    made.show(Standing())
    Tag("span", "header-space")
    with Tag("a", "health", href="/status") as anchor:
        sign = Tag("q-icon", name="check_circle", size="18px", aria_hidden="true")
        made._health = (anchor, sign, Tag("span", "words"))  # noqa: SLF001
    made._show_health()  # noqa: SLF001
    _language_form(visit, "wide-only")
    Tag("span", "who wide-only", visit.identity.name, title=t(ROLE[visit.identity.role]))
    with Tag("form", "wide-only", method="post", action="/logout"):
        Tag("button", "button wide-only", t("Sign out"), type="submit")


def _language_form(visit: Visit, class_: str) -> None:
    """Buttons for the other languages; the address is taken when it is pressed, with its filters."""
    with Tag("form", class_, method="post", action="/language") as form:
        form.on(
            "submit",
            js_handler="(e) => { e.target.elements.next.value = location.pathname + location.search }",
        )
        Tag("input", type="hidden", name="next", value=visit.path)
        for key, name in LANGUAGES.items():
            if key != visit.t.language:
                Tag("button", f"button {class_}", name, type="submit", name="to", value=key).put(
                    "lang", HTML_LANGUAGE[key]
                )


def _navigation(visit: Visit) -> None:
    t = visit.t
    with Tag("nav", "nav", aria_label=t("Pages")):
        for place in PLACES:
            if visit.may(place.role):
                with Tag("a", href=place.path, aria_current="page" if _is_at(visit, place) else None):
                    icon(place.icon)
                    Tag("span", text=t(place.name))


def _tabs(visit: Visit) -> None:
    t = visit.t
    rest = [place for place in PLACES if not place.tab]
    with Tag("nav", "tabs", aria_label=t("Pages")):
        for place in PLACES:
            if place.tab:
                with Tag("a", href=place.path, aria_current="page" if _is_at(visit, place) else None):
                    icon(place.icon)
                    Tag("span", text=t(_TAB_NAME.get(place.path, place.name)))
        current = "true" if any(_is_at(visit, place) for place in rest) else None
        with Tag("button", type="button", aria_current=current, aria_haspopup="dialog") as more:
            icon("menu")
            Tag("span", text=t("More"))
        more.on("click", lambda: _menu(visit, rest), args=[])


def _menu(visit: Visit, places: list[Place]) -> None:
    t = visit.t
    made, box = dialog(t("More"))
    made.props("position=bottom")
    with box, Tag("div", "menu-links"):
        for place in places:
            if visit.may(place.role):
                with Tag("a", href=place.path):
                    icon(place.icon)
                    Tag("span", text=t(place.name))
        _language_form(visit, "")
        with Tag("form", method="post", action="/logout"):
            name = f"{visit.identity.name} ({t(ROLE[visit.identity.role])})"
            Tag("button", "button", t("Sign out {name}", name=name), type="submit")
    made.open()


def _is_at(visit: Visit, place: Place) -> bool:
    path = visit.path.partition("?")[0]
    return path == place.path or (place.path != "/" and path.startswith(f"{place.path}/"))

"""The pieces that pages are drawn from: plain HTML elements with our classes.

Text always goes in as text, never as markup, so what devices and people wrote is inert. Attributes
that take outside text are set as values and never parsed from a string.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from api.console.formats import NO_VALUE, date_time_text, full_time, time_text
from api.console.i18n import Translator
from api.console.theme import SEVERITY_CLASS
from api.console.words import SEVERITY
from plantroom.alarms import Severity
from plantroom.times import Nanos

Handler = Callable[..., Any]
MARKS = {
    Severity.EMERGENCY: "!!",
    Severity.CRITICAL: "!",
    Severity.MAJOR: "!",
    Severity.MINOR: "",
    Severity.ADVISORY: "i",
}


class Tag(TextElement):
    """One HTML element: `class_` its classes, `text` its text, the rest its attributes."""

    def __init__(self, name: str, /, class_: str = "", text: str = "", **attributes: object) -> None:
        super().__init__(tag=name, text=text)
        if class_:
            self.classes(class_)
        for key, value in attributes.items():
            if value is not None and value is not False:
                self.props[key.rstrip("_").replace("_", "-")] = "" if value is True else value

    def put(self, key: str, value: object) -> None:
        """Change an attribute if it differs."""
        if self.props.get(key) != value:
            self.props[key] = value

    def put_classes(self, classes: str) -> None:
        """Replace the classes if they differ."""
        if " ".join(self.classes) != classes:
            self.classes(replace=classes)

    def put_text(self, text: str) -> None:
        """Change the text if it differs."""
        if self.text != text:
            self.set_text(text)


def link(text: str, target: str, class_: str = "", **attributes: object) -> Tag:
    """A link within the console."""
    return Tag("a", class_, text, href=target, **attributes)


def equipment_address(site: str, key: str) -> str:
    """The address of an equipment's page."""
    return f"/equipment/{quote(site, safe='')}/{quote(key, safe='')}"


def button(
    text: str, on_click: Handler, class_: str = "", *, again: float = 0.3, **attributes: object
) -> Tag:
    """A button. A click within `again` seconds, or while the first is at work, is the same click."""
    made = Tag("button", f"button {class_}".strip(), text, type="button", **attributes)
    busy: list[bool] = []

    async def once() -> None:
        if busy:
            return
        busy.append(True)
        try:
            result = on_click()
            if isinstance(result, Awaitable):
                await result
        finally:
            busy.clear()

    made.on("click", once, args=[], throttle=again, trailing_events=False)
    return made


def icon(name: str) -> ui.icon:
    """A symbol beside a word; nothing to those who listen."""
    made = ui.icon(name)
    made.props["aria-hidden"] = "true"
    return made


def severity_label(t: Translator, severity: Severity) -> Tag:
    """Shape, colour and word."""
    with Tag("span", f"severity {SEVERITY_CLASS[severity]}") as made:
        Tag("span", "mark", MARKS[severity], aria_hidden="true")
        Tag("span", text=t(SEVERITY[severity]))
    return made


def time_label(ts: Nanos | None, zone: ZoneInfo, now: Nanos, class_: str = "number") -> Tag:
    """A local time whose hover text names date and zone."""
    return Tag("time", class_, time_text(ts, zone, now), title=full_time(ts, zone) or None)


def panel(title: str, class_: str = "", *, level: str = "h2") -> tuple[Tag, Tag, Tag]:
    """A box with a heading: the section, its head and its body."""
    section = Tag("section", f"panel {class_}".strip(), aria_label=title)
    with section:
        head = Tag("div", "panel-head")
        with head:
            Tag(level, text=title)
        body = Tag("div")
    return section, head, body


def table(columns: list[str], class_: str = "table cards", *, label: str) -> Tag:
    """A table's body, under a head with these column names, in a box that scrolls by itself."""
    with Tag("div", "scroll"), Tag("table", class_, role="table", aria_label=label):
        with Tag("thead", role="rowgroup"), Tag("tr", role="row"):
            for name in columns:
                kind = "right" if name.startswith(">") else ""
                Tag("th", kind, name.lstrip(">"), scope="col", role="columnheader")
        return Tag("tbody", role="rowgroup")


def row(class_: str = "") -> Tag:
    """A table's row."""
    return Tag("tr", class_, role="row")


def cell(text: str = "", class_: str = "", label: str | None = None, **attributes: object) -> Tag:
    """A table's cell; `label` names its column where the table is shown as cards."""
    return Tag("td", class_, text, role="cell", data_label=label, **attributes)


def empty_state(title: str, hint: str = "") -> Tag:
    """What is shown where there is nothing to show."""
    with Tag("div", "empty-state") as made:
        Tag("p", "strong", title)
        if hint:
            Tag("p", "small", hint)
    return made


def notice(text: str, *, error: bool = False) -> Tag:
    """A sentence in a box; an error is read out."""
    return Tag("p", "notice notice-error" if error else "notice", text, role="alert" if error else "status")


def facts(pairs: Sequence[tuple[str, str] | tuple[str, str, str]]) -> Tag:
    """A list of names and values, some with a hover text; pairs without a value are left out."""
    with Tag("dl", "facts") as made:
        for name, value, *title in pairs:
            if value and value != NO_VALUE:
                Tag("dt", text=name)
                Tag("dd", text=value, title=title[0] if title else None)
    return made


def when(name: str, ts: Nanos | None, zone: ZoneInfo) -> tuple[str, str, str]:
    """A time as a pair of `facts`, with the zone named in its hover text."""
    return name, date_time_text(ts, zone), full_time(ts, zone)

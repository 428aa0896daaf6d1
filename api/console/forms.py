"""Labelled controls, the bar of filters that lives in the address, and dialogs that ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from nicegui import ui
from nicegui.events import GenericEventArguments

from api.console.elements import Tag, button
from api.console.i18n import Translator

OnChange = Callable[[str], Any]
Options = Mapping[str, str]
MAX_TEXT = 100


def select(label: str, options: Options, value: str, on_change: OnChange, class_: str = "") -> Tag:
    """A labelled choice of one."""
    with Tag("label", f"field {class_}".strip()) as made:
        Tag("span", text=label)
        # `selected` stands on the option: a `value` on the select would be put back at every redraw
        with Tag("select") as control:
            for key, name in options.items():
                Tag("option", text=name, value=key, selected=key == value)

        def changed(event: GenericEventArguments) -> Any:
            chosen = str(event.args)
            return on_change(chosen) if chosen in options else None

        control.on("change", changed, js_handler="(e) => emit(e.target.value)")
    return made


def search(label: str, value: str, on_change: OnChange) -> Tag:
    """A labelled search field; it speaks when typing pauses."""
    with Tag("label", "field wide") as made:
        Tag("span", text=label)
        control = Tag("input", type="search", maxlength=str(MAX_TEXT), autocomplete="off")
        # the default value is what the field starts with; `value` would undo what is being typed
        control.props[".defaultValue"] = value
        control.on(
            "input",
            lambda event: on_change(str(event.args)[:MAX_TEXT].strip()),
            js_handler="(e) => emit(e.target.value)",
            throttle=0.4,
            leading_events=False,
        )
    return made


def check(label: str, *, value: bool, on_change: Callable[[bool], Any], shown: str = "") -> Tag:
    """A box to tick; `label` is read out where only the box is `shown`."""
    with Tag("label", "choice" if shown else "check-box") as made:
        control = Tag("input", "check", type="checkbox", aria_label=None if shown else label)
        control.props[".checked"] = value
        control.on(
            "change", lambda event: on_change(event.args is True), js_handler="(e) => emit(e.target.checked)"
        )
        if shown:
            Tag("span", text=shown)
    return made


def remember_address(path: str, values: Mapping[str, str]) -> None:
    """Put the filters that are set into the browser's address, without a new page."""
    query = urlencode({key: value for key, value in values.items() if value})
    ui.navigate.history.replace(path + (f"?{query}" if query else ""))


class Field:
    """One text field of a dialog."""

    def __init__(
        self,
        label: str,
        *,
        value: str = "",
        long: bool = False,
        needed: bool = False,
        max_length: int = 2000,
    ) -> None:
        self.value = value
        self.needed = needed
        with Tag("label", "field"):
            Tag("span", text=label)
            control = Tag(
                "textarea" if long else "input",
                maxlength=str(max_length),
                required=needed,
                autocomplete="off",
                rows="3" if long else None,
            )
            control.props[".defaultValue"] = value
            control.on("input", self._typed, js_handler="(e) => emit(e.target.value)")
        self._control = control
        self._limit = max_length

    def _typed(self, event: GenericEventArguments) -> None:
        self.value = str(event.args)[: self._limit]

    def empty(self) -> None:
        """Take out what was typed."""
        self.value = ""
        # `value` is never a property of ours, so the browser is told to change it
        ui.run_javascript(f"document.getElementById('{self._control.html_id}').value = ''")

    @property
    def text(self) -> str:
        """What was typed, without the blanks around it."""
        return self.value.strip()


def dialog(title: str, class_: str = "") -> tuple[ui.dialog, Tag]:
    """A dialog, to be opened, and the box to fill."""
    with ui.context.client.content:  # not where the button stands: that may be redrawn meanwhile
        made = ui.dialog()
    made.props["aria-label"] = title
    with made, Tag("div", f"dialog {class_}".strip()) as box:
        Tag("h1", text=title)
    made.on("hide", made.delete)  # each is opened once: closed, it leaves nothing behind
    return made, box


class Ask:
    """A dialog that asks for some text and then does something."""

    def __init__(self, t: Translator, title: str, explanation: str = "") -> None:
        self.t = t
        self.fields: list[Field] = []
        self.dialog, self.box = dialog(title)
        with self.box:
            if explanation:
                Tag("p", "soft", explanation)
            self.body = Tag("div", "stack")
            self._message = Tag("div", role="alert")

    def add(self, label: str, **options: Any) -> Field:
        """Another field."""
        with self.body:
            made = Field(label, **options)
        self.fields.append(made)
        return made

    def open(self, word: str, action: Callable[[], Awaitable[bool]]) -> None:
        """Show it. `action` runs when the needed fields are filled; True closes the dialog."""

        async def go() -> None:
            if any(field.needed and not field.text for field in self.fields):
                self._say(self.t("Fill in the fields first."))
                return
            if await action():
                self.dialog.close()

        with self.box, Tag("div", "dialog-foot"):
            button(self.t("Back"), self.dialog.close)
            button(word, go, "button-main", again=0)
        self.dialog.open()

    def _say(self, text: str) -> None:
        self._message.put_classes("notice notice-error")
        self._message.put_text(text)

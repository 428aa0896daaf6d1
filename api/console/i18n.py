"""The console's languages: English in the code, Chinese from `locale/zh_CN.po`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

from plantroom.model import Text

LOCALE = Path(__file__).parent / "locale"
LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "简体中文"}
"""Language key -> its own name."""
HTML_LANGUAGE: Mapping[str, str] = {"en": "en", "zh": "zh-CN"}
KEYWORDS: Mapping[str, tuple[int, ...] | None] = {"t": None, "N_": None, "ngettext": (1, 2)}
"""The calls whose texts are messages, for Babel's extraction."""


def N_(message: str) -> str:  # noqa: N802 - gettext's own name
    """The message itself, marked for translation where it is shown."""
    return message


class Translator:
    """Messages in one language. Values go into the message's `{name}` places and are never parsed."""

    def __init__(self, language: str, messages: Mapping[str, str]) -> None:
        self.language = language
        self._messages = messages

    def __call__(self, message: str, **values: object) -> str:
        """The message in this language, in English where it has none."""
        text = self._messages.get(message, message)
        return text.format(**values) if values else text

    def ngettext(self, one: str, many: str, n: int, **values: object) -> str:
        """The message for `n` things; Chinese has one form for all."""
        text = self._messages.get(one) or (one if n == 1 else many)
        return text.format(n=n, **values)

    def text(self, text: Text) -> str:
        """A text of the catalogue or the site in this language."""
        return text.in_language(self.language)


@cache
def translator(language: str) -> Translator:
    """The translator of a key of LANGUAGES; English for any other."""
    if language != "zh":
        return Translator("en", {})
    with (LOCALE / "zh_CN.po").open("rb") as file:
        catalog = read_po(file, locale="zh_CN")
    messages: dict[str, str] = {}
    for message in catalog:
        if not message.id or message.fuzzy:
            continue
        key, text = _singular(message.id), _singular(message.string)
        if text:
            messages[key] = text
    return Translator("zh", messages)


def _singular(text: str | Sequence[str] | None) -> str:
    """The text, or the first of its plural forms."""
    if text is None or isinstance(text, str):
        return text or ""
    return text[0]


def choose_language(*, cookie: str | None, user: str, accept: str | None, default: str) -> str:
    """The language for a request: the browser's choice, the user's, Accept-Language's, the setting's."""
    for wanted in (cookie, user, *_accepted(accept), default):
        key = (wanted or "").split("-")[0].lower()
        if key in LANGUAGES:
            return key
    return "en"


def _accepted(header: str | None) -> list[str]:
    """The languages of an Accept-Language header, most wanted first; what cannot be read is left out."""
    found: list[tuple[float, str]] = []
    for part in (header or "")[:500].split(","):
        name, _, weight = part.strip().partition(";q=")
        try:
            found.append((float(weight or 1), name))
        except ValueError:
            continue
    return [name for weight, name in sorted(found, key=lambda item: -item[0]) if weight > 0]

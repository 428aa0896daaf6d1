"""The console's languages: which one is chosen, and that nothing is left in English."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from api.console.i18n import KEYWORDS, LANGUAGES, LOCALE, Translator, choose_language, translator
from plantroom.model import Text

CONSOLE = LOCALE.parent
Message = str | tuple[str, ...]


def used_messages() -> set[Message]:
    found: set[Message] = set()
    for _, _, message, _, _ in extract_from_dir(CONSOLE, [("**.py", "python")], keywords=KEYWORDS):
        found.add(message)
    # the templates call t("...") alone
    for path in (CONSOLE / "templates").glob("*.html"):
        found.update(re.findall(r'\bt\("([^"]+)"\)', path.read_text(encoding="utf-8")))
    return found


def called_messages() -> set[str]:
    """The first texts of every message call by Python's own grammar, f-strings included."""
    found: set[str] = set()
    for path in CONSOLE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            first = node.args[0]
            if name in KEYWORDS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add(first.value)
    return found


USED = used_messages()


def first(message: Message) -> str:
    return message if isinstance(message, str) else message[0]


def test_extraction_finds_messages() -> None:
    assert len(USED) > 200
    assert "Overview" in USED
    assert ("every month", "every {n} months") in USED
    assert "Password" in USED


def test_no_message_is_hidden_from_extraction() -> None:
    assert called_messages() - {first(message) for message in USED} == set()


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("message", [pytest.param(item, id=first(item)) for item in sorted(USED, key=str)])
def test_every_message_is_translated(message: Message) -> None:
    key = first(message)
    chinese = translator("zh")._messages.get(key)
    assert chinese, f"{key!r} has no Chinese translation in zh_CN.po"
    wanted = places(key) if isinstance(message, str) else places(message[-1])
    assert places(chinese) == wanted


def test_the_catalogue_has_no_messages_that_nobody_uses() -> None:
    assert set(translator("zh")._messages) - {first(message) for message in USED} == set()


def test_values_are_never_parsed() -> None:
    t = Translator("en", {})
    assert t("Not working: {parts}", parts="{0.__class__} {x}") == "Not working: {0.__class__} {x}"


def test_a_message_without_translation_stays_english() -> None:
    t = Translator("zh", {"Yes": "是"})
    assert (t("Yes"), t("No")) == ("是", "No")


def test_plural() -> None:
    english, chinese = translator("en"), translator("zh")
    assert english.ngettext("every month", "every {n} months", 1) == "every month"
    assert english.ngettext("every month", "every {n} months", 3) == "every 3 months"
    assert chinese.ngettext("every month", "every {n} months", 3) == "每 3 个月"


def test_names_come_in_the_language_that_exists() -> None:
    assert translator("zh").text(Text("Pump", "水泵")) == "水泵"
    assert translator("zh").text(Text("Pump", "")) == "Pump"


@pytest.mark.parametrize(
    ("cookie", "user", "accept", "default", "language"),
    [
        ("zh", "en", "en", "en", "zh"),
        (None, "zh", "en", "en", "zh"),
        (None, "", "fr, zh-CN;q=0.8, en;q=0.5", "en", "zh"),
        (None, "", "fr", "zh", "zh"),
        (None, "", None, "en", "en"),
        ("<script>", "", "en;q=high, zh", "en", "zh"),
        (None, "", "zh;q=0, en", "zh", "en"),
    ],
)
def test_the_language_of_a_request(
    cookie: str | None, user: str, accept: str | None, default: str, language: str
) -> None:
    assert choose_language(cookie=cookie, user=user, accept=accept, default=default) == language


def test_the_console_speaks_what_it_offers() -> None:
    assert {translator(key).language for key in LANGUAGES} == set(LANGUAGES)
    assert translator("xx").language == "en"
    assert (Path(LOCALE) / "zh_CN.po").is_file()

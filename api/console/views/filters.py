"""Filters as they stand in an address: what is unknown or too long counts as not given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

from plantroom.alarms import Severity
from plantroom.catalogue import Catalogue
from plantroom.model import Text

Item = TypeVar("Item")
MAX_TEXT = 100
PAGE = 50


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; an empty text is no filter. `cursor` or `page` say where in it."""

    site: str = ""
    system: str = ""
    equipment_class: str = ""
    state: str = ""
    flag: str = ""
    severity: str = ""
    kind: str = ""
    priority: str = ""
    mine: str = ""
    within: str = ""
    reason: str = ""
    sort: str = ""
    q: str = ""
    cursor: str = ""
    page: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str], allowed: Mapping[str, Collection[str] | None]) -> Filters:
        """The filters of an address; `allowed` names those of this list and their values (None: any text)."""
        found: dict[str, str] = {}
        for name, values in allowed.items():
            value = query.get(address_name(name), "")[: MAX_TEXT if name != "cursor" else 1000]
            if value and (values is None or value in values):
                found[name] = value.strip()
        return cls(**found)

    def changed(self, **values: str) -> Filters:
        """Other filters, from the list's first page."""
        return replace(self, **{"cursor": "", "page": "", **values})

    def address(self) -> dict[str, str]:
        """What goes into the address."""
        return {
            address_name(item.name): getattr(self, item.name)
            for item in fields(self)
            if getattr(self, item.name)
        }

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out because of a filter."""
        return any(value for name, value in self.address().items() if name not in ("cursor", "page", "sort"))

    @property
    def page_number(self) -> int:
        """The page asked for, from 1."""
        return max(1, int(self.page)) if self.page.isascii() and self.page.isdecimal() else 1


def address_name(name: str) -> str:
    """The name that a filter has in the address."""
    return "class" if name == "equipment_class" else name


def severity_of(word: str) -> Severity | None:
    """The severity of its word in the address."""
    return Severity[word.upper()] if word.upper() in Severity.__members__ else None


def severity_words() -> list[str]:
    """The severities' words in the address, the worst first."""
    return [item.name.lower() for item in reversed(Severity)]


def classes_of(catalogue: Catalogue, system: str) -> list[str]:
    """The equipment classes of a system; all without one."""
    return sorted(item.key for item in catalogue if not system or item.system == system)


def matches(text: str, *, words: Iterable[str] = (), texts: Iterable[Text] = ()) -> bool:
    """Whether every word of `text` stands somewhere in the words or in either language of the texts."""
    hay = " ".join([*words, *(part for item in texts for part in (item.en, item.zh))]).casefold()
    return all(word in hay for word in text.casefold().split())


def page_of(items: Sequence[Item], number: int, size: int = PAGE) -> tuple[list[Item], int, int]:
    """The items of a page, the page's number brought into range, and how many pages there are."""
    pages = max(1, -(-len(items) // size))
    number = min(max(1, number), pages)
    return list(items[(number - 1) * size : number * size]), number, pages

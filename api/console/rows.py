"""Tables and parts of pages kept in step with what they show: only rows that differ are drawn again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from api.console.elements import Tag, empty_state, row, table

Item = TypeVar("Item")


class Listing(Generic[Item]):
    """A table of items, or a sentence where there are none.

    Drawing only what differs keeps focus and scroll where they are.
    """

    def __init__(
        self,
        columns: list[str],
        *,
        label: str,
        key: Callable[[Item], Hashable],
        draw: Callable[[Item], None],
        classes: Callable[[Item], str] = lambda _: "",
        empty: tuple[str, str],
    ) -> None:
        self._key = key
        self._draw = draw
        self._classes = classes
        self._shown: dict[Hashable, tuple[Item, Tag]] = {}
        self._box = Tag("div")
        with self._box:
            self._body = table(columns, label=label)
        self._empty = Tag("div")
        with self._empty:
            empty_state(*empty)
        self._show_empty(empty=True)

    def show(self, items: Sequence[Item]) -> None:
        """Show these items in this order."""
        self._show_empty(empty=not items)
        keys = [self._key(item) for item in items]
        if keys != list(self._shown):
            self._body.clear()
            self._shown = {}
            with self._body:
                for key, item in zip(keys, items, strict=True):
                    self._shown[key] = (item, row())
                    self._fill(*self._shown[key])
            return
        for key, item in zip(keys, items, strict=True):
            before, there = self._shown[key]
            if before != item:
                self._shown[key] = (item, there)
                there.clear()
                self._fill(item, there)

    def say(self, title: str, hint: str = "") -> None:
        """Say something else where there are no items."""
        self._empty.clear()
        with self._empty:
            empty_state(title, hint)

    def _show_empty(self, *, empty: bool) -> None:
        self._box.set_visibility(not empty)
        self._empty.set_visibility(empty)

    def _fill(self, item: Item, there: Tag) -> None:
        there.put_classes(self._classes(item))
        with there:
            self._draw(item)


class Part:
    """A part of a page that is drawn again only when what it shows differs.

    What people are typing elsewhere on the page is not lost to a change.
    """

    def __init__(self, class_: str = "") -> None:
        self.box = Tag("div", class_)
        self._shown: object = self

    def show(self, shown: object, draw: Callable[[], object]) -> None:
        """Draw, if `shown` is another value than the last time."""
        if shown != self._shown:
            self._shown = shown
            self.box.clear()
            with self.box:
                draw()

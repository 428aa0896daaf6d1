"""Topic templates: `{base}/{device}/state` to a subscription filter, and to the names in a topic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_PLACE = re.compile(r"\{([a-z][a-z0-9_]{0,31})(\.\.\.)?\}")
_LITERAL = re.compile(r"[^+#{}/\x00-\x1f]+")
MOST_LEVELS = 32


@dataclass(frozen=True, slots=True)
class Template:
    """A topic with names in the places of levels."""

    text: str
    filter: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]

    def match(self, topic: str) -> Mapping[str, str] | None:
        """Name -> level of a topic of this form; None for another topic."""
        found = self.pattern.fullmatch(topic)
        return None if found is None else found.groupdict()


def template(text: str, base: str) -> Template:
    """The template of `text`, in which `{base}` is some fixed levels.

    A level is a text, `+` for any, `{name}` for any that is named, or `{name...}` for that and all below it,
    which may be followed by texts.
    Raises: ValueError saying which level is wrong.
    """
    levels = text.replace("{base}", base).split("/")
    if len(levels) > MOST_LEVELS:
        raise ValueError(f"{text!r} has more than {MOST_LEVELS} levels")
    patterns: list[str] = []
    filters: list[str] = []
    names: list[str] = []
    for level in levels:
        place = _PLACE.fullmatch(level)
        if place is not None:
            name, many = place.groups()
            if name in names:
                raise ValueError(f"{text!r} has {{{name}}} twice")
            names.append(name)
            patterns.append(f"(?P<{name}>[^/]+(?:/[^/]+)*?)" if many else f"(?P<{name}>[^/]+)")
            filters.append("#" if many else "+")
        elif level == "+":
            patterns.append("[^/]+")
            filters.append("+")
        elif _LITERAL.fullmatch(level):
            patterns.append(re.escape(level))
            filters.append(level)
        else:
            raise ValueError(f"{level!r} in {text!r} is no level: a text, +, {{name}} or {{name...}}")
    if "#" in filters:
        filters = filters[: filters.index("#") + 1]
    if patterns.count("#") or sum(1 for item in patterns if item.endswith("*?)")) > 1:
        raise ValueError(f"{text!r} has more than one {{name...}}")
    return Template(text, "/".join(filters), re.compile("/".join(patterns)), tuple(names))


def covers(wide: str, narrow: str) -> bool:
    """Whether every topic of the filter `narrow` is one of `wide`."""
    wide_levels, narrow_levels = wide.split("/"), narrow.split("/")
    for index, level in enumerate(wide_levels):
        if level == "#":
            return True
        if index >= len(narrow_levels):
            return False
        if narrow_levels[index] == "#" or (level not in {"+", narrow_levels[index]}):
            return False
    return len(wide_levels) == len(narrow_levels)


def distinct(filters: Iterable[str]) -> tuple[str, ...]:
    """The filters without those that others cover: of an overlap a broker may deliver each message twice."""
    every = list(dict.fromkeys(filters))
    return tuple(item for item in every if not any(covers(other, item) for other in every if other != item))

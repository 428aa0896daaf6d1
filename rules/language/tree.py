"""The syntax tree of a rule's text, and its text again in one spelling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from plantroom.times import SECOND, Nanos
from plantroom.units import unit


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of the text: where it begins (from 1), how many nodes it holds and how deep they nest."""

    line: int
    column: int
    size: int
    depth: int


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A literal; `unit` None is a number without a unit."""

    value: float
    unit: str | None


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A point, a parameter, a term of the class or a name of the calendar."""

    key: str


@dataclass(frozen=True, slots=True)
class Member(Node):
    """A point of other equipment: `served_by.supply`."""

    relation: str
    key: str


@dataclass(frozen=True, slots=True)
class Word(Node):
    """A quoted word, a value of an enum point or a state of a term."""

    text: str


@dataclass(frozen=True, slots=True)
class Minus(Node):
    """The negative of a number."""

    item: Tree


@dataclass(frozen=True, slots=True)
class Negation(Node):
    """`not item`."""

    item: Tree


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Arithmetic or a comparison; `op` is the sign as written."""

    op: str
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """`and` or `or` over two or more items."""

    op: str
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Lasting(Node):
    """`item for span`."""

    item: Tree
    span: Number


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function, its arguments and the window that it looks over: `f(items where .. over .. by ..)`."""

    function: str
    items: tuple[Tree, ...]
    within: Number | None = None
    where: Tree | None = None
    over: Number | None = None
    by: Number | None = None


Tree: TypeAlias = Number | Name | Member | Word | Minus | Negation | Binary | Logic | Lasting | Call


def nanos_of(span: Number) -> Nanos | None:
    """The span in ns; None where its unit measures no time."""
    if span.unit is None or unit(span.unit).quantity != "time":
        return None
    return round(span.value * unit(span.unit).scale * SECOND)


def text_of(tree: Tree) -> str:  # noqa: PLR0911  one for each kind of node
    """The tree as text in one spelling: two texts that mean the same tree give the same."""
    match tree:
        case Number(value=value, unit=unit_):
            figure = repr(value).removesuffix(".0")
            return f"{figure} {unit_}" if unit_ else figure
        case Name(key=key):
            return key
        case Member(relation=relation, key=key):
            return f"{relation}.{key}"
        case Word(text=text):
            return f'"{text}"'
        case Minus(item=item):
            return f"-{_inner(item)}"
        case Negation(item=item):
            return f"not {_inner(item)}"
        case Binary(op=op, left=left, right=right):
            return f"{_inner(left)} {op} {_inner(right)}"
        case Logic(op=op, items=items):
            return f" {op} ".join(_inner(item) for item in items)
        case Lasting(item=item, span=span):
            return f"{_inner(item)} for {text_of(span)}"
        case Call():
            return _call_text(tree)


def _inner(tree: Tree) -> str:
    text = text_of(tree)
    return f"({text})" if isinstance(tree, Binary | Logic | Negation | Lasting) else text


def _call_text(tree: Call) -> str:
    parts = [", ".join(text_of(item) for item in tree.items)]
    if tree.within is not None:
        parts[0] += f", within {text_of(tree.within)}"
    for word, item in (("where", tree.where), ("over", tree.over), ("by", tree.by)):
        if item is not None:
            parts.append(f"{word} {text_of(item)}")
    return f"{tree.function}({' '.join(parts)})"

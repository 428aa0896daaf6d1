"""Rule text -> syntax tree, bounded in size. Knows the grammar and nothing of points or units."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TypeAlias

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from plantroom.errors import ExpressionError
from plantroom.units import UNITS

MAX_CHARACTERS = 2_000
MAX_NODES = 200
MAX_DEPTH = 30

_GRAMMAR = r"""
?start: either
?either: both ("or" both)*
?both: inverse ("and" inverse)*
?inverse: NOT inverse -> negate
    | comparison
?comparison: sum
    | sum COMPARE sum -> compare
?sum: product
    | sum (PLUS | MINUS) product -> arithmetic
?product: unary
    | product (TIMES | OVER) unary -> arithmetic
?unary: atom
    | MINUS unary -> minus
?atom: NUMBER UNIT? -> number
    | NAME -> name
    | WORD -> word
    | NAME "(" either ("," either)* ")" -> call
    | "(" either ")"

NOT: "not"
COMPARE: "<=" | ">=" | "==" | "!=" | "<" | ">"
PLUS: "+"
MINUS: "-"
TIMES: "*"
OVER: "/"
NUMBER: /[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?/
UNIT: /(?:UNITS)(?![A-Za-z0-9_])/
NAME: /[A-Za-z_][A-Za-z0-9_]*/
WORD: /"[^"\n]*"|'[^'\n]*'/
%ignore /\s+/
"""


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
    """A point or a parameter."""

    key: str


@dataclass(frozen=True, slots=True)
class Word(Node):
    """A quoted word, a value of an enum point."""

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
class Call(Node):
    """A function and its arguments."""

    function: str
    items: tuple[Tree, ...]


Tree: TypeAlias = Number | Name | Word | Minus | Negation | Binary | Logic | Call


def parse(text: str) -> Tree:
    """The syntax tree of a rule's text.

    Raises: ExpressionError with line and column for text that is too large, too deep or not of the language.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(f"the text has {len(text)} characters, the limit is {MAX_CHARACTERS}")
    try:
        tree: Tree = _PARSER.parse(text)  # type: ignore[assignment]  # lark's stub does not know the transformer
    except UnexpectedInput as failure:
        raise _syntax_error(text, failure) from None
    except VisitError as failure:
        if isinstance(failure.orig_exc, ExpressionError):
            raise failure.orig_exc from None
        raise
    return tree


class _Builder(Transformer[Token, Tree]):
    """Builds nodes while the text is read, bottom up: no recursion, and too much stops at once."""

    def number(self, parts: list[Token]) -> Tree:
        value = float(parts[0])
        if not math.isfinite(value):
            raise ExpressionError("the number is too large", *_at(parts[0]))
        unit = str(parts[1]) if len(parts) > 1 else None
        return Number(*_at(parts[0]), 1, 1, value, unit)

    def name(self, parts: list[Token]) -> Tree:
        return Name(*_at(parts[0]), 1, 1, str(parts[0]))

    def word(self, parts: list[Token]) -> Tree:
        return Word(*_at(parts[0]), 1, 1, str(parts[0])[1:-1])

    def minus(self, parts: list[Token | Tree]) -> Tree:
        sign, item = parts
        if isinstance(item, Number):
            return Number(*_at(sign), 1, 1, -item.value, item.unit)
        return Minus(*_extent(sign, [item]), _tree(item))

    def negate(self, parts: list[Token | Tree]) -> Tree:
        return Negation(*_extent(parts[0], parts[1:]), _tree(parts[1]))

    def compare(self, parts: list[Token | Tree]) -> Tree:
        return Binary(*_extent(parts[0], parts), str(parts[1]), _tree(parts[0]), _tree(parts[2]))

    arithmetic = compare

    def either(self, parts: list[Token | Tree]) -> Tree:
        return Logic(*_extent(parts[0], parts), "or", tuple(_tree(part) for part in parts))

    def both(self, parts: list[Token | Tree]) -> Tree:
        return Logic(*_extent(parts[0], parts), "and", tuple(_tree(part) for part in parts))

    def call(self, parts: list[Token | Tree]) -> Tree:
        items = tuple(_tree(part) for part in parts[1:])
        return Call(*_extent(parts[0], parts), str(parts[0]), items)


def _tree(part: Token | Tree) -> Tree:
    if isinstance(part, Token):
        raise TypeError("a token stands where the grammar has a node")
    return part


def _at(part: Token | Tree) -> tuple[int, int]:
    return part.line or 1, part.column or 1


def _extent(first: Token | Tree, parts: list[Token | Tree]) -> tuple[int, int, int, int]:
    nodes = [part for part in parts if not isinstance(part, Token)]
    size = 1 + sum(node.size for node in nodes)
    depth = 1 + max((node.depth for node in nodes), default=0)
    line, column = _at(first)
    if size > MAX_NODES:
        raise ExpressionError(f"the text has more than {MAX_NODES} parts", line, column)
    if depth > MAX_DEPTH:
        raise ExpressionError(f"the text nests deeper than {MAX_DEPTH}", line, column)
    return line, column, size, depth


def _syntax_error(text: str, failure: UnexpectedInput) -> ExpressionError:
    line, column = failure.line, failure.column
    if isinstance(failure, UnexpectedCharacters):
        char = text[failure.pos_in_stream or 0]
        if char == ".":
            return ExpressionError(
                "a name has no attributes: write the key of a point or parameter of the class", line, column
            )
        return ExpressionError(f"{char!r} is not expected here", line, column)
    token = failure.token if isinstance(failure, UnexpectedToken) else Token("$END", "")
    if token.type == "$END":
        lines = text.split("\n")
        return ExpressionError("the text ends too early", len(lines), len(lines[-1]) + 1)
    before = text[: token.start_pos or 0].rstrip()
    if token.type == "NAME" and re.search(r"(?<![A-Za-z_0-9.])\d[\d.]*([eE][+-]?\d+)?$", before):
        return ExpressionError(f"unknown unit {str(token)!r}", line, column)
    if token.type == "COMPARE":
        return ExpressionError(
            "comparisons do not chain: write a < b and b < c, with parentheses around truth values",
            line,
            column,
        )
    return ExpressionError(f"{str(token)!r} is not expected here", line, column)


def _units() -> str:
    # the longest first, so that m/s is not read as m
    symbols = sorted((symbol for symbol in UNITS if symbol not in ("", "1")), key=len, reverse=True)
    return "|".join(re.escape(symbol).replace("/", r"\/") for symbol in symbols)


_PARSER = Lark(
    _GRAMMAR.replace("UNITS", _units()),
    parser="lalr",
    transformer=_Builder(),
    maybe_placeholders=False,
)

"""Rule text -> syntax tree, bounded in size. Knows the grammar and nothing of points or units."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from plantroom.errors import ExpressionError
from plantroom.units import UNITS
from rules.language.tree import (
    Binary,
    Call,
    Lasting,
    Logic,
    Member,
    Minus,
    Name,
    Negation,
    Number,
    Tree,
    Word,
    nanos_of,
)

MAX_CHARACTERS = 2_000
MAX_NODES = 200
MAX_DEPTH = 30

_GRAMMAR = r"""
?start: either
    | either "for" span -> lasting
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
    | NAME "." NAME -> member
    | NAME "(" either ("," argument)* window ")" -> call
    | "(" either ")"
    | "(" either "for" span ")" -> lasting
?argument: either
    | "within" span -> within
window: where? over?
where: "where" either
over: "over" span ("by" span)?
span: NUMBER UNIT -> number

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


class _Builder(Transformer[Token, Any]):
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

    def member(self, parts: list[Token | Tree]) -> Tree:
        return Member(*_extent(parts[0], parts), str(parts[0]), str(parts[1]))

    def lasting(self, parts: list[Token | Tree]) -> Tree:
        return Lasting(*_extent(parts[0], parts), _tree(parts[0]), _span(parts[1]))

    def call(self, parts: list[Token | Tree | _Window | _Within]) -> Tree:
        name, *rest = parts
        items = tuple(part for part in rest if isinstance(part, Tree))
        spans = [part.span for part in rest if isinstance(part, _Within)]
        window = next((part for part in rest if isinstance(part, _Window)), _Window())
        assert isinstance(name, Token)  # noqa: S101  as the grammar has it
        if len(spans) > 1:
            raise ExpressionError("within is said twice", *_at(spans[1]))
        within = spans[0] if spans else None
        inside = [*items, *(part for part in (within, window.where, window.over, window.by) if part)]
        found = Call(*_extent(name, inside), str(name), items)
        return replace(found, within=within, where=window.where, over=window.over, by=window.by)

    def within(self, parts: list[Token | Tree]) -> _Within:
        return _Within(_span(parts[0]))

    def where(self, parts: list[Token | Tree]) -> _Window:
        return _Window(where=_tree(parts[0]))

    def over(self, parts: list[Token | Tree]) -> _Window:
        return _Window(over=_span(parts[0]), by=_span(parts[1]) if len(parts) > 1 else None)

    def window(self, parts: list[_Window]) -> _Window:
        found = _Window()
        for part in parts:
            found = _Window(found.where or part.where, found.over or part.over, found.by or part.by)
        return found


class _Window(NamedTuple):
    where: Tree | None = None
    over: Number | None = None
    by: Number | None = None


class _Within(NamedTuple):
    span: Number


def _tree(part: Token | Tree) -> Tree:
    if isinstance(part, Token):
        raise TypeError("a token stands where the grammar has a node")
    return part


def _span(part: Token | Tree) -> Number:
    if not isinstance(part, Number):
        raise TypeError("the grammar has a span here")
    nanos = nanos_of(part)
    if nanos is None or nanos <= 0:
        raise ExpressionError("a stretch of time needs a unit of time: s, min, h or d", *_at(part))
    return part


def _at(part: Token | Tree) -> tuple[int, int]:
    return part.line or 1, part.column or 1


def _extent(first: Token | Tree, parts: Sequence[Token | Tree]) -> tuple[int, int, int, int]:
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
            return ExpressionError("a name has one dot at most: relation.point", line, column)
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

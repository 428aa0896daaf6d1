"""Syntax tree + equipment class -> checked terms: names, quantities and truth values are held apart here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from plantroom.catalogue import EquipmentClass, PointSpec
from plantroom.errors import ExpressionError
from plantroom.model import PointKind
from rules import measures, syntax
from rules.arithmetic import Numeric, combine, convert, counterpart, extreme, minus, size
from rules.terms import (
    AllOf,
    AnyOf,
    Coded,
    Comparison,
    Flag,
    Not,
    ParameterValue,
    PointValue,
    Same,
    TruthTerm,
)
from rules.terms import Constant as ConstantTerm

FUNCTIONS = ("abs", "min", "max")


@dataclass(frozen=True, slots=True)
class _Enum:
    """An enum point; it means something only beside one of its words."""

    row: int
    spec: PointSpec


@dataclass(frozen=True, slots=True)
class _Quoted:
    text: str


_Checked: TypeAlias = "Numeric | TruthTerm | _Enum | _Quoted"


def condition(tree: syntax.Tree, cls: EquipmentClass) -> TruthTerm:
    """The checked terms of a rule's text.

    Raises: ExpressionError at the part of the text that is wrong.
    """
    return _Checker(cls).truth(tree)


class _Checker:
    def __init__(self, cls: EquipmentClass) -> None:
        self.points = {spec.key: (row, spec) for row, spec in enumerate(cls.points)}
        self.parameters = {spec.key: (row, spec) for row, spec in enumerate(cls.parameters)}
        self.class_key = cls.key

    def truth(self, tree: syntax.Tree) -> TruthTerm:
        found = self.check(tree)
        if isinstance(found, Numeric):
            raise _error(tree, "is a number where a truth value is needed: compare it with a limit")
        if isinstance(found, _Enum):
            raise _error(tree, f"is an enumeration: compare it with a word, {_words(found.spec)}")
        if isinstance(found, _Quoted):
            raise _error(tree, "is a word: compare an enumeration with it")
        return found

    def number(self, tree: syntax.Tree) -> Numeric:
        found = self.check(tree)
        if isinstance(found, Numeric):
            return found
        if isinstance(found, _Enum):
            raise _error(
                tree, f"is an enumeration, not a number: compare it with a word, {_words(found.spec)}"
            )
        if isinstance(found, _Quoted):
            raise _error(tree, "is a word where a number is needed")
        raise _error(tree, "is a truth value where a number is needed")

    def check(self, tree: syntax.Tree) -> _Checked:  # noqa: PLR0911  one for each kind of node
        match tree:
            case syntax.Number(value=value, unit=unit):
                return Numeric(ConstantTerm(value), None if unit is None else measures.of_unit(unit))
            case syntax.Name():
                return self.name(tree)
            case syntax.Word(text=text):
                return _Quoted(text)
            case syntax.Minus(item=item):
                return minus(self.number(item), tree)
            case syntax.Negation(item=item):
                return Not(self.truth(item))
            case syntax.Logic(op=op, items=items):
                terms = tuple(self.truth(item) for item in items)
                return AllOf(terms) if op == "and" else AnyOf(terms)
            case syntax.Call():
                return self.call(tree)
            case syntax.Binary(op=op, left=left, right=right):
                if op in ("+", "-", "*", "/"):
                    return combine(op, self.number(left), self.number(right), tree)
                return self.compare(tree)

    def name(self, tree: syntax.Name) -> _Checked:
        if tree.key in self.parameters:
            row, parameter = self.parameters[tree.key]
            return Numeric(ParameterValue(row), measures.of_unit(parameter.unit))
        if tree.key not in self.points:
            near = _nearest(tree.key, [*self.points, *self.parameters])
            raise _error(tree, f"unknown name {tree.key!r} in class {self.class_key!r}{near}")
        row, spec = self.points[tree.key]
        if spec.kind is PointKind.BINARY:
            return Flag(row)
        if spec.kind is PointKind.ENUM:
            return _Enum(row, spec)
        return Numeric(PointValue(row), measures.of_unit(spec.unit))

    def call(self, tree: syntax.Call) -> Numeric:
        if tree.function not in FUNCTIONS:
            near = _nearest(tree.function, FUNCTIONS) or f"; the functions are {', '.join(FUNCTIONS)}"
            raise _error(tree, f"unknown function {tree.function!r}{near}")
        items = [self.number(item) for item in tree.items]
        if tree.function == "abs":
            if len(items) != 1:
                raise _error(tree, "abs takes one number")
            return size(items[0], tree)
        if len(items) < 2:
            raise _error(tree, f"{tree.function} takes two numbers or more")
        return extreme(tree.function == "max", items, tree)

    def compare(self, tree: syntax.Binary) -> TruthTerm:
        left, right = self.check(tree.left), self.check(tree.right)
        if isinstance(left, _Enum | _Quoted) or isinstance(right, _Enum | _Quoted):
            return self.coded(tree, left, right)
        if isinstance(left, Numeric) and isinstance(right, Numeric):
            if left.measure is None and right.measure is None:
                raise _error(tree, "compares two plain numbers")
            common = counterpart(left, right, tree)
            return Comparison(tree.op, convert(left, common, tree.left), convert(right, common, tree.right))
        if isinstance(left, Numeric) or isinstance(right, Numeric):
            odd = tree.right if isinstance(left, Numeric) else tree.left
            raise _error(odd, "is a truth value, which compares with no number: use it, or not it, by itself")
        if tree.op not in ("==", "!="):
            raise _error(tree, f"truth values have no order, so {tree.op} means nothing between them")
        return Same(left, right) if tree.op == "==" else Not(Same(left, right))

    def coded(self, tree: syntax.Binary, left: _Checked, right: _Checked) -> TruthTerm:
        enum, word = (left, right) if isinstance(left, _Enum) else (right, left)
        word_at = tree.right if enum is left else tree.left
        if not isinstance(enum, _Enum):
            raise _error(word_at, "is a word: only an enumeration compares with one")
        if not isinstance(word, _Quoted):
            raise _error(word_at, f"compares with an enumeration, which takes a word: {_words(enum.spec)}")
        if tree.op not in ("==", "!="):
            raise _error(tree, f"an enumeration has no order: use == or !=, not {tree.op}")
        values = enum.spec.values or {}
        if word.text not in values:
            near = _nearest(word.text, values) or f": {_words(enum.spec)}"
            raise _error(word_at, f"{word.text!r} is not a value of {enum.spec.key!r}{near}")
        term = Coded(enum.row, values[word.text])
        return term if tree.op == "==" else Not(term)


def _words(spec: PointSpec) -> str:
    return ", ".join(f'"{word}"' for word in spec.values or {})


def _nearest(word: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _error(tree: syntax.Tree, message: str) -> ExpressionError:
    if message.startswith(("is ", "compares with ")) and isinstance(tree, syntax.Name):
        message = f"{tree.key!r} {message}"
    elif message.startswith(("is ", "compares ")):
        message = f"this {message}"
    return ExpressionError(message, tree.line, tree.column)

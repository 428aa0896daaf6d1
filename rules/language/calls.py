"""Functions of the language: their arguments and what they measure; those over windows are in `overs`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from plantroom.model import PointKind
from rules.language import measures
from rules.language import tree as syntax
from rules.language.arithmetic import Numeric, convert, counterpart, extreme, size
from rules.language.names import Checked, Group, Worded, error, nearest
from rules.language.overs import OF_NUMBERS, OF_TRUTHS, SECONDS, refuse_inside, windowed
from rules.language.terms import (
    Comparison,
    Constant,
    Elapsed,
    FirstKnown,
    Known,
    NumberTerm,
    Previous,
    Related,
)

if TYPE_CHECKING:
    from rules.language.checker import Checker

PLAIN: tuple[str, ...] = ("abs", "min", "max", "first_known", "known", "previous", "duration")
GROUPED: tuple[str, ...] = ("any", "all", "count", "sum", "mean", "min", "max")
FUNCTIONS = tuple(dict.fromkeys((*PLAIN, *GROUPED, *OF_NUMBERS, *OF_TRUTHS)))


def call(checker: Checker, tree: syntax.Call) -> Checked:
    """What a function call means. Raises: ExpressionError."""
    if tree.function not in FUNCTIONS:
        near = nearest(tree.function, FUNCTIONS) or f"; the functions are {', '.join(FUNCTIONS)}"
        raise error(tree, f"unknown function {tree.function!r}{near}")
    if tree.over is not None:
        return windowed(checker, tree)
    if tree.where is not None or tree.within is not None:
        raise error(tree, f"{tree.function} needs a window here: write `over` and a stretch of time")
    first = tree.items[0]
    if isinstance(first, syntax.Member) and tree.function in GROUPED:
        found = checker.check(first)
        if isinstance(found, Group):
            return _grouped(found, tree)
    plain = _PLAIN.get(tree.function)
    if plain is None:
        raise error(tree, f"{tree.function} looks over a window: write {tree.function}(... over 5 min)")
    return plain(checker, tree)


def _grouped(group: Group, tree: syntax.Call) -> Checked:
    if len(tree.items) != 1:
        raise error(tree, f"{tree.function} of a group takes the group alone")
    binary = group.spec.kind is PointKind.BINARY
    if binary != (tree.function in ("any", "all", "count")):
        wanted = "any, all or count" if binary else "sum, mean, min or max"
        raise error(tree, f"{group.spec.key!r} is {group.spec.kind}: ask for {wanted}")
    measure = measures.NUMBER if binary else measures.of_unit(group.spec.unit)
    if measure.absolute and tree.function == "sum":
        raise error(tree, "temperatures are not added up; take mean, min or max")
    term = Related(group.relation, group.spec.key, tree.function, "" if binary else group.spec.unit)
    if tree.function in ("any", "all"):
        return Comparison(">", term, Constant(0.5))
    return Numeric(term, measure)


def _abs(checker: Checker, tree: syntax.Call) -> Checked:
    _exactly(tree, 1, "one number")
    return size(checker.number(tree.items[0]), tree)


def _extreme(checker: Checker, tree: syntax.Call) -> Checked:
    if len(tree.items) < 2:
        raise error(tree, f"{tree.function} takes two numbers or more, or a window: `over 5 min`")
    return extreme(tree.function == "max", [checker.number(item) for item in tree.items], tree)


def _first_known(checker: Checker, tree: syntax.Call) -> Checked:
    items = [checker.number(item) for item in tree.items]
    first = next((item for item in items if item.measure is not None), None)
    if len(items) < 2 or first is None or first.measure is None:
        raise error(tree, "first_known takes two numbers or more, one of them with a unit")
    terms: list[NumberTerm] = []
    for item, at in zip(items, tree.items, strict=True):
        terms.append(convert(item, counterpart(first, item, at), at))
    return Numeric(FirstKnown(tuple(terms)), first.measure)


def _known(checker: Checker, tree: syntax.Call) -> Checked:
    _exactly(tree, 1, "one name")
    found = checker.check(tree.items[0])
    if isinstance(found, Numeric | Worded):
        return Known(found.term)
    return Known(checker.truth(tree.items[0]))


def _previous(checker: Checker, tree: syntax.Call) -> Checked:
    _exactly(tree, 1, "one point")
    found = checker.names.row_of(tree.items[0])
    if found is None:
        raise error(tree.items[0], "is no point: previous takes the name of a point")
    row, spec = found
    if spec.kind is PointKind.BINARY:
        return Comparison(">", Previous(row), Constant(0.5))
    if spec.kind is PointKind.ENUM:
        return Worded(Previous(row), spec.key, tuple((spec.values or {}).items()))
    return Numeric(Previous(row), measures.of_unit(spec.unit))


def _elapsed(checker: Checker, tree: syntax.Call) -> Checked:
    _exactly(tree, 1, "one truth value")
    item = checker.truth(tree.items[0])
    refuse_inside(item, (Elapsed,), tree, "for and duration do not stand inside each other")
    return Numeric(Elapsed(item), SECONDS)


_PLAIN: Mapping[str, Callable[[Checker, syntax.Call], Checked]] = {
    "abs": _abs,
    "min": _extreme,
    "max": _extreme,
    "first_known": _first_known,
    "known": _known,
    "previous": _previous,
    "duration": _elapsed,
}


def _exactly(tree: syntax.Call, count: int, what: str) -> None:
    if len(tree.items) != count:
        raise error(tree, f"{tree.function} takes {what}")

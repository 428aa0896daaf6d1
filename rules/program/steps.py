"""One operation of one level: how its terms are computed side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from plantroom.readings import Float64s, Int64s
from rules.language.terms import (
    NUMBERS,
    Absolute,
    AllOf,
    Arithmetic,
    Choice,
    Comparison,
    Extreme,
    FirstKnown,
    Known,
    Not,
    Same,
    Scaled,
    Term,
)

Int8s: TypeAlias = NDArray[np.int8]
Step: TypeAlias = "Callable[[Float64s, Int8s], object]"
Rows: TypeAlias = "slice | Int64s"


class Plan(Protocol):
    """Where terms stand."""

    rows: dict[Term, int]

    def of(self, terms: Iterable[Term]) -> Rows:
        """The rows of terms, as a slice where they follow one another."""


def operation(term: Term) -> str:
    """What is done for the term; terms of one operation are computed together."""
    match term:
        case Comparison(op, _, _) | Arithmetic(op, _, _):
            return op
        case Extreme(largest, _):
            return "largest" if largest else "smallest"
        case Known(item):
            return "known number" if isinstance(item, NUMBERS) else "known truth"
        case _:
            return type(term).__name__


def _binary(apply: np.ufunc) -> Callable[[Plan, list[Term], slice], list[Step]]:
    def steps(plan: Plan, terms: list[Term], out: slice) -> list[Step]:
        left, right = plan.of(term.left for term in _as(terms)), plan.of(term.right for term in _as(terms))
        return [lambda board, _: apply(board[left], board[right], out=board[out])]

    return steps


def _as(terms: list[Term]) -> list[Arithmetic]:
    return cast("list[Arithmetic]", terms)


def _quotients(plan: Plan, terms: list[Term], out: slice) -> list[Step]:
    left, right = plan.of(term.left for term in _as(terms)), plan.of(term.right for term in _as(terms))

    def step(board: Float64s, _: Int8s) -> None:
        below = board[right]
        np.divide(board[left], below, out=board[out])
        board[out][below == 0] = np.nan

    return [step]


def _orders(holds: np.ufunc, fails: np.ufunc) -> Callable[[Plan, list[Term], slice], list[Step]]:
    def steps(plan: Plan, terms: list[Term], out: slice) -> list[Step]:
        pairs = cast("list[Comparison]", terms)
        left, right = plan.of(term.left for term in pairs), plan.of(term.right for term in pairs)

        def step(board: Float64s, truth: Int8s) -> None:
            first, second = board[left], board[right]
            yes, no = holds(first, second), fails(first, second)
            np.subtract(yes.view(np.int8), no.view(np.int8), out=truth[out])

        return [step]

    return steps


def _equals(plan: Plan, terms: list[Term], out: slice) -> list[Step]:
    pairs = cast("list[Comparison]", terms)
    left, right = plan.of(term.left for term in pairs), plan.of(term.right for term in pairs)

    def step(board: Float64s, truth: Int8s) -> None:
        first, second = board[left], board[right]
        # != would call NaN different, but unknown is neither the same nor different
        differ = (first < second) | (first > second)
        np.subtract((first == second).view(np.int8), differ.view(np.int8), out=truth[out])

    return [step]


def _scaled(plan: Plan, terms: list[Term], out: slice) -> list[Step]:
    items = cast("list[Scaled]", terms)
    of = plan.of(term.item for term in items)
    factor = np.array([[term.factor] for term in items])
    offset = np.array([[term.offset] for term in items])

    def step(board: Float64s, _: Int8s) -> None:
        np.multiply(board[of], factor, out=board[out])
        board[out] += offset

    return [step]


def _of_one(apply: np.ufunc) -> Callable[[Plan, list[Term], slice], list[Step]]:
    def steps(plan: Plan, terms: list[Term], out: slice) -> list[Step]:
        of = plan.of(term.item for term in cast("list[Absolute]", terms))
        return [lambda board, _: apply(board[of], out=board[out])]

    return steps


def _reduced(apply: np.ufunc, *, truths: bool) -> Callable[[Plan, list[Term], slice], list[Step]]:
    def steps(plan: Plan, terms: list[Term], out: slice) -> list[Step]:
        # the first items side by side, the second ones, and so on; who has fewer repeats the first
        items = [term.items for term in cast("list[AllOf]", terms)]
        longest = max(len(group) for group in items)
        padded = [(*group, *(group[0] for _ in range(longest - len(group)))) for group in items]
        first, *others = [plan.of(column) for column in zip(*padded, strict=True)]

        def step(board: Float64s, truth: Int8s) -> None:
            source = truth if truths else board
            source[out] = source[first]
            for other in others:
                apply(source[out], source[other], out=source[out])

        return [step]

    return steps


def _negations(plan: Plan, terms: list[Term], out: slice) -> list[Step]:
    of = plan.of(term.item for term in cast("list[Not]", terms))
    return [lambda _, truth: np.negative(truth[of], out=truth[out])]


def _agreements(plan: Plan, terms: list[Term], out: slice) -> list[Step]:
    pairs = cast("list[Same]", terms)
    left, right = plan.of(term.left for term in pairs), plan.of(term.right for term in pairs)
    return [lambda _, truth: np.multiply(truth[left], truth[right], out=truth[out])]


def _known_numbers(plan: Plan, terms: list[Term], out: slice) -> list[Step]:
    of = plan.of(term.item for term in cast("list[Known]", terms))

    def step(board: Float64s, truth: Int8s) -> None:
        truth[out] = 1 - 2 * np.isnan(board[of]).view(np.int8)

    return [step]


def _known_truths(plan: Plan, terms: list[Term], out: slice) -> list[Step]:
    of = plan.of(term.item for term in cast("list[Known]", terms))

    def step(_: Float64s, truth: Int8s) -> None:
        truth[out] = 2 * np.abs(truth[of]) - 1

    return [step]


def _choices(plan: Plan, terms: list[Term], out: slice) -> list[Step]:
    def one(row: int, of: list[int]) -> Step:
        def step(board: Float64s, truth: Int8s) -> None:
            found: Float64s = np.full(board.shape[1], float(len(of)))
            for at in range(len(of) - 1, -1, -1):
                says = truth[of[at]]
                found = np.where(says == 1, float(at), np.where(says == 0, np.nan, found))
            board[row] = found

        return step

    items = cast("list[Choice]", terms)
    return [one(out.start + at, [plan.rows[part] for part in term.items]) for at, term in enumerate(items)]


def _first_known(plan: Plan, terms: list[Term], out: slice) -> list[Step]:
    def one(row: int, of: list[int]) -> Step:
        def step(board: Float64s, _: Int8s) -> None:
            found = board[of[-1]]
            for at in reversed(of[:-1]):
                found = np.where(np.isnan(board[at]), found, board[at])
            board[row] = found

        return step

    items = cast("list[FirstKnown]", terms)
    return [one(out.start + at, [plan.rows[part] for part in term.items]) for at, term in enumerate(items)]


STEPS: Mapping[str, Callable[[Plan, list[Term], slice], list[Step]]] = {
    "+": _binary(np.add),
    "-": _binary(np.subtract),
    "*": _binary(np.multiply),
    "/": _quotients,
    "<": _orders(np.less, np.greater_equal),
    "<=": _orders(np.less_equal, np.greater),
    "==": _equals,
    "Scaled": _scaled,
    "Absolute": _of_one(np.abs),
    "largest": _reduced(np.maximum, truths=False),
    "smallest": _reduced(np.minimum, truths=False),
    "AllOf": _reduced(np.minimum, truths=True),
    "AnyOf": _reduced(np.maximum, truths=True),
    "Not": _negations,
    "Same": _agreements,
    "known number": _known_numbers,
    "known truth": _known_truths,
    "Choice": _choices,
    "FirstKnown": _first_known,
}

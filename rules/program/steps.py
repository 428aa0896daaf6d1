"""One operation on many terms side by side: rows of numbers, and rows of truth values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plantroom.readings import Bools, Float64s, Int64s

Int8s: TypeAlias = NDArray[np.int8]
Rows: TypeAlias = "slice | Int64s"
Step: TypeAlias = "Callable[[Float64s, Int8s], object]"
"""What is done to the numbers and truth values of all evaluations, each [rows, evaluations]."""


class Group(NamedTuple):
    """Terms that are computed together.

    `of` are the rows of their first parts, of their second ones and so on, `sizes` how many have so many;
    those with most parts come first. `out` is where the results go, `about` what each needs besides.
    """

    of: Sequence[Rows]
    sizes: Sequence[int]
    out: slice
    about: Sequence[Sequence[float]]


def _binary(apply: np.ufunc) -> Callable[[Group], Step]:
    def made(group: Group) -> Step:
        (left, right), out = group.of, group.out
        return lambda board, _: apply(board[left], board[right], out=board[out])

    return made


def _quotients(group: Group) -> Step:
    (left, right), out = group.of, group.out

    def step(board: Float64s, _: Int8s) -> None:
        below = board[right]
        np.divide(board[left], below, out=board[out])
        board[out][below == 0] = np.nan

    return step


def _orders(holds: np.ufunc, fails: np.ufunc) -> Callable[[Group], Step]:
    def made(group: Group) -> Step:
        (left, right), out = group.of, group.out

        def step(board: Float64s, truth: Int8s) -> None:
            first, second = board[left], board[right]
            _judged(holds(first, second), fails(first, second), truth[out])

        return step

    return made


def _equals(group: Group) -> Step:
    (left, right), out = group.of, group.out

    def step(board: Float64s, truth: Int8s) -> None:
        first, second = board[left], board[right]
        # != would call NaN different, but unknown is neither the same nor different
        _judged(first == second, (first < second) | (first > second), truth[out])

    return step


def _judged(yes: Bools, no: Bools, out: Int8s) -> None:
    np.subtract(yes.view(np.int8), no.view(np.int8), out=out)


def _scaled(group: Group) -> Step:
    [of], out = group.of, group.out
    factor = np.array([[factor] for factor, _ in group.about])
    offset = np.array([[offset] for _, offset in group.about])

    def step(board: Float64s, _: Int8s) -> None:
        np.multiply(board[of], factor, out=board[out])
        board[out] += offset

    return step


def _absolutes(group: Group) -> Step:
    [of], out = group.of, group.out
    return lambda board, _: np.abs(board[of], out=board[out])


def _reduced(apply: np.ufunc, *, truths: bool) -> Callable[[Group], Step]:
    def made(group: Group) -> Step:
        first, *others = group.of
        ends = [group.out.start + size for size in group.sizes[1:]]
        start, out = group.out.start, group.out

        def step(board: Float64s, truth: Int8s) -> None:
            source = truth if truths else board
            source[out] = source[first]
            for other, end in zip(others, ends, strict=True):
                so_far = source[start:end]
                apply(so_far, source[other], out=so_far)

        return step

    return made


def _negations(group: Group) -> Step:
    [of], out = group.of, group.out
    return lambda _, truth: np.negative(truth[of], out=truth[out])


def _agreements(group: Group) -> Step:
    (left, right), out = group.of, group.out
    return lambda _, truth: np.multiply(truth[left], truth[right], out=truth[out])


def _known_numbers(group: Group) -> Step:
    [of], out = group.of, group.out

    def step(board: Float64s, truth: Int8s) -> None:
        truth[out] = 1 - 2 * np.isnan(board[of]).view(np.int8)

    return step


def _known_truths(group: Group) -> Step:
    [of], out = group.of, group.out

    def step(_: Float64s, truth: Int8s) -> None:
        truth[out] = 2 * np.abs(truth[of]) - 1

    return step


def _choices(group: Group) -> Step:
    """The index of the first part that holds, from the last part to the first."""
    out = group.out
    count = np.zeros((out.stop - out.start, 1))
    for size in group.sizes:
        count[:size] += 1

    def step(board: Float64s, truth: Int8s) -> None:
        found = board[out]
        found[:] = count
        for at in range(len(group.of) - 1, -1, -1):
            says, so_far = truth[group.of[at]], found[: group.sizes[at]]
            so_far[says == 0] = np.nan
            so_far[says == 1] = float(at)

    return step


def _first_known(group: Group) -> Step:
    first, *others = group.of
    sizes, out = group.sizes[1:], group.out

    def step(board: Float64s, _: Int8s) -> None:
        found = board[out]
        found[:] = board[first]
        for other, size in zip(others, sizes, strict=True):
            so_far = found[:size]
            np.copyto(so_far, board[other], where=np.isnan(so_far))

    return step


STEPS: Mapping[str, Callable[[Group], Step]] = {
    "+": _binary(np.add),
    "-": _binary(np.subtract),
    "*": _binary(np.multiply),
    "/": _quotients,
    "<": _orders(np.less, np.greater_equal),
    "<=": _orders(np.less_equal, np.greater),
    "==": _equals,
    "scaled": _scaled,
    "absolute": _absolutes,
    "largest": _reduced(np.maximum, truths=False),
    "smallest": _reduced(np.minimum, truths=False),
    "all": _reduced(np.minimum, truths=True),
    "any": _reduced(np.maximum, truths=True),
    "not": _negations,
    "same": _agreements,
    "known number": _known_numbers,
    "known truth": _known_truths,
    "choice": _choices,
    "first known": _first_known,
}
"""How a group of each operation is computed."""

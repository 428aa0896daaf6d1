"""A program: terms laid out level by level, and run over a board."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

import numpy as np

from plantroom.readings import Float64s, Int64s
from rules.language.terms import (
    NUMBERS,
    Comparison,
    Constant,
    NumberTerm,
    ParameterValue,
    Term,
    TruthTerm,
    WidthOf,
    parts,
    walk,
)
from rules.program.spelling import spelled
from rules.program.steps import STEPS, Int8s, Rows, Step, operation


class Fixed(NamedTuple):
    """What does not change from reading to reading, one column an equipment.

    Shapes: `parameters` float64[Q, E], `widths` float64[P, E], the default deadbands.
    """

    parameters: Float64s
    widths: Float64s


class Program:
    """Several terms, computed together.

    `rows` says in which row of the board each term that comes from outside stands; the program's own rows
    begin at `free`. A board of `height` rows is enough.
    """

    def __init__(self, roots: Sequence[Term], rows: Mapping[Term, int], free: int, fixed: Fixed) -> None:
        plan = Plan(rows, free)
        placed = [plan.place(root) for root in roots]
        plan.lay_out()
        numbers, truths = [at for at in placed if at.number], [at for at in placed if not at.number]
        self._number_roots, self._truth_roots = _rows(numbers, plan), _rows(truths, plan)
        self.taken = tuple(Taken(at.number, (numbers if at.number else truths).index(at)) for at in placed)
        """Where each root comes out of `run`."""
        self.free = free
        self._fixed_numbers = np.array([fixed_number(term, fixed) for term in plan.fixed_numbers])
        self._fixed_truths = np.array([fixed_truth(term, fixed) for term in plan.fixed_truths])
        self.height = plan.height
        self._truths = plan.truths
        self._steps = plan.steps

    def run(self, board: Float64s, column: Int64s) -> tuple[Float64s, Int8s]:
        """The roots that are numbers, float64[.., n], and those that are truth values, int8[.., n].

        `board` float64[>= height, n] has the rows from outside filled in; `column` [n] is the equipment of
        each evaluation.
        """
        truth = np.empty((self._truths, len(column)), dtype=np.int8)
        if len(self._fixed_numbers):
            end = self.free + len(self._fixed_numbers)
            np.take(self._fixed_numbers, column, axis=1, out=board[self.free : end], mode="clip")
        if len(self._fixed_truths):
            np.take(self._fixed_truths, column, axis=1, out=truth[: len(self._fixed_truths)], mode="clip")
        with np.errstate(all="ignore"):
            for step in self._steps:
                step(board, truth)
        return board[self._number_roots], truth[self._truth_roots]


class Taken(NamedTuple):
    """A root of a program: whether it is a number, and its row among those of its kind."""

    number: bool
    row: int


class _Place(NamedTuple):
    number: bool
    term: Term


class Plan:
    """Where every term of a program stands, and the steps that fill it in."""

    def __init__(self, rows: Mapping[Term, int], free: int) -> None:
        self.outside = rows
        self.rows: dict[Term, int] = {}
        self.level: dict[Term, int] = {}
        self.fixed_numbers: list[NumberTerm] = []
        self.fixed_truths: list[TruthTerm] = []
        self.steps: list[Step] = []
        self.height = free
        self.truths = 0
        self._free = free

    def place(self, term: Term) -> _Place:
        """The term, spelled as programs spell it, entered with all that it needs."""
        found = spelled(term)
        self._enter(found)
        return _Place(isinstance(found, NUMBERS), found)

    def _enter(self, term: Term) -> int:
        """The level of the term: 0 for what is there from the start."""
        if term in self.level:
            return self.level[term]
        if term in self.outside:
            self.rows[term] = self.outside[term]
            level = 0
        elif _is_fixed(term, self.outside):
            level = 0
            if isinstance(term, NUMBERS):
                self.fixed_numbers.append(term)
            else:
                self.fixed_truths.append(term)
        else:
            level = 1 + max(self._enter(part) for part in parts(term))
        self.level[term] = level
        return level

    def lay_out(self) -> None:
        """Give every term its row, level by level, the same operation side by side."""
        for number, fixed in enumerate(self.fixed_numbers):
            self.rows[fixed] = self._free + number
        self.height = self._free + len(self.fixed_numbers)
        for at, condition in enumerate(self.fixed_truths):
            self.rows[condition] = at
        self.truths = len(self.fixed_truths)
        groups: dict[tuple[int, str], list[Term]] = {}
        self._gather()
        for term, level in self.level.items():
            if level:
                groups.setdefault((level, operation(term)), []).append(term)
        for (_, name), terms in sorted(groups.items()):
            self._group(name, terms)

    def _gather(self) -> None:
        """Let comparisons wait for one another, so that nearly all are made in one call."""
        pure: dict[Term, bool] = {}
        for term in self.level:  # parts stand before what they are parts of
            pure[term] = isinstance(term, NUMBERS) and all(
                pure.get(part, True) for part in (parts(term) if self.level[term] else ())
            )
        ready = [term for term in self.level if isinstance(term, Comparison) and self._waits(term, pure)]
        together = max((self.level[term] for term in ready), default=0)
        for term in ready:
            self.level[term] = together
        for term, level in self.level.items():
            if level and not pure[term] and term not in ready:
                self.level[term] = 1 + max(self.level[part] for part in parts(term))

    def _waits(self, term: Comparison, pure: Mapping[Term, bool]) -> bool:
        return self.level[term] > 0 and pure[term.left] and pure[term.right]

    def _group(self, name: str, terms: list[Term]) -> None:
        number = isinstance(terms[0], NUMBERS)
        start = self.height if number else self.truths
        for offset, term in enumerate(terms):
            self.rows[term] = start + offset
        out = slice(start, start + len(terms))
        if number:
            self.height = out.stop
        else:
            self.truths = out.stop
        self.steps.extend(STEPS[name](self, terms, out))

    def of(self, terms: Iterable[Term]) -> Rows:
        """The rows of terms, as a slice where they follow one another."""
        return _joined([self.rows[term] for term in terms])


def _rows(places: Sequence[_Place], plan: Plan) -> Rows:
    return _joined([plan.rows[at.term] for at in places])


def _joined(rows: list[int]) -> Rows:
    if rows and rows == list(range(rows[0], rows[0] + len(rows))):
        return slice(rows[0], rows[0] + len(rows))
    return np.array(rows, dtype=np.int64)


def _is_fixed(term: Term, outside: Mapping[Term, int]) -> bool:
    if term in outside:
        return False
    if isinstance(term, Constant | ParameterValue | WidthOf):
        return True
    inner = list(parts(term))
    return bool(inner) and all(_is_fixed(part, outside) for part in inner)


# ---- what reads no reading


def fixed_number(term: NumberTerm, fixed: Fixed) -> Float64s:
    """A term that reads no reading, one value for each equipment: float64[E]."""
    match term:
        case Constant(value):
            return np.full(fixed.widths.shape[1], value)
        case ParameterValue(row):
            return cast(Float64s, fixed.parameters[row])
        case WidthOf(row):
            return cast(Float64s, fixed.widths[row])
    numbers, _ = _alone(term, fixed)
    return cast(Float64s, numbers[0])


def fixed_truth(term: TruthTerm, fixed: Fixed) -> Int8s:
    """A condition that reads no reading, one value for each equipment: int8[E]."""
    _, truths = _alone(term, fixed)
    return cast(Int8s, truths[0])


def _alone(term: Term, fixed: Fixed) -> tuple[Float64s, Int8s]:
    kinds = (Constant, ParameterValue, WidthOf)
    leaves = list(dict.fromkeys(part for part in walk(term) if isinstance(part, kinds)))
    program = Program([term], {leaf: at for at, leaf in enumerate(leaves)}, len(leaves), fixed)
    equipment = fixed.widths.shape[1]
    board = np.empty((program.height, equipment))
    for at, leaf in enumerate(leaves):
        board[at] = fixed_number(leaf, fixed)
    return program.run(board, np.arange(equipment))

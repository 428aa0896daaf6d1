"""A program: terms of one or several classes laid out on a board, and run over evaluations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import numpy as np

from plantroom.readings import Float64s, Int64s
from rules.language.terms import NUMBERS, Constant, NumberTerm, ParameterValue, Term, TruthTerm, WidthOf, walk
from rules.program.plan import LEAVES, Plan
from rules.program.spelling import Speller
from rules.program.steps import STEPS, Group, Int8s, Rows, Step
from rules.strips import Strips

AT_ONCE = 256
"""How many columns are gone through at once, so that what the steps read and write stays in the cache."""


class Fixed(NamedTuple):
    """What does not change from reading to reading, one column an equipment.

    Shapes: `parameters` float64[Q, E], `widths` float64[P, E], the default deadbands.
    """

    parameters: Float64s
    widths: Float64s


class Part(NamedTuple):
    """One class in a program: its terms, the rows of the board that they read, and what is fixed.

    `first` is the number of its first equipment.
    """

    roots: Sequence[Term]
    rows: Mapping[Term, int]
    fixed: Fixed
    first: int = 0


class Program:
    """Several terms, computed together."""

    def __init__(self, parts: Sequence[Part]) -> None:
        plan = Plan()
        spellers = [Speller(plan, at, part.rows) for at, part in enumerate(parts)]
        roots = [
            speller.node(term) for speller, part in zip(spellers, parts, strict=True) for term in part.roots
        ]
        layout = _Layout(plan)
        numbers = [at for at in roots if plan.nodes[at].number]
        truths = [at for at in roots if not plan.nodes[at].number]
        self._number_roots, self._truth_roots = layout.of(numbers), layout.of(truths)
        self._counts = len(numbers), len(truths)
        self._reads = np.array([plan.nodes[at].about[0] for at in plan.leaves("outside")], dtype=np.int64)
        self._fixed_numbers = _Settled(plan, "fixed number", parts)
        self._fixed_truths = _Settled(plan, "fixed truth", parts)
        self._constants = np.array([plan.nodes[at].about for at in plan.leaves("constant")]).reshape(-1, 1)
        self._steps = layout.steps
        self._height, self._truths = layout.height, layout.truths
        self.size = layout.height + layout.truths
        """How many terms there are: what a column costs."""

    def run(self, outside: Float64s, equipment: Int64s) -> tuple[Float64s, Int8s]:
        """The roots that are numbers, float64[.., n], and those that are truth values, int8[.., n].

        `outside` float64[.., n] is what comes from outside; `equipment` int64[parts, n] or [n] is whose
        evaluation each column is, for each of the classes.
        """
        size = outside.shape[1]
        equipment = equipment.reshape(-1, size)
        numbers = np.empty((self._counts[0], size))
        truths = np.empty((self._counts[1], size), dtype=np.int8)
        width = min(size, AT_ONCE)
        scratch = np.empty(self._height * width), np.empty(self._truths * width, dtype=np.int8)
        with np.errstate(all="ignore"):
            for start in range(0, size, AT_ONCE):
                part = slice(start, min(start + AT_ONCE, size))
                width = part.stop - start
                board = scratch[0][: self._height * width].reshape(-1, width)
                truth = scratch[1][: self._truths * width].reshape(-1, width)
                self._run(board, truth, outside[:, part], equipment[:, part])
                numbers[:, part], truths[:, part] = board[self._number_roots], truth[self._truth_roots]
        return numbers, truths

    def _run(self, board: Float64s, truth: Int8s, outside: Float64s, equipment: Int64s) -> None:
        end = len(self._reads)
        board[:end] = outside[self._reads]
        start, end = end, end + len(self._fixed_numbers.strips)
        self._fixed_numbers.fill(board[start:end], equipment)
        board[end : end + len(self._constants)] = self._constants
        self._fixed_truths.fill(truth[: len(self._fixed_truths.strips)], equipment)
        for step in self._steps:
            step(board, truth)


class _Layout:
    """Where every node stands, and the steps that fill them in."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.height = self.truths = 0
        self.steps: list[Step] = []
        self._rows = [-1] * len(plan.nodes)
        for op in LEAVES:
            self._place(plan.leaves(op))
        for op, group in plan.groups():
            columns = [self.of(column) for column in plan.columns(group)]
            sizes = [len(column) for column in plan.columns(group)]
            about = [cast("Sequence[float]", plan.nodes[at].about) for at in group]
            self.steps.append(STEPS[op](Group(columns, sizes, self._place(group), about)))

    def _place(self, group: Sequence[int]) -> slice:
        """Rows for nodes of one kind, side by side."""
        number = bool(group) and self._plan.nodes[group[0]].number
        start = self.height if number else self.truths
        for row, at in enumerate(group, start=start):
            self._rows[at] = row
        out = slice(start, start + len(group))
        if number:
            self.height = out.stop
        else:
            self.truths = out.stop
        return out

    def of(self, nodes: Sequence[int]) -> Rows:
        """The rows of nodes, as a slice where they follow one another: a slice is not copied."""
        rows = [self._rows[at] for at in nodes]
        if rows and rows == list(range(rows[0], rows[0] + len(rows))):
            return slice(rows[0], rows[0] + len(rows))
        return np.array(rows, dtype=np.int64)


# ---- what reads no reading


class _Settled:
    """The values of what reads no reading: strips of a table, a row each."""

    def __init__(self, plan: Plan, op: str, parts: Sequence[Part]) -> None:
        found: list[Float64s | Int8s] = []
        strips: list[tuple[int, int]] = []
        size = 0
        for at in plan.leaves(op):
            part, term = cast("tuple[int, Term]", plan.nodes[at].about)
            values = _fixed(term, parts[part].fixed)
            strips.append((size - parts[part].first, part))
            found.append(values)
            size += len(values)
        self.strips = Strips.listed(strips)
        self._table = np.concatenate(found) if found else np.empty(0)

    def fill(self, out: Float64s | Int8s, equipment: Int64s) -> None:
        """Put down the values of the equipment int64[parts, n] of each column."""
        if len(self.strips):
            # without a mode, numpy would go over a copy of `out`
            np.take(self._table, self.strips.at(equipment), out=out, mode="clip")


def _fixed(term: Term, fixed: Fixed) -> Float64s | Int8s:
    if isinstance(term, NUMBERS):
        return fixed_number(term, fixed)
    return fixed_truth(term, fixed)


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
    program = Program([Part([term], {leaf: at for at, leaf in enumerate(leaves)}, fixed)])
    equipment = fixed.widths.shape[1]
    board = np.array([fixed_number(leaf, fixed) for leaf in leaves]).reshape(-1, equipment)
    return program.run(board, np.arange(equipment))

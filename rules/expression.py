"""A rule's text, checked against its equipment class and compiled into functions over columns.

The language is described in README.md. This file is the way in; `syntax` parses, `checker` and `arithmetic`
hold names and quantities apart, `columns` and `compiler` build the functions, `deadband` gives the widths.
"""

from __future__ import annotations

from dataclasses import dataclass

from plantroom.catalogue import Catalogue, EquipmentClass, FaultRule
from plantroom.errors import ExpressionError, Problem
from plantroom.yaml_file import KeyPath
from rules.checker import condition
from rules.columns import Columns
from rules.compiler import Compiler, Masks, width_rows
from rules.deadband import DeadbandError, given_widths
from rules.location import in_file
from rules.syntax import parse
from rules.terms import TruthTerm, point_rows

__all__ = ["Checked", "Columns", "CompiledRule", "Masks", "check", "check_catalogue", "compile_rule"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A text that means something for a class: its terms, and the points that it reads in order."""

    terms: TruthTerm
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A fault rule as functions over columns (see `Columns`).

    `raises` is the condition as written, which raises the alarm. `holds` is the same with every comparison
    relaxed by its deadband: an alarm clears when it is known to be false.
    """

    key: str
    text: str
    points: tuple[str, ...]
    rows: tuple[int, ...]
    """The rows of `points` in the class."""
    raises: Masks
    holds: Masks


def check(text: str, cls: EquipmentClass) -> Checked:
    """What the text means for equipment of the class.

    Raises: ExpressionError with line and column inside the text.
    """
    terms = condition(parse(text), cls)
    rows = point_rows(terms)
    if not rows:
        raise ExpressionError("the text reads no point, so it would always say the same")
    return Checked(terms, tuple(spec.key for row, spec in enumerate(cls.points) if row in rows))


def compile_rule(rule: FaultRule, cls: EquipmentClass) -> CompiledRule:
    """The rule's raise and hold conditions, and the points that they read.

    Raises: ExpressionError for the text, DeadbandError for a deadband entry.
    """
    found = check(rule.when, cls)
    given = given_widths(rule, cls)
    used = width_rows(found.terms)
    for row in given:
        if row not in used:
            key = cls.points[row].key
            raise DeadbandError(
                key, "no comparison of the rule is about this point, so its deadband does nothing"
            )
    compiler = Compiler(given)
    return CompiledRule(
        key=rule.key,
        text=rule.when,
        points=found.points,
        rows=tuple(row for row, spec in enumerate(cls.points) if spec.key in found.points),
        raises=compiler.masks(found.terms, relaxed=False),
        holds=compiler.masks(found.terms, relaxed=True),
    )


def check_catalogue(catalogue: Catalogue) -> list[Problem]:
    """Every wrong rule text and deadband, with file, line, column and key; empty when all are right."""
    problems = []
    for cls in catalogue:
        for rule in cls.rules:
            try:
                compile_rule(rule, cls)
            except ExpressionError as failure:
                problems.append(_text_problem(catalogue, cls, rule, failure))
            except DeadbandError as failure:
                problems.append(_problem(catalogue, cls, rule, ("deadband", failure.point), str(failure)))
    return problems


def _text_problem(
    catalogue: Catalogue, cls: EquipmentClass, rule: FaultRule, failure: ExpressionError
) -> Problem:
    problem = _problem(catalogue, cls, rule, ("when",), str(failure))
    return in_file(problem, rule.when, failure.line, failure.column)


def _problem(
    catalogue: Catalogue, cls: EquipmentClass, rule: FaultRule, entry: tuple[str, ...], message: str
) -> Problem:
    if cls.key in catalogue.marks:
        path: KeyPath = ("rules", cls.rules.index(rule), *entry)
        return catalogue.marks[cls.key].problem(path, message)
    return Problem(cls.key, 1, 1, ".".join(("rules", rule.key, *entry)), message)

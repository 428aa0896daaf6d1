"""A rule's text, checked against its equipment class: what it means, when it is judged, where it is wrong.

The language is described in README.md. This file is the way into `rules/language`.
"""

from __future__ import annotations

from dataclasses import dataclass

from plantroom.catalogue import Catalogue, EquipmentClass, FaultRule, TermSpec
from plantroom.errors import ExpressionError, Problem
from plantroom.times import Nanos
from plantroom.yaml_file import KeyPath
from rules.language import names as words
from rules.language.checker import Checker
from rules.language.deadband import DeadbandError, given_widths, relaxed, width_rows
from rules.language.location import in_file
from rules.language.names import Names
from rules.language.overs import nanos
from rules.language.syntax import parse
from rules.language.terms import (
    Elapsed,
    Related,
    TruthTerm,
    Windowed,
    point_rows,
    walk,
)
from rules.language.tree import Lasting

__all__ = ["Checked", "CompiledRule", "check", "check_catalogue", "compile_class", "compile_rule"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A text that means something for a class: its terms, and the points that it reads in order.

    Units: `lasting` ns, what stands after a `for` at the end of the text; 0 without.
    """

    terms: TruthTerm
    points: tuple[str, ...]
    lasting: Nanos = 0


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A fault rule as terms.

    `raises` is the condition as written, which raises the alarm. `holds` is the same with every comparison
    relaxed by its deadband: an alarm clears when it is known to be false.
    Units: delays ns.
    """

    key: str
    text: str
    points: tuple[str, ...]
    rows: tuple[int, ...]
    """The rows of `points` in the class."""
    now_rows: tuple[int, ...]
    """Those that it reads outside of windows: their silence interrupts its delays."""
    raises: TruthTerm
    holds: TruthTerm
    on_delay: Nanos
    off_delay: Nanos
    min_hold: Nanos
    at_minutes: bool
    """Whether it reads nothing but windows, and is judged at whole minutes."""
    windows: tuple[Windowed, ...]


class TermError(Exception):
    """A term of the class is wrong; `entry` is its place in the class file."""

    def __init__(self, entry: tuple[str | int, ...], text: str, failure: ExpressionError) -> None:
        self.entry = entry
        self.text = text
        self.failure = failure
        super().__init__(str(failure))


def checker_of(cls: EquipmentClass, catalogue: Catalogue | None = None) -> Checker:
    """What gives texts of the class their meaning, its terms included.

    Raises: TermError.
    """
    checker = Checker(Names(cls, catalogue))
    for index, spec in enumerate(cls.terms):
        checker.names.terms[spec.key] = _term(checker, spec, index)
    return checker


def _term(checker: Checker, spec: TermSpec, index: int) -> words.Checked:
    if spec.text is not None:
        try:
            return checker.check(parse(spec.text))
        except ExpressionError as failure:
            raise TermError(("terms", index, "is"), spec.text, failure) from failure
    branches: list[tuple[str, TruthTerm]] = []
    for word, text in (spec.states or {}).items():
        try:
            branches.append((word, checker.truth(parse(text))))
        except ExpressionError as failure:
            raise TermError(("terms", index, "states", word), text, failure) from failure
    return words.states(spec.key, branches)


def check(
    text: str, cls: EquipmentClass, catalogue: Catalogue | None = None, *, checker: Checker | None = None
) -> Checked:
    """What the text means for equipment of the class.

    Points of other equipment are looked up in the catalogue, without one in the class alone.
    Raises: ExpressionError with line and column inside the text.
    """
    try:
        checker = checker or checker_of(cls, catalogue)
    except TermError as failure:
        raise failure.failure from failure
    tree = parse(text)
    ends = tree if isinstance(tree, Lasting) else None
    terms = checker.truth(tree if ends is None else ends.item)
    lasting = 0 if ends is None else nanos(ends.span)
    rows = point_rows(terms)
    if not rows and not any(isinstance(part, Related) for part in walk(terms)):
        raise ExpressionError("the text reads no point, so it would always say the same")
    points = tuple(spec.key for row, spec in enumerate(cls.points) if row in rows)
    return Checked(terms, points, lasting)


def compile_rule(
    rule: FaultRule,
    cls: EquipmentClass,
    catalogue: Catalogue | None = None,
    *,
    checker: Checker | None = None,
) -> CompiledRule:
    """The rule's raise and hold conditions, and what they read.

    Raises: ExpressionError for the text, DeadbandError for a deadband entry.
    """
    found = check(rule.when, cls, catalogue, checker=checker)
    if found.lasting and rule.on_delay:
        raise ExpressionError("the delay is said twice: by `for` at the end of the text and by on_delay")
    given = given_widths(rule, cls)
    used = width_rows(found.terms)
    for row in given:
        if row not in used:
            key = cls.points[row].key
            raise DeadbandError(
                key, "no comparison of the rule is about this point, so its deadband does nothing"
            )
    outside = list(walk(found.terms, into_windows=False))
    now_rows = point_rows(found.terms, into_windows=False)
    live = any(isinstance(part, Related | Elapsed) for part in outside)
    return CompiledRule(
        key=rule.key,
        text=rule.when,
        points=found.points,
        rows=tuple(row for row, spec in enumerate(cls.points) if spec.key in found.points),
        now_rows=tuple(sorted(now_rows)),
        raises=found.terms,
        holds=relaxed(found.terms, given),
        on_delay=rule.on_delay or found.lasting,
        off_delay=rule.off_delay,
        min_hold=rule.min_hold,
        at_minutes=not now_rows and not live,
        windows=tuple(dict.fromkeys(part for part in walk(found.terms) if isinstance(part, Windowed))),
    )


def compile_class(cls: EquipmentClass, catalogue: Catalogue | None = None) -> tuple[CompiledRule, ...]:
    """Every rule of the class, compiled.

    Raises: TermError, ExpressionError, DeadbandError.
    """
    checker = checker_of(cls, catalogue)
    return tuple(compile_rule(rule, cls, catalogue, checker=checker) for rule in cls.rules)


def check_catalogue(catalogue: Catalogue) -> list[Problem]:
    """Every wrong term, rule text and deadband, with file, line, column and key; empty when all are right."""
    problems: list[Problem] = []
    for cls in catalogue:
        try:
            checker = checker_of(cls, catalogue)
        except TermError as failure:
            place = _problem(catalogue, cls, failure.entry, str(failure.failure))
            problems.append(in_file(place, failure.text, failure.failure.line, failure.failure.column))
            continue
        for index, rule in enumerate(cls.rules):
            try:
                compile_rule(rule, cls, catalogue, checker=checker)
            except ExpressionError as failure:
                place = _problem(catalogue, cls, ("rules", index, "when"), str(failure))
                problems.append(in_file(place, rule.when, failure.line, failure.column))
            except DeadbandError as failure:
                entry = ("rules", index, "deadband", failure.point)
                problems.append(_problem(catalogue, cls, entry, str(failure)))
    return problems


def _problem(catalogue: Catalogue, cls: EquipmentClass, entry: KeyPath, message: str) -> Problem:
    if cls.key in catalogue.marks:
        return catalogue.marks[cls.key].problem(entry, message)
    named = [str(part) for part in entry]
    if entry[0] == "rules":
        named[1] = cls.rules[int(entry[1])].key
    return Problem(cls.key, 1, 1, ".".join(named), message)

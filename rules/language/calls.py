"""Functions of the language: their arguments, their windows and what they measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from plantroom.model import PointKind
from plantroom.times import DAY, HOUR, MINUTE, Nanos
from rules.language import measures
from rules.language import tree as syntax
from rules.language.arithmetic import Numeric, convert, counterpart, extreme, size
from rules.language.measures import Measure
from rules.language.names import Checked, Group, Worded, error, nearest
from rules.language.terms import (
    Comparison,
    Constant,
    Elapsed,
    FirstKnown,
    Known,
    NumberTerm,
    Previous,
    Related,
    Term,
    TruthTerm,
    Windowed,
    point_rows,
    walk,
)

if TYPE_CHECKING:
    from rules.language.checker import Checker

SECONDS = measures.of_unit("s")
PLAIN: tuple[str, ...] = ("abs", "min", "max", "first_known", "known", "previous", "duration")
GROUPED: tuple[str, ...] = ("any", "all", "count", "sum", "mean", "min", "max")
OF_NUMBERS: tuple[str, ...] = (
    *("mean", "min", "max", "stddev", "percentile", "delta", "rate", "slope", "ewma", "learned"),
    *("flatline", "absent", "changes", "changed", "spikes", "reversals", "time_to", "reaches"),
)
OF_TRUTHS: tuple[str, ...] = ("count", "duration", "changes", "changed", "absent")
FUNCTIONS = tuple(dict.fromkeys((*PLAIN, *GROUPED, *OF_NUMBERS, *OF_TRUTHS)))

_STEPS: tuple[tuple[Nanos, Nanos], ...] = (
    (HOUR, MINUTE),
    (6 * HOUR, 5 * MINUTE),
    (DAY, 30 * MINUTE),
    (8 * DAY, 3 * HOUR),
)
LONGEST_SPAN = 366 * DAY
MOST_BARS = 3_000


def nanos(span: syntax.Number) -> Nanos:
    """The ns of a span that the grammar has let through."""
    found = syntax.nanos_of(span)
    if found is None:
        raise error(span, "is no stretch of time")
    return found


def call(checker: Checker, tree: syntax.Call) -> Checked:
    """What a function call means. Raises: ExpressionError."""
    if tree.function not in FUNCTIONS:
        near = nearest(tree.function, FUNCTIONS) or f"; the functions are {', '.join(FUNCTIONS)}"
        raise error(tree, f"unknown function {tree.function!r}{near}")
    if tree.over is not None:
        return _windowed(checker, tree)
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


def refuse_inside(term: Term, kinds: tuple[type, ...], tree: syntax.Tree, message: str) -> None:
    """Nothing. Raises: ExpressionError where a term of one of the kinds stands inside."""
    if any(isinstance(part, kinds) for part in walk(term)):
        raise error(tree, message)


# ---- windows


def _windowed(checker: Checker, tree: syntax.Call) -> Checked:
    window = _window(checker, tree)
    source = window.source
    refuse_inside(source, (Windowed,), tree, "windows do not stand inside each other")
    if window.where is not None:
        refuse_inside(window.where, (Windowed,), tree, "windows do not stand inside each other")
    if not point_rows(source) and not any(isinstance(part, Related) for part in walk(source)):
        raise error(tree, "this window reads no point")
    measure = _measure_of(checker, tree)
    if tree.function in _RESULTS:
        return _RESULTS[tree.function](checker, tree, window, measure)
    return Numeric(window, measure)


def _window(checker: Checker, tree: syntax.Call) -> Windowed:
    source = _source(checker, tree)
    where = None if tree.where is None else checker.truth(tree.where)
    if tree.over is None:
        raise error(tree, "has no window")
    span, step = _bars(tree.over, tree.by)
    point = checker.names.row_of(tree.items[0])
    counter = point is not None and point[1].kind is PointKind.COUNTER
    series = syntax.text_of(tree.items[0]) + (f" where {syntax.text_of(tree.where)}" if tree.where else "")
    return Windowed(tree.function, source, where, span, step, syntax.text_of(tree), series, counter=counter)


def _source(checker: Checker, tree: syntax.Call) -> Term:
    found = checker.check(tree.items[0])
    truth = not isinstance(found, Numeric | Worded)
    if tree.function not in (OF_TRUTHS if truth else OF_NUMBERS):
        wanted = "a number" if truth else "a truth value"
        raise error(tree.items[0], f"is not {wanted}, which {tree.function} over a window takes")
    if isinstance(found, Worded) and tree.function not in ("changes", "changed", "absent"):
        raise error(tree.items[0], f"is an enumeration: compare it with a word, {found.named()}")
    count = {"percentile": 2, "reversals": 2, "time_to": 2, "reaches": 2}.get(tree.function, 1)
    if len(tree.items) != count:
        words = {"percentile": ", 95 %", "reversals": ", 5 %", "time_to": ", limit", "reaches": ", limit"}
        raise error(tree, f"write {tree.function}(x{words.get(tree.function, '')} over ...)")
    if (tree.within is not None) != (tree.function == "reaches"):
        raise error(tree, "within belongs to reaches: reaches(x, limit, within 7 d over 24 h)")
    if isinstance(found, Numeric | Worded):
        return found.term
    return checker.truth(tree.items[0])


def _bars(over: syntax.Number, by: syntax.Number | None) -> tuple[Nanos, Nanos]:
    span = nanos(over)
    if span < MINUTE or span > LONGEST_SPAN:
        raise error(over, "a window is 1 min to 366 d long")
    if by is None:
        step = next((step for limit, step in _STEPS if span <= limit), DAY)
    else:
        step = nanos(by)
        if step % MINUTE or span // step > MOST_BARS:
            raise error(by, f"a bar is whole minutes, and a window has at most {MOST_BARS} of them")
    if span % step:
        raise error(over, f"the window is not a whole number of its bars ({step // MINUTE} min)")
    return span, step


def _measure_of(checker: Checker, tree: syntax.Call) -> Measure:
    """What the window function gives for the source as its first argument."""
    if tree.function in ("count", "changes", "changed", "absent", "spikes", "reversals"):
        return measures.NUMBER
    if tree.function in ("duration", "time_to", "reaches"):
        return SECONDS
    measure = checker.number(tree.items[0]).measure or measures.NUMBER
    if tree.function in ("stddev", "delta", "flatline"):
        return measure.difference
    if tree.function in ("rate", "slope"):
        return measures.times(measure.difference, SECONDS, -1)
    return measure


_Result: TypeAlias = "Callable[[Checker, syntax.Call, Windowed, Measure], Checked]"


def _changed(_checker: Checker, _tree: syntax.Call, window: Windowed, _measure: Measure) -> TruthTerm:
    return Comparison(">", replace(window, function="changes"), Constant(0.0))


def _flatline(_checker: Checker, _tree: syntax.Call, window: Windowed, _measure: Measure) -> TruthTerm:
    return Comparison("<=", replace(window, function="range"), Constant(0.0))


def _absent(_checker: Checker, _tree: syntax.Call, window: Windowed, _measure: Measure) -> TruthTerm:
    return Comparison("<=", replace(window, function="readings"), Constant(0.0))


def _limited(checker: Checker, tree: syntax.Call, window: Windowed) -> Windowed:
    source, limit = checker.number(tree.items[0]), checker.number(tree.items[1])
    wanted = source.measure or measures.NUMBER
    if tree.function == "reversals":
        wanted = wanted.difference
    term = convert(limit, counterpart(Numeric(source.term, wanted), limit, tree), tree.items[1])
    if point_rows(term) or any(isinstance(part, Windowed | Related) for part in walk(term)):
        raise error(tree.items[1], "reads a point: the limit of a window is a number or a parameter")
    return replace(window, limit=term, unit=wanted.symbol)


def _time_to(checker: Checker, tree: syntax.Call, window: Windowed, measure: Measure) -> Checked:
    return Numeric(_limited(checker, tree, window), measure)


def _reaches(checker: Checker, tree: syntax.Call, window: Windowed, _measure: Measure) -> Checked:
    if tree.within is None:
        raise error(tree, "reaches needs `within` and a stretch of time")
    found = replace(_limited(checker, tree, window), function="time_to")
    return Comparison("<=", found, Constant(nanos(tree.within) / 1e9))


def _reversals(checker: Checker, tree: syntax.Call, window: Windowed, measure: Measure) -> Checked:
    return Numeric(_limited(checker, tree, window), measure)


def _percentile(checker: Checker, tree: syntax.Call, window: Windowed, measure: Measure) -> Checked:
    share = checker.number(tree.items[1])
    if share.measure is None or share.measure.plain != "ratio" or not isinstance(share.term, Constant):
        raise error(tree.items[1], "is no share: write percentile(x, 95 % over 24 h)")
    value = share.term.value * share.measure.scale
    if not 0 <= value <= 1:
        raise error(tree.items[1], "is not between 0 and 100 %")
    return Numeric(replace(window, limit=Constant(value)), measure)


_RESULTS: Mapping[str, _Result] = {
    "changed": _changed,
    "flatline": _flatline,
    "absent": _absent,
    "time_to": _time_to,
    "reaches": _reaches,
    "reversals": _reversals,
    "percentile": _percentile,
}

"""Functions over windows: what they look back over, and what they measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from plantroom.model import PointKind
from plantroom.times import DAY, HOUR, MINUTE, Nanos
from rules.language import measures
from rules.language import tree as syntax
from rules.language.arithmetic import Numeric, convert, counterpart
from rules.language.measures import Measure
from rules.language.names import Checked, Worded, error
from rules.language.terms import Comparison, Constant, Related, Term, TruthTerm, Windowed, point_rows, walk

if TYPE_CHECKING:
    from rules.language.checker import Checker

SECONDS = measures.of_unit("s")
OF_NUMBERS: tuple[str, ...] = (
    *("mean", "min", "max", "stddev", "percentile", "delta", "rate", "slope", "ewma", "learned"),
    *("flatline", "absent", "changes", "changed", "spikes", "reversals", "time_to", "reaches"),
)
OF_TRUTHS: tuple[str, ...] = ("count", "duration", "changes", "changed", "absent")
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


def refuse_inside(term: Term, kinds: tuple[type, ...], tree: syntax.Tree, message: str) -> None:
    """Nothing. Raises: ExpressionError where a term of one of the kinds stands inside."""
    if any(isinstance(part, kinds) for part in walk(term)):
        raise error(tree, message)


def windowed(checker: Checker, tree: syntax.Call) -> Checked:
    """What a function over a window means. Raises: ExpressionError."""
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

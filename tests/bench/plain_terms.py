"""Checked terms as Python source, one lambda each: what a programmer would have written by hand.

A lambda takes `v` the points as they are seen (NaN unknown), `p` the parameters, then the default deadbands,
then the zone, `x` what is worked out before (windows, durations, previous readings, related points) and `t`
the time in ns. Of a condition there are two: when it is known true, and when it is known false.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from plantroom.catalogue import EquipmentClass
from rules.language import terms

CONTRARY = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def divided(left: float, right: float) -> float:
    return left / right if right else math.nan


def differ(left: float, right: float) -> bool:
    return left < right or left > right  # != would call NaN different


def largest(*items: float) -> float:
    return math.nan if any(map(math.isnan, items)) else max(items)


def smallest(*items: float) -> float:
    return math.nan if any(map(math.isnan, items)) else min(items)


def first_known(*items: float) -> float:
    return next((item for item in items if not math.isnan(item)), math.nan)


def hour(at: int, zone: ZoneInfo) -> float:
    clock = datetime.fromtimestamp(at // 1_000_000_000, zone)
    return clock.hour + clock.minute / 60 + (clock.second + at % 1_000_000_000 / 1e9) / 3600


def weekday(at: int, zone: ZoneInfo) -> int:
    return datetime.fromtimestamp(at // 1_000_000_000, zone).isoweekday()


def month(at: int, zone: ZoneInfo) -> int:
    return datetime.fromtimestamp(at // 1_000_000_000, zone).month


NAMES = {
    name.__name__: name for name in (divided, differ, largest, smallest, first_known, hour, weekday, month)
}


class Writer:
    """Terms of one class as functions; `slots` says where in `x` stands what is worked out before."""

    def __init__(self, cls: EquipmentClass, slots: dict[terms.Term, int]) -> None:
        self.parameters = len(cls.parameters)
        self.slots = slots

    def holds(self, term: terms.TruthTerm) -> Callable[..., bool]:
        """Whether a condition is known true."""
        return _compiled(self.truth(term, True))

    def fails(self, term: terms.TruthTerm) -> Callable[..., bool]:
        """Whether a condition is known false."""
        return _compiled(self.truth(term, False))

    def value(self, term: terms.Term) -> Callable[..., float]:
        """A number; a condition as 1, 0 or NaN."""
        if isinstance(term, terms.NUMBERS):
            return _compiled(self.number(term))
        return _compiled(f"1.0 if {self.truth(term, True)} else 0.0 if {self.truth(term, False)} else nan")

    def truth(self, term: terms.TruthTerm, wanted: bool) -> str:  # noqa: PLR0911  one for each kind of term
        match term:
            case terms.Flag(row):
                return f"v[{row}] > 0.5" if wanted else f"v[{row}] <= 0.5"
            case terms.Coded(row, code):
                return f"v[{row}] == {code}" if wanted else f"differ(v[{row}], {code})"
            case terms.Not(item):
                return self.truth(item, not wanted)
            case terms.AllOf(items) | terms.AnyOf(items):
                word = " and " if isinstance(term, terms.AllOf) == wanted else " or "
                return "(" + word.join(self.truth(item, wanted) for item in items) + ")"
            case terms.Comparison(op, left, right):
                op = op if wanted else CONTRARY[op]
                first, second = self.number(left), self.number(right)
                return f"differ({first}, {second})" if op == "!=" else f"{first} {op} {second}"
            case terms.Same(left, right):
                yes, no = self.truth(right, wanted), self.truth(right, not wanted)
                return f"({self.truth(left, True)} and {yes} or {self.truth(left, False)} and {no})"
            case terms.Known(item) if isinstance(item, terms.NUMBERS):
                return f"{self.number(item)} {'==' if wanted else '!='} {self.number(item)}"
            case terms.Known(item):
                either = f"({self.truth(item, True)} or {self.truth(item, False)})"
                return either if wanted else f"(not {either})"
            case _:
                raise NotImplementedError(term)

    def number(self, term: terms.NumberTerm) -> str:  # noqa: PLR0911, PLR0912, C901  one for each kind of term
        if term in self.slots:
            return f"x[{self.slots[term]}]"
        match term:
            case terms.Constant(value):
                return f"({value!r})"
            case terms.PointValue(row):
                return f"v[{row}]"
            case terms.ParameterValue(row):
                return f"p[{row}]"
            case terms.WidthOf(row):
                return f"p[{self.parameters + row}]"
            case terms.Calendar(name):
                return f"{name}(t, p[-1])"
            case terms.Choice(items):
                branches = (
                    f"{at}.0 if {self.truth(item, True)} else nan if not {self.truth(item, False)} else "
                    for at, item in enumerate(items)
                )
                return f"({''.join(branches)}{len(items)}.0)"
            case terms.FirstKnown(items):
                return f"first_known({', '.join(self.number(item) for item in items)})"
            case terms.Scaled(item, factor, offset):
                return f"({self.number(item)} * {factor!r} + {offset!r})"
            case terms.Absolute(item):
                return f"abs({self.number(item)})"
            case terms.Extreme(most, items):
                name = "largest" if most else "smallest"
                return f"{name}({', '.join(self.number(item) for item in items)})"
            case terms.Arithmetic("/", left, right):
                return f"divided({self.number(left)}, {self.number(right)})"
            case terms.Arithmetic(op, left, right):
                return f"({self.number(left)} {op} {self.number(right)})"
            case _:
                raise NotImplementedError(term)


def _compiled(source: str) -> Callable:
    # written by Writer from checked terms
    return eval(f"lambda v, p, x, t: {source}", {"nan": math.nan, "inf": math.inf, **NAMES})

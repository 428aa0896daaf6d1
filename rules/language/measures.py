"""What a number in a rule measures: its quantity, and the scale on which it is written."""

from __future__ import annotations

from dataclasses import dataclass, replace

from plantroom import units

Dims = tuple[tuple[str, int], ...]

_PLAIN = ("number", "ratio")


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity (`dims`: base quantity -> exponent) on a scale: base value = scale x value + offset.

    `plain` is `number` or `ratio` where there are no dims, else empty. `absolute` marks a temperature on a
    scale with a zero of its own (degC, degF), as against a difference in K.
    """

    dims: Dims
    symbol: str
    scale: float = 1.0
    offset: float = 0.0
    plain: str = ""
    absolute: bool = False

    @property
    def compound(self) -> bool:
        """Whether it is a product of quantities, which no unit of the table measures."""
        return len(self.dims) > 1 or any(exponent != 1 for _, exponent in self.dims)

    @property
    def quantity(self) -> str:
        """Its name for people."""
        if not self.dims:
            return self.plain
        if self.dims == (("temperature", 1),):
            return "temperature" if self.absolute else "temperature difference"
        parts = [name if exponent == 1 else f"{name}^{exponent}" for name, exponent in self.dims]
        return " x ".join(parts)

    @property
    def difference(self) -> Measure:
        """The measure of the distance between two values of this one."""
        if not self.absolute:
            return self
        return replace(self, absolute=False, offset=0.0, symbol="K" if self.scale == 1.0 else self.symbol)

    def matches(self, other: Measure) -> bool:
        """Whether the two convert into each other."""
        return (self.dims, self.plain, self.absolute) == (other.dims, other.plain, other.absolute)


NUMBER = Measure((), "", plain="number")
RATIO = Measure((), "ratio", plain="ratio")


def of_unit(symbol: str) -> Measure:
    """The measure of values in a unit.

    Raises: UnitError for a unit that the table has not.
    """
    unit = units.unit(symbol)
    if unit.quantity in _PLAIN:
        return Measure((), symbol, unit.scale, unit.offset, plain=unit.quantity)
    return Measure(((unit.quantity, 1),), symbol, unit.scale, unit.offset, absolute=unit.offset != 0.0)


def conversion(given: Measure, wanted: Measure) -> tuple[float, float]:
    """(factor, offset) such that value on `wanted` = factor x value on `given` + offset; they match."""
    return given.scale / wanted.scale, (given.offset - wanted.offset) / wanted.scale


def times(left: Measure, right: Measure, sign: int) -> Measure:
    """The measure of a product (`sign` 1) or a quotient (-1) whose ratios are on the scale of one.

    What cancels out leaves a ratio, whose scale the caller makes one.
    """
    if not left.dims and not right.dims:
        both_numbers = left.plain == right.plain == "number"
        return NUMBER if both_numbers and sign == 1 else RATIO
    exponents = dict(left.dims)
    for name, exponent in right.dims:
        exponents[name] = exponents.get(name, 0) + sign * exponent
    dims: Dims = tuple(sorted((name, exponent) for name, exponent in exponents.items() if exponent))
    scale = left.scale * right.scale**sign
    if not dims:
        return replace(RATIO, scale=scale)
    if not right.dims:
        symbol = left.symbol
    elif not left.dims and sign == 1:
        symbol = right.symbol
    else:
        symbol = f"{left.symbol}{'·' if sign == 1 else '/'}{right.symbol}"
    return Measure(dims, symbol, scale)

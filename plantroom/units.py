"""Canonical units and conversion into them: a closed table, so that a payload cannot name an expression.

One quantity has one canonical unit in a catalogue point; other spellings and scales convert.
Temperatures convert with their offset as values and without it as differences (K).
"""

from __future__ import annotations

from dataclasses import dataclass

from plantroom.errors import UnitError


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of a quantity: value in the quantity's base unit = scale x value + offset."""

    symbol: str
    quantity: str
    scale: float = 1.0
    offset: float = 0.0


def _table(*rows: tuple[str, str, float] | tuple[str, str, float, float]) -> dict[str, Unit]:
    return {row[0]: Unit(*row) for row in rows}


UNITS = _table(
    # dimensionless
    ("", "number", 1.0),
    ("1", "number", 1.0),
    ("%", "ratio", 0.01),
    ("ratio", "ratio", 1.0),
    ("ppm", "concentration", 1.0),
    ("% LEL", "gas", 1.0),
    ("%RH", "humidity", 1.0),
    ("starts", "number", 1.0),
    # temperature: K is the base, so that degC and degF differences need no second table
    ("degC", "temperature", 1.0, 273.15),
    ("°C", "temperature", 1.0, 273.15),
    ("C", "temperature", 1.0, 273.15),
    ("degF", "temperature", 5 / 9, 459.67 * 5 / 9),
    ("°F", "temperature", 5 / 9, 459.67 * 5 / 9),
    ("K", "temperature", 1.0),
    # pressure
    ("Pa", "pressure", 1.0),
    ("hPa", "pressure", 1e2),
    ("mbar", "pressure", 1e2),
    ("kPa", "pressure", 1e3),
    ("bar", "pressure", 1e5),
    ("MPa", "pressure", 1e6),
    ("psi", "pressure", 6894.757293168),
    ("mH2O", "pressure", 9806.65),
    # flow and volume
    ("m3/h", "flow", 1.0),
    ("m³/h", "flow", 1.0),
    ("L/s", "flow", 3.6),
    ("L/min", "flow", 0.06),
    ("L/h", "flow", 1e-3),
    ("gpm", "flow", 0.2271247),
    ("m3", "volume", 1.0),
    ("L", "volume", 1e-3),
    # length, speed, vibration
    ("m", "length", 1.0),
    ("cm", "length", 1e-2),
    ("mm", "length", 1e-3),
    ("m/s", "speed", 1.0),
    ("mm/s", "speed", 1e-3),
    ("in/s", "speed", 0.0254),
    ("m/s2", "acceleration", 1.0),
    ("g", "acceleration", 9.80665),
    ("rpm", "frequency", 1 / 60),
    ("Hz", "frequency", 1.0),
    ("1/h", "rate", 1.0),
    # electricity
    ("A", "current", 1.0),
    ("mA", "current", 1e-3),
    ("V", "voltage", 1.0),
    ("mV", "voltage", 1e-3),
    ("kV", "voltage", 1e3),
    ("W", "power", 1.0),
    ("kW", "power", 1e3),
    ("MW", "power", 1e6),
    ("kWh", "energy", 1.0),
    ("MWh", "energy", 1e3),
    ("ohm", "resistance", 1.0),
    ("Mohm", "resistance", 1e6),
    # light, water quality, time
    ("lx", "illuminance", 1.0),
    ("NTU", "turbidity", 1.0),
    ("mg/L", "mass concentration", 1.0),
    ("ms", "time", 1e-3),
    ("s", "time", 1.0),
    ("min", "time", 60.0),
    ("h", "time", 3600.0),
    ("d", "time", 86400.0),
)


def unit(symbol: str) -> Unit:
    """The unit of this spelling.

    Raises: UnitError where the table has none.
    """
    found = UNITS.get(symbol)
    if found is None:
        raise UnitError(f"unknown unit {symbol[:40]!r}")
    return found


def conversion(given: str, wanted: str) -> tuple[float, float]:
    """(scale, offset) such that value in `wanted` = scale x value in `given` + offset.

    Raises: UnitError where either is unknown or they measure different quantities.
    """
    source, target = unit(given), unit(wanted)
    if source.quantity != target.quantity:
        raise UnitError(f"{given!r} measures {source.quantity} and {wanted!r} measures {target.quantity}")
    return source.scale / target.scale, (source.offset - target.offset) / target.scale


def difference_scale(given: str, wanted: str) -> float:
    """The factor that turns a difference (a deadband, a band's width) in `given` into `wanted`.

    Raises: UnitError as `conversion` does.
    """
    return conversion(given, wanted)[0]

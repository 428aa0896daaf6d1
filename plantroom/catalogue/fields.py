"""The kinds of value that a class file is made of: how each is read, checked and described to an editor."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from plantroom import units
from plantroom.alarms import Severity
from plantroom.errors import UnitError
from plantroom.maintenance import Interval
from plantroom.model import Text
from plantroom.times import DAY, YEAR, format_duration, parse_duration

LONGEST = 10 * YEAR
"""No delay or sample interval of a machine is longer; what is, is a slip of the pen."""


class WordsInput(BaseModel):
    """A name or a sentence in English and in Chinese (简体)."""

    model_config = ConfigDict(extra="forbid")
    en: Annotated[str, Field(min_length=1)]
    zh: Annotated[str, Field(min_length=1)]


def _duration(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError("needs a unit; write for example 30s, 5 min, 2 h or 7 d")  # noqa: TRY004  for pydantic
    nanos = parse_duration(value)
    if nanos > LONGEST:
        raise ValueError(f"{value[:40]!r} is longer than {LONGEST // DAY} days")
    return nanos


def _severity(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return Severity[value.upper()]
        except KeyError:
            words = ", ".join(item.name.lower() for item in reversed(Severity))
            raise ValueError(f"{value!r} is not a severity; one of {words}") from None
    return value


def _interval(value: Any) -> Interval:
    return Interval.parse(str(value))


def _text(value: Any) -> Any:
    if isinstance(value, dict):
        unknown = set(value) - {"en", "zh"}
        if unknown or not {"en", "zh"} <= set(value):
            raise ValueError("needs exactly the keys en and zh")
        if not all(isinstance(part, str) and part.strip() for part in value.values()):
            raise ValueError("en and zh must be text")
        return Text(**value)
    if isinstance(value, Text):
        return value
    raise ValueError("needs the keys en and zh")


def _unit(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f'{value!r} is not a unit; put it in quotes, such as "1"')  # noqa: TRY004  for pydantic
    try:
        units.unit(value)
    except UnitError as failure:
        raise ValueError(str(failure)) from None
    return value


Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
_DurationText = Annotated[
    str,
    Field(
        pattern=r"^\s*(\d+(\.\d+)?\s*(ms|s|min|h|d|w|y)\s*)+$",
        description="Numbers with units: ms, s, min, h, d, w, y (365 d).",
        examples=["10s", "5min", "1h 30min", "7 d"],
    ),
]
Duration = Annotated[
    int,
    BeforeValidator(_duration, json_schema_input_type=_DurationText),
    PlainSerializer(format_duration, return_type=str),
]
SeverityWord = Annotated[
    Severity,
    BeforeValidator(
        _severity,
        json_schema_input_type=Literal["emergency", "critical", "major", "minor", "advisory"],
    ),
    PlainSerializer(lambda item: item.name.lower(), return_type=str),
]
_EveryText = Annotated[
    str,
    Field(
        pattern=r"^\s*[1-9]\d*\s*(day|week|month|year)s?\s*$",
        description="A calendar distance.",
        examples=["15 days", "1 week", "3 months", "1 year"],
    ),
]
_UnitText = Annotated[
    str,
    Field(description="A unit that the program knows.", json_schema_extra={"enum": sorted(units.UNITS)}),
]
Every = Annotated[Any, BeforeValidator(_interval, json_schema_input_type=_EveryText)]
Words = Annotated[Text, BeforeValidator(_text, json_schema_input_type=WordsInput)]
UnitSymbol = Annotated[str, BeforeValidator(_unit, json_schema_input_type=_UnitText)]
Number = Annotated[float, Field(strict=True)]
Span = tuple[Number, Number]
Source = Annotated[str, Field(min_length=1, description='A standard and clause, or "practice".')]

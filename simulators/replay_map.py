"""The replay map: a YAML file that says which column of a recording is which point."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, model_validator

from plantroom.catalogue.schema import Key, UnitSymbol
from plantroom.errors import MapError
from plantroom.times import MICROSECOND, MILLISECOND, SECOND, Nanos
from plantroom.yaml_file import load

COUNTED: Mapping[str, Nanos] = {"s": SECOND, "ms": MILLISECOND, "us": MICROSECOND, "ns": 1}
"""Time formats that are a number since 1970, and what one of it is."""

PlaceKey = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TimeColumn(_Strict):
    """Where the time stands and how: `iso`, a number of `s`, `ms`, `us` or `ns`, or strptime's codes."""

    column: str
    format: str = "iso"
    zone: str = "UTC"
    """IANA zone of times that are written without one."""

    @model_validator(mode="after")
    def _known(self) -> TimeColumn:
        if self.zone not in available_timezones():
            raise ValueError(f"{self.zone!r} is not an IANA time zone, such as Asia/Shanghai")
        if self.format != "iso" and self.format not in COUNTED and "%" not in self.format:
            raise ValueError(f"format {self.format!r} is not iso, s, ms, us, ns or codes such as %Y-%m-%d")
        return self


class PointColumn(_Strict):
    """The column of an analog point or a counter, and its unit if that is not the point's own."""

    column: str
    unit: UnitSymbol | None = None


class DerivedPoint(_Strict):
    """A binary point that is true where a column's number is above (or below) a limit."""

    column: str
    above: float | None = Field(default=None, allow_inf_nan=False)
    below: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _one(self) -> DerivedPoint:
        if (self.above is None) == (self.below is None):
            raise ValueError("needs above or below, and not both")
        return self


class ReplayMap(_Strict):
    """What a recording's columns are, and of which equipment."""

    site: PlaceKey
    equipment: PlaceKey
    delimiter: Annotated[str, Field(pattern=r'^[^"\r\n]$')] = ","
    decimal: Literal[".", ","] = "."
    encoding: str = "utf-8"
    time: TimeColumn
    points: dict[Key, PointColumn] = {}
    derived: dict[Key, DerivedPoint] = {}

    @model_validator(mode="after")
    def _usable(self) -> ReplayMap:
        if not self.points and not self.derived:
            raise ValueError("names no point")
        twice = sorted(set(self.points) & set(self.derived))
        if twice:
            raise ValueError(f"{twice[0]!r} is both in points and in derived")
        try:
            # lines are cut at the byte 0x0A, so that must be a line's end in the encoding
            of_lines = "\n".encode(self.encoding) == b"\n"
        except (LookupError, ValueError):
            of_lines = False
        if not of_lines:
            raise ValueError(f"encoding {self.encoding!r} is unknown or not of bytes, such as utf-8 or gbk")
        return self

    @property
    def columns(self) -> list[str]:
        """Every column that holds numbers, once."""
        entries: list[PointColumn | DerivedPoint] = [*self.points.values(), *self.derived.values()]
        return list(dict.fromkeys(entry.column for entry in entries))


def load_map(path: Path) -> ReplayMap:
    """The map in a YAML file.

    Raises: MapError with every problem, each at its line.
    """
    return load(path, ReplayMap, MapError)[0]

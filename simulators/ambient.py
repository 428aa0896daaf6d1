"""What plant models share: weather and clock looked up once a minute, defects at hand, quick instruments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from plantroom.times import MINUTE, Nanos
from simulators.base import Model

LONGEST_PART_S = 30.0
"""Step of the integration; the lags of plants are slow."""
_SPREAD = 6.0**0.5
"""Width of the sum of two uniform draws that have a standard deviation of one."""


class AmbientModel(Model):
    """An equipment that feels the weather and the hour, quick enough for years of running."""

    months: ClassVar[tuple[int, ...]] = tuple(range(1, 13))
    """When all its faults can show, on a working day; a resting plant hides them."""

    def begin(self) -> None:
        self._draw = self.rng.random
        self.defects: dict[str, float] = dict.fromkeys(self.faults, 0.0)
        """Fault kind -> how far it has gone now."""
        self.clock = self.outdoor = 0.0
        """The local hour and the outdoor air, to the minute."""
        self._look_at = self.start

    def perceive(self, ts: Nanos) -> None:
        """Nothing; weather and clock are those of `ts` to the minute, the defects those of `ts`."""
        if ts >= self._look_at:
            self.look(ts)
        if self.active:
            for kind in self.defects:
                self.defects[kind] = self.level(kind, ts)

    def look(self, ts: Nanos) -> None:
        """Nothing; what changes slowly is that of `ts`. Models add their own."""
        self.clock = self.hour(ts)
        self.outdoor = self.outdoor_air(ts)
        self._look_at = ts + MINUTE

    def is_there(self, kind: str) -> bool:
        """Whether a defect of a contact is there: from half severity on."""
        return self.defects[kind] >= 0.5

    def show(self, true: float, noise: float, digits: int) -> float:
        """What an instrument shows: its noise (standard deviation, at most 2.4 of them) and digits."""
        return round(true + _SPREAD * noise * (self._draw() + self._draw() - 1.0), digits)


def parts(dt_s: float) -> Iterator[float]:
    """Equal parts of `dt_s`, none longer than LONGEST_PART_S."""
    count = max(1, -int(-dt_s // LONGEST_PART_S))
    return iter((dt_s / count,) * count)

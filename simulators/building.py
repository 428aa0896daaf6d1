"""What a building draws: electrical load and people by hour, day of the week and weather.

Switchboards and transformers share it, so that both show the same day.
"""

from __future__ import annotations

import math

from simulators.physics import interpolate

_WORKDAY = (
    0.20, 0.195, 0.19, 0.19, 0.19, 0.20, 0.23, 0.33, 0.46, 0.555, 0.585, 0.595,
    0.56, 0.575, 0.595, 0.585, 0.565, 0.53, 0.465, 0.41, 0.37, 0.325, 0.27, 0.23,
)  # fmt: skip
_REST_DAY = (
    0.20, 0.195, 0.19, 0.19, 0.19, 0.19, 0.20, 0.215, 0.25, 0.29, 0.325, 0.355,
    0.365, 0.365, 0.365, 0.355, 0.355, 0.345, 0.335, 0.315, 0.30, 0.27, 0.24, 0.215,
)  # fmt: skip
"""Shares of the rating at each whole hour, between the seasons."""
BUSIEST = 0.75
"""More than the load ever is in health, shares of the rating."""


def electrical_load(hour: float, weekday: int, outdoor: float) -> float:
    """The building's load in shares of its rating, 0.18 to 0.71; more by day where it is cooled or heated."""
    shares = _REST_DAY if weekday >= 6 else _WORKDAY
    first = int(hour) % 24
    share = shares[first] + (hour - math.floor(hour)) * (shares[(first + 1) % 24] - shares[first])
    weather = 0.010 * max(0.0, outdoor - 22.0) + 0.004 * max(0.0, 10.0 - outdoor)
    return share * (1.0 + weather / 0.6)


def people_present(hour: float, weekday: int) -> float:
    """The share of an office's people who are in, with a lunch break; none at the weekend."""
    if weekday >= 6:
        return 0.0
    present = interpolate(hour, 7.8, 9.3, 0.0, 1.0) - interpolate(hour, 17.3, 19.0, 0.0, 1.0)
    lunch = 0.45 * math.exp(-(((hour - 12.4) / 0.5) ** 2))
    return max(0.0, present - lunch)

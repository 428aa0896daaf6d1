"""Faults from text, as `plantroom simulate --fault` takes them, and the table of all that there are."""

from __future__ import annotations

import re
from collections.abc import Iterable

from plantroom.errors import SettingsError
from plantroom.times import SECOND, Nanos, parse_duration
from simulators.base import Fault
from simulators.registry import models

_NAME = r"[a-z0-9][a-z0-9_-]{0,63}"
_SPEC = re.compile(
    rf"(?:(?P<site>{_NAME})/)?(?P<equipment>{_NAME}):(?P<kind>{_NAME})"
    r"(?:@(?P<start>[0-9.a-z]+))?(?P<rest>(?:[*/~][0-9.a-z]+)*)"
)
_PART = re.compile(r"([*/~])([0-9.a-z]+)")
HELP = (
    "EQUIPMENT:KIND@START, then in any order /RAMP, *SEVERITY, ~DURATION; "
    "such as pump-01:bearing_wear@30s/120s*0.6~10min"
)


def parse_fault(text: str, start: Nanos) -> Fault:
    """The fault that a text such as `pump-01:bearing_wear@30s` means in a simulation from `start`.

    Without @ it begins at once, without / fully, without * at severity 1, and without ~ it stays.
    Raises: SettingsError for anything else.
    """
    match = _SPEC.fullmatch(text.strip())
    if match is None:
        raise SettingsError(f"{text!r} is not a fault; write {HELP}")
    parts: dict[str, str] = {}
    for mark, value in _PART.findall(match["rest"]):
        if mark in parts:
            raise SettingsError(f"{text!r} has {mark} twice; write {HELP}")
        parts[mark] = value
    try:
        begin = start + parse_duration(match["start"] or "0s")
        ramp = parse_duration(parts.get("/", "0s"))
        severity = float(parts.get("*", "1"))
        duration = parse_duration(parts["~"]) if "~" in parts else None
    except (ValueError, OverflowError) as failure:
        raise SettingsError(f"{text!r}: {failure}") from None
    if not 0 < severity <= 1:
        raise SettingsError(f"{text!r}: severity must be above 0 and at most 1")
    return Fault(
        kind=match["kind"],
        equipment=match["equipment"],
        site=match["site"],
        start_ts=begin,
        ramp_s=ramp / SECOND,
        severity=severity,
        end_ts=None if duration is None else begin + duration,
    )


def parse_faults(texts: Iterable[str], start: Nanos) -> list[Fault]:
    """The faults of all texts.

    Raises: SettingsError for the first that is not one.
    """
    return [parse_fault(text, start) for text in texts]


def ground_truth() -> list[tuple[str, str, tuple[str, ...]]]:
    """Every fault there is: (equipment class, kind, rules that it raises at severity 1)."""
    return [
        (equipment_class, kind, rules)
        for equipment_class, model in sorted(models().items())
        for kind, rules in model.faults.items()
    ]

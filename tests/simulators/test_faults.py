"""Faults from text."""

from __future__ import annotations

from pathlib import Path

import pytest

import simulators
from plantroom.errors import SettingsError
from plantroom.times import MINUTE, SECOND
from simulators.base import Fault
from simulators.faults import ground_truth, parse_fault, parse_faults

T0 = 1_780_000_000 * SECOND


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("pump-01:bearing_wear@30s", Fault("bearing_wear", "pump-01", T0 + 30 * SECOND)),
        ("pump-01:trip", Fault("trip", "pump-01", T0)),
        (" annex/light-11:no_power@1min ", Fault("no_power", "light-11", T0 + MINUTE, site="annex")),
        (
            "pump-01:bearing_wear@30s/120s*0.6",
            Fault("bearing_wear", "pump-01", T0 + 30 * SECOND, ramp_s=120, severity=0.6),
        ),
        (
            "pump-01:bearing_wear@30s*0.6~10min/2min",
            Fault("bearing_wear", "pump-01", T0 + 30 * SECOND, 120, 0.6, T0 + 630 * SECOND),
        ),
    ],
)
def test_a_text_means_a_fault(text: str, fault: Fault) -> None:
    assert parse_fault(text, T0) == fault


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pump-01",
        "pump-01:",
        ":trip",
        "pump-01:trip@",
        "pump-01:trip@soon",
        "pump-01:trip@30",
        "pump-01:trip@30s*0",
        "pump-01:trip@30s*1.5",
        "pump-01:trip@30s*nan",
        "pump-01:trip@30s*0.5*0.6",
        "pump-01:trip@30s/fast",
        "Pump 01:trip@30s",
        "../pump-01:trip@30s",
        "a/b/c:trip",
        "pump-01:trip@30s; rm",
        "pump-01:trip@" + "9" * 400 + "y",
    ],
)
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingsError) as failure:
        parse_fault(text, T0)
    assert repr(text) in str(failure.value)


def test_the_first_wrong_one_is_named() -> None:
    with pytest.raises(SettingsError, match="'nonsense' is not a fault; write EQUIPMENT:KIND@START"):
        parse_faults(["pump-01:trip", "nonsense"], T0)


def test_the_readme_lists_every_fault_with_its_rules() -> None:
    text = (Path(simulators.__file__).parent / "README.md").read_text()
    rows = [line for line in text.splitlines() if line.count("|") == 4]
    listed = [row for row in rows if not row.startswith(("|---", "| class"))]
    assert listed == [
        f"| {equipment_class} | {kind} | {', '.join(rules) or 'none yet'} |"
        for equipment_class, kind, rules in ground_truth()
    ]

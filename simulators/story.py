"""The demo's half hour: what goes wrong in the tower, when, and when it is repaired."""

from __future__ import annotations

import random
from dataclasses import dataclass

from plantroom.times import MINUTE, SECOND, Nanos
from simulators.base import Fault


@dataclass(frozen=True, slots=True)
class Scene:
    """One fault of the story; times in minutes from its beginning, `ramp` in seconds."""

    equipment: str
    kind: str
    at: float
    lasting: float | None
    ramp: float = 0.0
    severity: float = 1.0


STORY: tuple[Scene, ...] = (
    # the first shows within a minute of wall time at speed 10: low flow raises half a minute after
    Scene("pump-02", "blocked_outlet", at=1.0, lasting=13.0, ramp=30.0),
    Scene("pump-01", "bearing_wear", at=1.5, lasting=None, ramp=120.0),
    Scene("ahu-01", "filter_clogged", at=3.0, lasting=None, ramp=240.0),
    Scene("switchboard-01", "earth_fault", at=4.5, lasting=7.0, ramp=20.0, severity=0.6),
    Scene("elevator-02", "door_blocked", at=6.0, lasting=6.0),
    Scene("light-01", "lamp_failure", at=8.0, lasting=None, severity=0.3),
    Scene("elevator-01", "machine_room_hot", at=9.0, lasting=None, ramp=180.0),
    Scene("boiler-01", "gas_leak", at=11.0, lasting=6.0, ramp=60.0, severity=0.5),
    Scene("fire-panel-01", "trouble", at=14.0, lasting=5.0),
    Scene("water-tank-01", "hatch_open", at=16.0, lasting=8.0),
    Scene("light-06", "no_power", at=20.0, lasting=4.0),
    Scene("pump-03", "dry_run", at=24.0, lasting=2.0, ramp=10.0),
)
"""Equipment here is of criticality A or runs always, so that the story is the same at any hour."""


def faults_of_story(start: Nanos, seed: int = 1) -> tuple[Fault, ...]:
    """The story's faults in a simulation from `start`; `seed` moves each by a few seconds."""
    rng = random.Random(f"story/{seed}")  # noqa: S311 - a story, not a secret
    faults = []
    for scene in STORY:
        begin = start + round(scene.at * MINUTE) + rng.randrange(6) * SECOND
        end = None if scene.lasting is None else begin + round(scene.lasting * MINUTE)
        faults.append(Fault(scene.kind, scene.equipment, begin, scene.ramp, scene.severity, end, site="demo"))
    return tuple(faults)

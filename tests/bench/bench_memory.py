"""Memory of the engine with windows of 24 h at bars of 1 min over 100,000 points: peak RSS of a child.

    python tests/bench/bench_memory.py [minutes]

A made-up class of 20 analog points, each with a rule on `mean(x over 24 h by 1 min)`, on 5,000 equipment.
Every point is read once a minute; then nothing comes for three hours, of which the engine judges two and
passes over the last, and some minutes of readings follow: more minutes in all than rings of bars take before
they move on in memory, which is where they are largest. Bars that hold nothing take as much as others. A
witness shows that bars are kept: its alarm stands on its first reading alone. The peak holds Python, numpy
and the readings that are pushed too.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from time import process_time

import numpy as np

from plantroom.alarms import AlarmEvent
from plantroom.catalogue import Catalogue, EquipmentClass
from plantroom.model import Equipment, Point, PointTable, Text
from plantroom.readings import ReadingBatch
from plantroom.times import MINUTE, SECOND
from rules.engine import Engine

EQUIPMENT, POINTS = 5_000, 20
MINUTES = 10
SILENCE, AFTER = 180, 10
"""For how many minutes nothing comes, and how many follow."""
LIMIT_MB = 2_000
START = 1_767_225_600 * SECOND
WORDS = {"en": "x", "zh": "x"}


def made_up(key: str, points: int, when: str) -> EquipmentClass:
    """A class of some points, all with the same rule."""
    keys = [f"x{number}" for number in range(points)]
    spans = {"unit": "bar", "valid": [0, 10], "normal": [1, 5], "sample": "1min"}
    words = {"cause": WORDS, "consequence": WORDS, "remedy": WORDS, "source": "practice"}
    text = {"severity": "minor", "name": WORDS, **words}
    return EquipmentClass.model_validate(
        {
            "key": key,
            "name": WORDS,
            "system": "water",
            "team": WORDS,
            "source": "practice",
            "design_life_years": 10,
            "points": [
                {"key": x, "name": WORDS, "kind": "analog", "source": "practice", **spans} for x in keys
            ],
            "rules": [{"key": f"high_{x}", "when": when.format(x), **text} for x in keys],
        }
    )


def catalogue() -> Catalogue:
    """A class all of whose points have a window of a day, and the witness."""
    classes = (
        made_up("loaded", POINTS, "mean({} over 24 h by 1 min) > 9 bar"),
        made_up("witness", 1, "max({0} where {0} > 0 bar over 24 h by 1 min) > 8 bar"),
    )
    return Catalogue({cls.key: cls for cls in classes})


def table(known: Catalogue) -> PointTable:
    """5,000 equipment with 20 points each; the last equipment and point are the witness's."""
    name = Text("x", "x")
    classes = [known["loaded"]] * EQUIPMENT + [known["witness"]]
    equipment = [Equipment(at + 1, "bench", f"e{at}", cls.key, name) for at, cls in enumerate(classes)]
    points: list[Point] = []
    for item in equipment:
        for spec in known[item.equipment_class].points:
            figures = (spec.valid_span, spec.normal, spec.sample, spec.stale_nanos)
            at = len(points)
            points.append(Point(at, "bench", item.key, spec.key, name, spec.kind, spec.unit, *figures))
    return PointTable(equipment, points)


def peak_mb() -> float:
    """The most memory that this process ever had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def child(minutes: int) -> None:
    """Run the engine in this process and print what it took."""
    known = catalogue()
    points = table(known)
    size, random = points.size, np.random.default_rng(1)
    before = peak_mb()
    engine = Engine(known, points)
    built = peak_mb()
    ids, changes, start = np.arange(size), [], process_time()
    for minute in (*range(minutes), *range(minutes + SILENCE, minutes + SILENCE + AFTER)):
        value = random.uniform(2, 3, size)
        if minute == 0:
            value[-1] = 9.0
        changes += engine.step(ReadingBatch.of(ids, np.full(size, START + minute * MINUTE), value), START)
    changes += engine.advance(START + (minutes + SILENCE + AFTER) * MINUTE)
    seconds = process_time() - start
    print(
        f"{size} points, {before:.0f} MB before, {built:.0f} MB built, peak {peak_mb():.0f} MB"
        f" after {minutes} min, {SILENCE} of silence and {AFTER} more, in {seconds:.0f} s of one core"
    )
    found = [(change.event, change.ts - START) for change in changes]
    assert found == [(AlarmEvent.RAISE, MINUTE)], f"the bars were not kept: {found[:3]}"


def main() -> None:
    if len(sys.argv) > 2:
        child(int(sys.argv[1]))
        return
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    subprocess.run([sys.executable, __file__, str(minutes), "child"], check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak RSS of the child {peak:.0f} MB of {LIMIT_MB} MB")
    assert peak < LIMIT_MB, f"the engine takes {peak:.0f} MB, more than {LIMIT_MB} MB"


if __name__ == "__main__":
    main()

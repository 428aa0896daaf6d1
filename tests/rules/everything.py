"""Two classes whose rules use all that the language has, and readings of them in and out of order."""

from copy import deepcopy
from random import Random

from hypothesis import strategies as st
from ruletools import BAD, NAME, POINTS, make_class, make_rule

from plantroom.catalogue import Catalogue, EquipmentClass
from plantroom.model import Equipment, Point, PointTable, Text
from plantroom.readings import ReadingBatch
from plantroom.times import SECOND, Nanos
from rules.engine import AlarmChange, Engine

START: Nanos = 1_774_744_200 * SECOND
"""00:30 UTC on 29 March 2026: at 01:00 the clocks in Berlin go from 2 to 3."""
LATENESS = 20
"""s"""
NOW = START + 10**15

TERMS = [
    {"key": "busy", "name": NAME, "source": "test", "is": "running and flow > 12"},
    {
        "key": "state",
        "name": NAME,
        "source": "test",
        "states": {"off": "not running", "low": "flow < 15", "high": "busy"},
    },
]
RULES: dict[str, object] = {
    "delayed": {
        "when": "running and flow < 20",
        "on_delay": "20s",
        "off_delay": "30s",
        "work_order": {"skill": "mechanic", "fault": "flow"},
    },
    "banded": {"when": "pressure > 5", "deadband": {"pressure": "0.2 bar"}, "min_hold": "3min"},
    "lasting": "(flow > 15 for 40 s) and not trip",
    "endless": {"when": "duration(running) > 90 s and flow < 30", "off_delay": "10s"},
    "mean": {"when": "mean(flow over 3 min) > 16", "on_delay": "1min", "deadband": {"flow": "1 m3/h"}},
    "live_mean": {"when": "flow > 120 % * mean(flow over 4 min by 2 min)", "on_delay": "20s"},
    "where": "mean(flow where busy over 6 min by 3 min) > 18",
    "starts": {"when": "count(running over 5 min) >= 2", "min_hold": "4min"},
    "hunting": "reversals(flow, 3 m3/h over 5 min) >= 2",
    "still": "flatline(pressure over 3 min)",
    "silent": {"when": "absent(flow over 4 min)", "on_delay": "2min"},
    "steep": "rate(flow over 4 min) > 1 m3/h / 1 min or slope(flow over 5 min) < -1 m3/h / 1 min",
    "soon": "reaches(flow, 60, within 1 h over 5 min)",
    "spread": "stddev(flow over 5 min) > 4 and percentile(flow, 80 % over 5 min) > 18",
    "learnt": {"when": "mean(flow over 2 min) > 110 % * learned(flow over 4 min)", "on_delay": "1min"},
    "grown": "delta(starts over 5 min) > 3 or duration(busy over 5 min) > 2 min",
    "states": {"when": '(state == "high" for 30 s) or changes(state over 4 min) > 4', "off_delay": "20s"},
    "night": {"when": "hour >= 3 and hour < 4 and weekday == 7 and flow > 11", "off_delay": "20s"},
    "jump": {"when": "abs(flow - previous(flow)) > 10 m3/h", "work_order": {"skill": "mechanic"}},
    "feed": {"when": "served_by.temperature < temperature - 5 K", "on_delay": "10s"},
    "first": "first_known(current, 3 A) > 4 and not known(pressure)",
    "spikes": "spikes(flow over 6 min) > 0 or ewma(flow over 3 min) > 25",
}
PLANT_RULES: dict[str, object] = {
    "any_trip": {"when": "any(serves.trip) and temperature > 20", "on_delay": "20s"},
    "sum_flow": {"when": "sum(serves.flow) > 30 or count(children.running) >= 2", "off_delay": "15s"},
    "mean_of_others": "mean(mean_below over 3 min) > 18",
}
PLANT_TERMS = [{"key": "mean_below", "name": NAME, "source": "test", "is": "mean(serves.flow)"}]
KEYS = ("running", "trip", "flow", "pressure", "temperature", "starts", "current")
VALUES = {
    "running": [0, 1, 1, 1],
    "trip": [0, 0, 1],
    "flow": [5, 10, 14, 14.5, 16, 18, 21, 25, 60],
    "pressure": [4.7, 4.9, 5.1, 5.3],
    "temperature": [18, 21, 25, 30],
    "starts": [1, 2, 3, 5, 9],
    "current": [2, 5],
}


def _class(key: str, rules: dict[str, object], terms: list[dict[str, object]]) -> EquipmentClass:
    made = make_class({}, key=key, stale="70s").model_dump(by_alias=True, mode="json")
    return EquipmentClass.model_validate(
        {
            **_as_written(made),
            "terms": terms,
            "rules": [make_rule(name, body) for name, body in rules.items()],
        }
    )


def _as_written(made: dict[str, object]) -> dict[str, object]:
    plain = make_class({}, stale="70s")
    points = [
        {"name": NAME, "source": "test", "sample": "1s", "stale_after": "70s", **item} for item in POINTS
    ]
    parameters = [
        {"key": item.key, "name": NAME, "source": "test", "unit": item.unit, "default": item.default}
        for item in plain.parameters
    ]
    kept = ("key", "system", "team", "design_life_years", "source", "name")
    return {**{name: made[name] for name in kept}, "points": points, "parameters": parameters}


THING, PLANT = _class("thing", RULES, TERMS), _class("plant", PLANT_RULES, PLANT_TERMS)
CATALOGUE = Catalogue({"thing": THING, "plant": PLANT})
X = Text("x", "x")
EQUIPMENT = [
    Equipment(1, "site", "thing-1", "thing", X, served_by="plant", parent="plant", zone="Europe/Berlin"),
    Equipment(2, "site", "thing-2", "thing", X, served_by="plant", parent="plant", zone="Europe/Berlin"),
    Equipment(3, "site", "plant", "plant", X, zone="Europe/Berlin"),
]
IDS = {(item.id, key): 100 * item.id + row for item in EQUIPMENT for row, key in enumerate(KEYS)}
del IDS[2, "current"]
TABLE = PointTable(
    EQUIPMENT,
    [
        Point(
            IDS[item.id, spec.key],
            "site",
            item.key,
            spec.key,
            X,
            spec.kind,
            spec.unit,
            spec.valid_span,
            spec.normal,
            spec.sample,
            spec.stale_nanos,
            spec.values or {},
        )
        for item in EQUIPMENT
        for spec in THING.points
        if (item.id, spec.key) in IDS
    ],
)

Reading = tuple[int, str, int, float, int]
"""Equipment, point, second, value, quality."""


_FRESH = Engine(CATALOGUE, TABLE, lateness=LATENESS * SECOND)


def fresh() -> Engine:
    """An engine that has seen nothing; copied, since compiling takes longer than most examples."""
    found = deepcopy(_FRESH, {id(item): item for item in (*EQUIPMENT, THING, PLANT)})
    for rules in found.classes:
        rules.window.bind(found.memory.latest, rules.window.base)  # a copy of a view is no view
    return found


def readings() -> st.SearchStrategy[list[Reading]]:
    """Readings in the order of time, by seed."""
    return st.integers(0, 2**48).map(lambda seed: rows_of(Random(seed)))


def rows_of(random: Random) -> list[Reading]:
    """Readings in the order of time: messages of several points, now and then minutes or hours apart."""
    found: dict[tuple[int, str, int], Reading] = {}
    at = random.randint(0, 1700)  # up to the change of clock
    since, drift = at, random.choice([0, 0, 0.05])
    calm = random.choice([0.3, 0.8, 0.95])
    values = {(item.id, key): random.choice(VALUES[key]) for item in EQUIPMENT for key in KEYS}
    for _ in range(random.randint(1, 34)):
        at += random.choice([0, 5, 10, 10, 10, 20, 20, 30, 61])
        if random.random() < 0.02:
            at += random.choice([200, 200, 600, 600, 600, 600, 600, 7000, 9000])
        for equipment in random.sample([1, 2, 3], random.choice([1, 2, 3, 3])):
            for key in random.sample(KEYS, random.choice([1, 4, 7])):
                if random.random() > calm:
                    values[equipment, key] = random.choice(VALUES[key])
                value = values[equipment, key] + (drift * (at - since) if key == "flow" else 0)
                quality = BAD if random.random() < 0.02 else 0
                if (equipment, key) in IDS:
                    found[equipment, key, at] = (equipment, key, at, value, quality)
    return list(found.values())


def batch(rows: list[Reading]) -> ReadingBatch:
    """The readings as one batch, in their order."""
    return ReadingBatch.of(
        [IDS[equipment, key] for equipment, key, _, _, _ in rows],
        [START + at * SECOND for _, _, at, _, _ in rows],
        [value for _, _, _, value, _ in rows],
        [quality for _, _, _, _, quality in rows],
    )


def arrival(rows: list[Reading], random: Random) -> list[Reading]:
    """The readings as they come: each up to the lateness behind, some twice, some again much later."""
    late = random.choice([0, 5, LATENESS - 1])
    coming = [(row[2] + random.uniform(0, late), row) for row in rows]
    coming += [(at + random.choice([0, 3, 40, 900]), row) for at, row in coming if random.random() < 0.1]
    random.shuffle(coming)
    return [row for _, row in sorted(coming, key=lambda item: item[0])]


def split(rows: list[Reading], random: Random) -> list[list[Reading]]:
    """The readings cut into batches anywhere."""
    share = random.choice([0.01, 0.03, 0.03, 0.1]) if len(rows) > 30 else 1
    cuts = [at for at in range(1, len(rows)) if random.random() < share]
    return [rows[start:end] for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True)]


def end_of(rows: list[Reading]) -> Nanos:
    """Some time after the last reading, by which windows have forgotten much."""
    return START + (max(row[2] for row in rows) + 250) * SECOND


def told(changes: list[AlarmChange]) -> list[tuple[object, ...]]:
    """The changes in full, in the order of time, equipment and rule."""
    whole = [
        (item.ts, item.equipment_id, item.rule, str(item.event), sorted(item.readings.items()))
        for item in changes
    ]
    return sorted(whole)

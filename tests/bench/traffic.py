"""A property of 5,000 equipment and about 100,000 points, and three kinds of traffic from it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from plantroom.catalogue import Catalogue, load_catalogue
from plantroom.model import Equipment, Point, PointKind, PointTable, Text
from plantroom.readings import ReadingBatch
from plantroom.times import SECOND
from rules.cases import load_cases

EQUIPMENT = 5_000
BATCH = 10_000
ROUND = 10 * SECOND
"""How long it takes until every point was read once."""
START = 1_767_225_600 * SECOND + 30 * SECOND
"""Half a minute before a whole one."""
REPEATED = 0.05
"""Share of the readings that come twice."""
MANY = ("ahu", "chiller", "elevator", "pump", "switchboard")
"""Classes of which a property has twice as many, all of them rich in points."""
CASES = Path(__file__).parent.parent / "cases"


def build(count: int = EQUIPMENT) -> tuple[Catalogue, PointTable, np.ndarray]:
    """The shipped catalogue, a property of so many equipment and a healthy value for each point."""
    catalogue = load_catalogue()
    classes = [*catalogue, *(catalogue[key] for key in MANY)]
    healthy = {path.stem: load_cases(path, catalogue).healthy for path in CASES.glob("*.yaml")}
    equipment, points, values = [], [], []
    name = Text("x", "x")
    for number in range(count):
        cls = classes[number % len(classes)]
        key = f"e{number}"
        parameters = {spec.key: spec.default for spec in cls.parameters}
        served_by = f"e{number - 1}" if number % len(classes) else None
        equipment.append(
            Equipment(number + 1, "bench", key, cls.key, name, served_by=served_by, parameters=parameters)
        )
        for spec in cls.points:
            value = healthy.get(cls.key, {}).get(spec.key, sum(spec.normal) / 2 if spec.normal else 0)
            values.append(float((spec.values or {})[value] if isinstance(value, str) else value))
            points.append(
                Point(
                    len(points),
                    "bench",
                    key,
                    spec.key,
                    name,
                    spec.kind,
                    spec.unit,
                    spec.valid_span,
                    spec.normal,
                    spec.sample,
                    spec.stale_nanos,
                    spec.values or {},
                )
            )
    return catalogue, PointTable(equipment, points), np.array(values)


def snapshots(table: PointTable, healthy: np.ndarray, batches: int) -> list[ReadingBatch]:
    """The whole property at one timestamp, in order, and again every 10 s."""
    rounds = math.ceil(batches * BATCH / table.size)
    point = np.tile(np.arange(table.size), rounds)
    ts = START + np.arange(rounds).repeat(table.size) * ROUND
    return cut(table, healthy, point, ts, batches)


def messages(table: PointTable, healthy: np.ndarray, batches: int) -> list[ReadingBatch]:
    """As gateways send: each message is one equipment with all its points, equipment in random order."""
    random = np.random.default_rng(3)
    rounds = math.ceil(batches * BATCH / table.size)
    equipment = table.equipment_id[: table.size]
    order, at = [], []
    for number in range(rounds):
        turn = random.permutation(EQUIPMENT + 1)[equipment]  # ids count from 1
        order.append(np.argsort(turn, kind="stable"))
        at.append(START + number * ROUND + np.sort(turn, kind="stable") * (ROUND // (EQUIPMENT + 1)))
    return cut(table, healthy, np.concatenate(order), np.concatenate(at), batches)


def single_points(table: PointTable, healthy: np.ndarray, batches: int) -> list[ReadingBatch]:
    """Random points, each at its own time: the worst that MQTT can bring."""
    count = batches * BATCH
    point = np.random.default_rng(2).integers(0, table.size, count)
    ts = START + np.arange(count) * (ROUND // table.size)
    return cut(table, healthy, point, ts, batches)


def cut(
    table: PointTable, healthy: np.ndarray, point: np.ndarray, ts: np.ndarray, batches: int
) -> list[ReadingBatch]:
    """Batches of these readings, one in twenty of which comes again up to a batch's length later."""
    random = np.random.default_rng(4)
    count = len(point)
    again = np.flatnonzero(random.random(count) < REPEATED)
    later = again + random.integers(1, BATCH, len(again)) + 0.5
    order = np.argsort(np.concatenate((np.arange(count), later)), kind="stable")
    index = np.concatenate((np.arange(count), again))[order]
    whole = ReadingBatch.of(point[index], ts[index], values(table, healthy, point, ts)[index])
    return [whole.take(slice(at * BATCH, (at + 1) * BATCH)) for at in range(batches)]


def values(table: PointTable, healthy: np.ndarray, point: np.ndarray, ts: np.ndarray) -> np.ndarray:
    """Healthy values: measures with 1 % of noise, counters that grow; one in two hundred far off."""
    random = np.random.default_rng(1)
    value, kind = healthy[point], table.kind[point]
    analog = kind == PointTable.KIND_CODES[PointKind.ANALOG]
    binary = kind == PointTable.KIND_CODES[PointKind.BINARY]
    counter = kind == PointTable.KIND_CODES[PointKind.COUNTER]
    value = np.where(analog, value * (1 + 0.01 * random.standard_normal(len(point))), value)
    value = np.where(counter, value + (ts - START) / 3.6e12, value)
    far = random.random(len(point)) < 0.005
    value = np.where(far & analog, value * 1.5 + 1, value)
    return np.where(far & binary, 1.0, value)

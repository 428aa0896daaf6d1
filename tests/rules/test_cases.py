"""Every shipped rule against its written cases, and the case format itself."""

from pathlib import Path
from random import Random

import numpy as np
import pytest

from plantroom.catalogue import EquipmentClass, load_catalogue
from plantroom.catalogue.loader import read_class
from plantroom.errors import FileError
from plantroom.readings import ReadingBatch
from rules.cases import Case, engine_for, happenings, load_cases, readings_of, verdict
from rules.expression import check_catalogue

FOLDER = Path(__file__).parent.parent / "cases"
CATALOGUE = load_catalogue()
FILES = [load_cases(path, CATALOGUE) for path in sorted(FOLDER.glob("*.yaml"))]
CASES = [(file.cls, case) for file in FILES for case in file.cases]


def test_every_shipped_rule_text_means_something() -> None:
    assert check_catalogue(CATALOGUE) == []


@pytest.mark.parametrize(
    ("key", "case"), CASES, ids=[f"{key}-{case.rule}-{case.case}" for key, case in CASES]
)
def test_case(key: str, case: Case) -> None:
    cls = CATALOGUE[key]
    assert verdict(case, cls) is None
    assert in_pieces(case, cls) == [item.happening() for item in case.expect]


def in_pieces(case: Case, cls: EquipmentClass) -> list[object]:
    """The case again, its readings in up to ten batches cut between timestamps."""
    batch, engine = readings_of(case, cls), engine_for(case, cls)
    edges = np.flatnonzero(np.diff(batch.ts)) + 1
    cuts = sorted(Random(case.rule).sample(edges.tolist(), min(9, len(edges))))
    changes = []
    for start, end in zip([0, *cuts], [*cuts, len(batch)], strict=True):
        changes += engine.step(batch.take(slice(start, end)), 0)
    return happenings(case, changes)


def test_every_shipped_rule_has_its_cases() -> None:
    have = {(key, case.rule, case.case) for key, case in CASES}
    wanted = {
        (cls.key, rule.key, kind)
        for cls in CATALOGUE
        # those of every point's instrument have their own tests (test_instrument_rules.py)
        for rule in read_class(Path(CATALOGUE.marks[cls.key].file))[0].rules
        for kind in ("fires", "just_under", "gap", "clears")
    }
    assert sorted(wanted - have) == []


HEAD = "class: pump\nhealthy: {running: true, flow: 48}\ncases:\n"
GOOD = (
    "  - {rule: low_flow, case: fires, until: 2 min, series: {flow: {0s: 48, 60s: 40}},"
    " expect: [{raise: 90s}]}\n"
)


def problems(tmp_path: Path, body: str, head: str = HEAD) -> list[str]:
    path = tmp_path / "cases.yaml"
    path.write_text(head + body, encoding="utf-8")
    with pytest.raises(FileError) as caught:
        load_cases(path, CATALOGUE)
    return [f"{item.line}: {item.key}: {item.message}" for item in caught.value.problems]


def written(tmp_path: Path, body: str) -> Case:
    path = tmp_path / "cases.yaml"
    path.write_text(HEAD + body, encoding="utf-8")
    return load_cases(path, CATALOGUE).cases[0]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (("low_flow", "low_flwo"), "4: cases.0.rule: class 'pump' has no rule 'low_flwo'"),
        (("flow: {0s", "flwo: {0s"), "series.flwo: no such point"),
        (("60s: 40", "60s: high"), "'high' is not a value of this point"),
        (("60s: 40", "60s: true"), "True is not a value of this point"),
        (("60s: 40", "soon: 40"), "not a duration"),
        (("[{raise: 90s}]", "[]"), "expects a raise"),
        (("{raise: 90s}", "{raise: 90s, clear: 95s}"), "exactly one of raise and clear"),
        (("{raise: 90s}", "{rise: 90s}"), "unknown key"),
        (("case: fires", "case: burns"), "case"),
        (("case: fires", "case: just_under"), "expects no raise"),
        (("case: fires", "case: clears"), "expects a clear"),
        (("until: 2 min", "every: 0s, until: 2 min"), "every must be positive"),
        (("until: 2 min", "until: 9000 d"), "more than 200000 readings"),
        (("until: 2 min", "until: 2 min, parameters: {rated: 3}"), "parameters.rated: no such parameter"),
        ((", until: 2 min", ""), "until: is required"),
        (
            ("series: {", "beside: {as: space, series: {flwo: {0s: 1}}}, series: {"),
            "beside.series.flwo: no such point",
        ),
        (("series: {", "beside: {as: friend, series: {flow: {0s: 1}}}, series: {"), "beside.as"),
    ],
)
def test_what_is_wrong_in_a_case_is_said(tmp_path: Path, change: tuple[str, str], part: str) -> None:
    body = GOOD.replace(*change)
    assert body != GOOD
    assert any(part in problem for problem in problems(tmp_path, body))


def test_an_unknown_class_is_said(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD, HEAD.replace("pump", "pmup")) == [
        "1: class: no class 'pmup' in the catalogue"
    ]


def test_a_wrong_expectation_says_what_came_instead(tmp_path: Path) -> None:
    case = written(tmp_path, GOOD.replace("raise: 90s", "raise: 80s"))
    assert verdict(case, CATALOGUE["pump"]) == "expected raise at 1min 20s, got raise at 1min 30s"


def seconds_and_values(batch: ReadingBatch, row: int) -> list[tuple[int, float]]:
    mine = batch.take(batch.point_id == row)
    return list(zip(((mine.ts - batch.ts[0]) // 10**9).tolist(), mine.value.tolist(), strict=True))


def test_staircases_lists_silence_and_gaps(tmp_path: Path) -> None:
    pump = CATALOGUE["pump"]
    rows = {spec.key: row for row, spec in enumerate(pump.points)}
    case = written(
        tmp_path,
        "  - {rule: low_flow, case: other, until: 1 min, offline: [[20s, 30s]], expect: [],\n"
        "     series: {flow: {0: 48, 25: 40, 50s: silent},\n"
        "              current: [[0s, 13], [7s, 12]], speed: {10s: bad}}}\n",
    )
    batch = readings_of(case, pump)
    assert seconds_and_values(batch, rows["running"]) == [(at, 1) for at in (0, 10, 30, 40, 50, 60)]
    assert seconds_and_values(batch, rows["flow"]) == [(0, 48), (10, 48), (30, 40), (40, 40)]
    assert seconds_and_values(batch, rows["current"]) == [(0, 13), (7, 12)]
    speed = batch.take(batch.point_id == rows["speed"])
    assert len(speed) == 5
    assert speed.is_bad().all()

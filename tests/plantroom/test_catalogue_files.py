"""Class files from outside: what is wrong is named with file, line and key; a user's folder goes first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plantroom.catalogue import load_catalogue
from plantroom.catalogue.loader import SHIPPED, read_class
from plantroom.errors import CatalogueError, Problem

CLASS = """\
key: fan
name: {en: Fan, zh: 风机}
system: hvac
team: {en: HVAC repair, zh: 空调维修}
design_life_years: 15
source: practice
parameters:
  - {key: limit, name: {en: Limit, zh: 限值}, unit: mm/s, default: 7.1, source: practice}
points:
  - key: vibration
    name: {en: Vibration, zh: 振动}
    kind: analog
    unit: mm/s
    valid: [0, 100]
    normal: [0, 7]
    sample: 5s
    stale_after: 30s
    source: practice
  - {key: running, name: {en: Running, zh: 运行}, kind: binary, source: practice}
rules:
  - key: vibration_high
    name: {en: Vibration high, zh: 振动偏高}
    when: running and vibration > limit
    on_delay: 1min
    deadband: {vibration: 0.2 mm/s}
    severity: major
    cause: {en: Wear., zh: 磨损。}
    consequence: {en: Damage., zh: 损坏。}
    remedy: {en: Repair., zh: 修理。}
    source: practice
    work_order:
      skill: hvac
      checklist:
        - text: {en: Vibration, zh: 振动}
          unit: mm/s
          low: 0
          high: 4.5
plans:
  - key: monthly
    name: {en: Monthly, zh: 月度}
    every: 1 month
    skill: hvac
    tasks:
      - text: {en: Look, zh: 检查}
    source: practice
"""
LINES = CLASS.splitlines()

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes fan.yaml in a folder of one's own."""

    def written(content: str | bytes) -> Path:
        path = tmp_path / "fan.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def problems_of(path: Path) -> list[Problem]:
    """What reading the file complains of; each names the file."""
    with pytest.raises(CatalogueError) as caught:
        read_class(path)
    assert all(problem.file == path for problem in caught.value.problems)
    return list(caught.value.problems)


def line_of(text: str) -> int:
    """The number of the first line of CLASS that holds the text."""
    return next(number for number, line in enumerate(LINES, 1) if text in line)


def test_the_right_file_is_read(write: Write) -> None:
    found, marks = read_class(write(CLASS))
    assert (found.key, len(found.points), found.rules[0].on_delay) == ("fan", 2, 60_000_000_000)
    assert marks.problem(("rules", 0, "when"), "x").line == line_of("when:")


ONE_WORD = {
    # name: (text of CLASS, what stands there instead, key named, part of the message)
    "unknown key": ("    unit: mm/s\n", "    unyt: mm/s\n", "points.0.unyt", "unknown key"),
    "unknown system": ("system: hvac", "system: air", "system", "'hvac'"),
    "wrong unit": ("    unit: mm/s\n", "    unit: mm/sec\n", "points.0.unit", "unknown unit 'mm/sec'"),
    "unit that is no text": ("    unit: mm/s\n", "    unit: 1\n", "points.0.unit", "quotes"),
    "wrong kind": ("kind: analog", "kind: analogue", "points.0.kind", "'analog'"),
    "valid reversed": ("valid: [0, 100]", "valid: [100, 0]", "points.0.valid", "low < high"),
    "normal outside valid": ("normal: [0, 7]", "normal: [-1, 7]", "points.0.normal", "inside valid"),
    "range of three": ("normal: [0, 7]", "normal: [0, 7, 9]", "points.0.normal", "at most 2"),
    "range not finite": ("valid: [0, 100]", "valid: [0, .inf]", "points.0.valid.1", "finite"),
    "text for a number": ("normal: [0, 7]", 'normal: [0, "7"]', "points.0.normal.1", "number"),
    "bad duration": ("on_delay: 1min", "on_delay: 1 minute", "rules.0.on_delay", "not a duration"),
    "duration without unit": ("sample: 5s", "sample: 5", "points.0.sample", "needs a unit"),
    "endless duration": ("on_delay: 1min", "on_delay: 11y", "rules.0.on_delay", "longer than 3650"),
    "no sample": ("sample: 5s", "sample: 0s", "points.0.sample", "longer than nothing"),
    "stale too soon": ("stale_after: 30s", "stale_after: 1s", "points.0.stale_after", "as long as sample"),
    "huge duration": ("on_delay: 1min", f"on_delay: {'9' * 400}y", "rules.0.on_delay", "not a duration"),
    "bad severity": ("severity: major", "severity: serious", "rules.0.severity", "emergency, critical"),
    "bad interval": ("every: 1 month", "every: monthly", "plans.0.every", "not an interval"),
    "endless interval": ("every: 1 month", "every: 101 years", "plans.0.every", "longer than 100"),
    "undefined point in deadband": (
        "{vibration: 0.2",
        "{flow: 0.2",
        "rules.0.deadband.flow",
        "no such point",
    ),
    "one language": ("{en: Wear., zh: 磨损。}", "{en: Wear.}", "rules.0.cause", "en and zh"),
    "third language": ("{en: Wear., zh: 磨损。}", "{en: W., zh: 磨, de: V.}", "rules.0.cause", "exactly"),
    "empty words": ("{en: Wear., zh: 磨损。}", "{en: Wear., zh: ''}", "rules.0.cause", "must be text"),
    "key of capitals": ("key: vibration_high", "key: Vibration-High", "rules.0.key", "pattern"),
    "not the file's name": ("key: fan", "key: blower", "key", "file's name, 'fan'"),
    "text for a parameter": ("default: 7.1", "default: high", "parameters.0.default", "number"),
    "life of nothing": (
        "design_life_years: 15",
        "design_life_years: 0",
        "design_life_years",
        "greater than 0",
    ),
    "empty rule": ("when: running and vibration > limit", "when: ''", "rules.0.when", "at least 1"),
}


@pytest.mark.parametrize(("good", "bad", "key", "message"), ONE_WORD.values(), ids=ONE_WORD)
def test_one_wrong_word_is_named_at_its_line(
    good: str, bad: str, key: str, message: str, write: Write
) -> None:
    (problem,) = problems_of(write(CLASS.replace(good, bad, 1)))
    assert (problem.line, problem.key) == (line_of(good.strip("\n")), key)
    assert message in problem.message


POINT, SWITCH, TASK = "  - key: vibration", "  - {key: running", "        - text"
OWN_SWITCH = "  - {key: running, name: {en: R, zh: 运}, source: practice, "
LIMITS = "rules.0.work_order.checklist.0"
WITHIN = {
    # name: (the line that begins so, what stands there instead, key named, part of the message, line named)
    "missing source": ("    source: practice", "", "points.0.source", "is required", POINT),
    "analog without valid": ("    valid:", "", "points.0", "valid and normal", POINT),
    "limits without unit": ("          unit:", "", LIMITS, "need a unit", TASK),
    "limits reversed": ("          low:", "          low: 9", LIMITS, "above high", TASK),
    "words for a binary": (SWITCH, OWN_SWITCH + "kind: binary, values: {a: 1}}", "points.1", "needs", SWITCH),
    "enum without words": (SWITCH, OWN_SWITCH + "kind: enum}", "points.1", "needs values", SWITCH),
    "two words of one code": (
        SWITCH, OWN_SWITCH + "kind: enum, values: {a: 0, b: 0}}", "points.1.values", "same code", SWITCH,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WITHIN.values(), ids=WITHIN)
def test_what_does_not_fit_together_is_named_where_it_begins(
    case: tuple[str, str, str, str, str], write: Write
) -> None:
    start, instead, key, message, named = case
    at = next(number for number, line in enumerate(LINES) if line.startswith(start))
    changed = [*LINES[:at], *([instead] if instead else []), *LINES[at + 1 :]]
    (problem,) = problems_of(write("\n".join(changed)))
    assert (problem.line, problem.key) == (line_of(named), key)
    assert message in problem.message


@pytest.mark.parametrize(
    ("group", "start", "count", "message"),
    [
        ("rules", "  - key: vibration_high", 17, "duplicate 'vibration_high'"),
        ("plans", "  - key: monthly", 7, "duplicate 'monthly'"),
        ("points", "  - key: vibration", 9, "'vibration' is already a name here"),
    ],
)
def test_a_second_of_the_same_key_is_named_at_its_line(
    group: str, start: str, count: int, message: str, write: Write
) -> None:
    at = LINES.index(start)
    again = [*LINES[: at + count], *LINES[at : at + count], *LINES[at + count :]]
    (problem,) = problems_of(write("\n".join(again)))
    assert problem.line == at + count + 1
    assert problem.key.startswith(group)
    assert problem.key.endswith(".key")
    assert problem.message == message


def test_a_point_and_a_parameter_share_their_names(write: Write) -> None:
    (problem,) = problems_of(write(CLASS.replace("key: running,", "key: limit,")))
    assert (problem.line, problem.key) == (line_of("key: running"), "points.1.key")


def test_a_key_written_twice_is_named_at_the_second(write: Write) -> None:
    (problem,) = problems_of(
        write(CLASS.replace("    on_delay: 1min\n", "    on_delay: 1min\n    on_delay: 2min\n"))
    )
    assert (problem.line, problem.column, problem.key) == (line_of("on_delay") + 1, 5, "on_delay")
    assert problem.message == "duplicate key"


def test_an_unknown_block_is_named_at_its_own_line(write: Write) -> None:
    (problem,) = problems_of(write(CLASS + "colours:\n\n  - red\n"))
    assert (problem.line, problem.column, problem.key) == (len(LINES) + 1, 1, "colours")


def test_every_problem_of_a_file_is_named_at_once(write: Write) -> None:
    wrong = CLASS.replace("severity: major", "severity: serious").replace("every: 1 month", "every: often")
    assert [problem.line for problem in problems_of(write(wrong))] == [line_of("severity"), line_of("every")]


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"", 1, "empty"),
        (b"# nothing but a remark\n", 1, "empty"),
        (b"key: fan\nname: {en: Fan, zh: \xb7\xe7\xbb\xfa}\n", 2, "not UTF-8"),
        (b"key: fan\nname: [\n", 3, "expected"),
        (b"- key: fan\n", 1, "valid dictionary"),
        (b"key: fan\nrules: &all []\nplans: *all\n", 3, "alias"),
    ],
    ids=["empty", "only a remark", "not UTF-8", "not YAML", "a list", "an alias"],
)
def test_what_is_no_class_file_is_refused(content: bytes, line: int, message: str, write: Write) -> None:
    problem = problems_of(write(content))[0]
    assert problem.line == line
    assert message in problem.message


class TestFolder:
    def test_a_class_of_one_s_own_is_added(self, write: Write) -> None:
        catalogue = load_catalogue(write(CLASS).parent)
        assert len(catalogue.classes) == len(load_catalogue().classes) + 1
        assert catalogue["fan"].rule("vibration_high") is not None

    def test_a_class_of_one_s_own_goes_before_the_one_shipped(self, tmp_path: Path) -> None:
        shipped = (SHIPPED / "pump.yaml").read_text(encoding="utf-8")
        own = tmp_path / "pump.yml"
        own.write_text(shipped.replace("default: 85,", "default: 70,"), encoding="utf-8")
        catalogue = load_catalogue(tmp_path)
        assert len(catalogue.classes) == len(load_catalogue().classes)
        assert {item.key: item.default for item in catalogue["pump"].parameters}["low_flow_ratio"] == 70
        assert catalogue.marks["pump"].file == own

    def test_two_files_of_one_class_in_a_folder_are_refused(self, write: Write) -> None:
        path = write(CLASS)
        path.with_suffix(".yml").write_text(CLASS, encoding="utf-8")
        with pytest.raises(CatalogueError) as caught:
            load_catalogue(path.parent)
        (problem,) = caught.value.problems
        assert (problem.file, problem.line, problem.key) == (path.with_suffix(".yml"), 1, "key")
        assert "already in fan.yaml" in problem.message

    def test_the_problems_of_all_files_come_together(self, write: Write) -> None:
        folder = write(CLASS.replace("severity: major", "severity: serious")).parent
        (folder / "hoist.yaml").write_text("", encoding="utf-8")
        with pytest.raises(CatalogueError) as caught:
            load_catalogue(folder)
        assert [Path(problem.file).name for problem in caught.value.problems] == ["fan.yaml", "hoist.yaml"]

    def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(CatalogueError) as caught:
            load_catalogue(tmp_path / "nowhere")
        (problem,) = caught.value.problems
        assert (problem.file, problem.message) == (tmp_path / "nowhere", "is not a folder")

    def test_other_files_in_it_are_left_alone(self, write: Write) -> None:
        folder = write(CLASS).parent
        (folder / "notes.txt").write_text("key: [", encoding="utf-8")
        assert "fan" in load_catalogue(folder)

"""What a draft may say, what it keeps of the rules in force, and where its mistakes are."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from plantroom.catalogue import EquipmentClass, load_catalogue
from plantroom.errors import FileError
from plantroom.times import SECOND
from rules.backtest import read_draft, read_draft_file
from tests.rules.backtest.kit import RULES, Plant, machine_class, write

CATALOGUE = load_catalogue()
NEW = """\
  - key: strange
    when: {when}
    severity: minor
    name: {{en: a, zh: b}}
    cause: {{en: a, zh: b}}
    consequence: {{en: a, zh: b}}
    remedy: {{en: a, zh: b}}
    source: practice
"""


def problems(text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        read_draft(text.encode(), Plant().catalogue, "mine.yaml")
    return [str(item) for item in caught.value.problems]


def test_a_rule_keeps_what_the_draft_does_not_say() -> None:
    plant = Plant()
    draft = plant.draft("  - {key: low_flow, on_delay: 40s}")
    before, after = plant.cls.rule("low_flow"), draft.cls.rule("low_flow")
    assert before is not None
    assert after == before.model_copy(update={"on_delay": 40 * SECOND})
    assert draft.tried == ("low_flow",)
    assert draft.change_of("low_flow") == "changed"
    assert draft.change_of("hot") == "unchanged"
    assert [rule.key for rule in draft.cls.rules] == ["low_flow", "warm", "hot"]


def test_every_shipped_rule_can_be_given_by_its_key_alone() -> None:
    for cls in CATALOGUE:
        keys = "".join(f"  - {{key: {rule.key}}}\n" for rule in cls.rules)
        draft = read_draft(f"class: {cls.key}\nrules:\n{keys}".encode(), CATALOGUE)
        assert draft.cls == cls
        assert {draft.change_of(rule.key) for rule in cls.rules} == {"unchanged"}


def test_a_new_rule_is_added() -> None:
    draft = Plant().draft(NEW.format(when="flow > 50"))
    assert [rule.key for rule in draft.cls.rules] == ["low_flow", "warm", "hot", "strange"]
    assert draft.change_of("strange") == "new"


def class_file(cls: EquipmentClass) -> str:
    return yaml.safe_dump(cls.model_dump(mode="json", by_alias=True), sort_keys=False)


def test_a_class_file_takes_the_place_of_its_namesake_whatever_it_is_called(tmp_path: Path) -> None:
    plant = Plant()
    rules = {key: RULES[key] for key in ("low_flow", "warm")} | {"warmer": RULES["warm"]}
    rules["warm"] = {**RULES["warm"], "on_delay": "10s"}
    draft = read_draft_file(write(tmp_path, class_file(machine_class(rules))), plant.catalogue)
    assert draft.same_shape
    changes = {key: draft.change_of(key) for key in draft.tried}
    assert changes == {"warm": "changed", "hot": "removed", "warmer": "new"}


def test_a_class_file_without_a_change_has_nothing_to_compare() -> None:
    assert any("nothing to compare" in item for item in problems(class_file(machine_class())))


def test_the_rules_of_a_class_file_are_checked_at_their_place() -> None:
    text = class_file(machine_class()).replace("heat > 60", "heta > 60")
    line = text[: text.index("heta")].count("\n") + 1
    assert any(f"mine.yaml:{line}:" in item and "heta" in item for item in problems(text))


def test_a_changed_point_changes_every_rule() -> None:
    text = class_file(machine_class()).replace("sample: 10s", "sample: 20s", 1)
    draft = read_draft(text.encode(), Plant().catalogue)
    assert not draft.same_shape
    assert set(draft.tried) == set(RULES)
    assert draft.change_of("hot") == "changed"


HEAD = "class: machine\nrules:\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "mine.yaml:1:1: is empty"),
        ("- a", "mine.yaml:1:1: is neither a class file nor has it `class` and `rules`"),
        ("key: pmup", "mine.yaml:1:6: key: is not the key of a class in the catalogue"),
        ("class: pmup\nrules: []", "mine.yaml:1:8: class: no class 'pmup' in the catalogue"),
        ("class: machine", "mine.yaml:1:1: rules: is required"),
        ("class: machine\nrules: {}", "mine.yaml:2:8: rules: input should be a valid tuple"),
        (HEAD + "  - {key: hto}", "mine.yaml:3:11: rules.0.key: the class has no rule 'hto', did you mean"),
        (HEAD + "  - {key: hot, when: 'heat > 80 bar'}", "mine.yaml:3:30: rules.0.when: "),
        (HEAD + "  - {key: hot}\n  - {key: warm, when: 'heta > 60'}", "mine.yaml:4:24: rules.1.when: "),
        (HEAD + "  - {key: hot, on_delay: soon}", "mine.yaml:3:26: rules.0.on_delay: "),
        (HEAD + "  - {key: hot, ondelay: 5s}", "mine.yaml:3:25: rules.0.ondelay: unknown key"),
        (HEAD + "  - {key: hot, deadband: {heta: 1 K}}", "rules.0.deadband.heta: no such point in the class"),
        (HEAD + "  - {key: hot, explains: [wram]}", "rules.0.explains.0: no rule 'wram' in the class"),
        (HEAD + "  - {key: hot}\n  - {key: hot}", "mine.yaml:4:11: rules.1.key: duplicate 'hot'"),
        (HEAD + "  []", "mine.yaml:3:3: rules: has no rule"),
        (HEAD + "  - hot", "rules.0"),
        (HEAD + "  - {key: 5}", "rules.0"),
        (HEAD + NEW.format(when="flow >"), "mine.yaml:4:"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_draft_is_said_with_its_place(text: str, said: str) -> None:
    assert any(said in problem for problem in problems(text))


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"absent\.yaml:1:1: cannot be read"):
        read_draft_file(tmp_path / "absent.yaml", CATALOGUE)

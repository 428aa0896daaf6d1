"""The rules to be tried: a class file, or some rules of a class, read and checked like the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from plantroom.catalogue import Catalogue, EquipmentClass, FaultRule
from plantroom.catalogue.instruments import with_instrument_rules
from plantroom.catalogue.loader import read_class
from plantroom.errors import CatalogueError, FileError, Problem
from plantroom.yaml_file import MAX_BYTES, Marks, load, read
from rules.expression import check_catalogue


@dataclass(frozen=True, slots=True)
class Draft:
    """A class as it would be, beside the class in force; `tried` are the keys of the rules to be compared."""

    in_force: EquipmentClass
    cls: EquipmentClass
    tried: tuple[str, ...]

    @property
    def same_shape(self) -> bool:
        """Whether the classes differ in nothing that a rule could see but the rules."""
        return all(getattr(self.in_force, name) == getattr(self.cls, name) for name in _SHAPE)

    def change_of(self, key: str) -> str:
        """`new`, `removed`, `changed` or `unchanged`."""
        before, after = self.in_force.rule(key), self.cls.rule(key)
        if before is None:
            return "new"
        if after is None:
            return "removed"
        return "unchanged" if self.same_shape and before == after else "changed"


_SHAPE = ("points", "parameters", "terms", "baseline")


def read_draft_file(path: Path, catalogue: Catalogue) -> Draft:
    """The rules of a file, see `read_draft`.

    Raises: FileError.
    """
    try:
        with path.open("rb") as opened:
            raw = opened.read(MAX_BYTES + 1)
    except OSError as failure:
        raise FileError([Problem(path, 1, 1, "", f"cannot be read: {failure.strerror}")]) from failure
    return read_draft(raw, catalogue, path)


def read_draft(raw: bytes, catalogue: Catalogue, label: Path | str = "rules") -> Draft:
    """The rules of a YAML text: a class file, which takes the place of its namesake, or `class` and `rules`,
    which are added to the class or take the place of those with their keys.

    Of a rule that the class has, only what changes need be given. `label` names the text in errors.
    Raises: FileError with every problem, at its line.
    """
    with TemporaryDirectory() as folder:
        # the readers of the catalogue read files, whose name is the key of the class
        path = Path(folder) / "rules.yaml"
        path.write_bytes(raw)
        try:
            document, marks = read(path)
            if isinstance(document, dict) and "class" in document:
                cls = _class_of(document["class"], marks, catalogue)
                _refuse_strangers(document.get("rules"), marks, cls)
                return _some_rules(path, cls, catalogue)
            return _whole_class(path, document, marks, catalogue)
        except FileError as failure:
            raise FileError([replace(item, file=label) for item in failure.problems]) from failure


def _whole_class(path: Path, document: Any, marks: Marks, catalogue: Catalogue) -> Draft:
    key = document.get("key") if isinstance(document, dict) else None
    if not isinstance(key, str) or key not in catalogue:
        message = "is not the key of a class in the catalogue"
        if not isinstance(key, str):
            message = "is neither a class file nor has it `class` and `rules`"
        raise FileError([marks.problem(("key",) if key else (), message)])
    named = path.rename(path.with_name(f"{key}.yaml"))
    cls, marks = read_class(named)
    _check_texts(cls, marks, catalogue)
    before = catalogue[key]
    if with_instrument_rules(before) is before:
        # the class in force has the rules of its instruments, which no file writes down
        cls = with_instrument_rules(cls)
    draft = Draft(before, cls, ())
    keys = dict.fromkeys(rule.key for part in (draft.in_force, cls) for rule in part.rules)
    tried = tuple(item for item in keys if draft.change_of(item) != "unchanged")
    if not tried:
        raise FileError([marks.problem(("rules",), "has the rules in force: there is nothing to compare")])
    return replace(draft, tried=tried)


def _class_of(key: Any, marks: Marks, catalogue: Catalogue) -> EquipmentClass:
    if not isinstance(key, str) or key not in catalogue:
        raise FileError([marks.problem(("class",), f"no class {key!r} in the catalogue")])
    return catalogue[key]


def _refuse_strangers(rules: Any, marks: Marks, cls: EquipmentClass) -> None:
    """A key that the class does not have and nothing else is a slip, not a new rule without its parts."""
    keys = [rule.key for rule in cls.rules]
    problems = []
    for index, item in enumerate(rules if isinstance(rules, list) else ()):
        key = item.get("key") if isinstance(item, dict) else None
        if isinstance(key, str) and key not in keys and "when" not in item:
            near = get_close_matches(key, keys, 1)
            hint = (
                f", did you mean {near[0]!r}?" if near else "; a new rule needs all its parts, `when` first"
            )
            problems.append(marks.problem(("rules", index, "key"), f"the class has no rule {key!r}{hint}"))
    if problems:
        raise FileError(problems)


def _some_rules(path: Path, cls: EquipmentClass, catalogue: Catalogue) -> Draft:
    found, marks = load(path, _model(cls))
    if not found.rules:
        raise FileError([marks.problem(("rules",), "has no rule")])
    changed = {rule.key: rule for rule in found.rules}
    rules = [changed.get(rule.key, rule) for rule in cls.rules]
    rules += [rule for rule in found.rules if cls.rule(rule.key) is None]
    draft = cls.model_copy(update={"rules": tuple(rules)})
    problems = list(_strays(found.rules, draft, marks))
    if problems:
        raise FileError(problems)
    # the file's own rules alone, so that they stand where the marks say
    _check_texts(cls.model_copy(update={"rules": found.rules}), marks, catalogue)
    return Draft(cls, draft, tuple(changed))


def _strays(rules: Iterable[FaultRule], cls: EquipmentClass, marks: Marks) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.key in seen:
            yield marks.problem(("rules", index, "key"), f"duplicate {rule.key!r}")
        seen.add(rule.key)
        for key in rule.deadband:
            if cls.point(key) is None:
                yield marks.problem(("rules", index, "deadband", key), "no such point in the class")
        for place, key in enumerate(rule.explains):
            if cls.rule(key) is None:
                yield marks.problem(("rules", index, "explains", place), f"no rule {key!r} in the class")


def _check_texts(cls: EquipmentClass, marks: Marks, catalogue: Catalogue) -> None:
    checked = Catalogue({**catalogue.classes, cls.key: cls}, {**catalogue.marks, cls.key: marks})
    problems = check_catalogue(checked)
    if problems:
        raise CatalogueError(problems)


class _SomeRules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    cls: str = Field(alias="class")
    rules: tuple[FaultRule, ...]


def _model(in_force: EquipmentClass) -> type[_SomeRules]:
    """The shape of a small file, which takes what a rule does not say from the rule in force."""

    class SomeRules(_SomeRules):
        @model_validator(mode="before")
        @classmethod
        def _filled(cls, document: Any) -> Any:
            if not isinstance(document, Mapping) or not isinstance(document.get("rules"), list):
                return document
            return {**document, "rules": [_completed(item, in_force) for item in document["rules"]]}

    return SomeRules


def _completed(item: Any, cls: EquipmentClass) -> Any:
    before = cls.rule(item["key"]) if isinstance(item, dict) and isinstance(item.get("key"), str) else None
    if before is None:
        return item
    return {**before.model_dump(mode="json", by_alias=True), **item}

"""Reads the catalogue: the classes shipped, then a user's folder, whose files add or replace classes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plantroom.catalogue.instruments import with_instrument_rules
from plantroom.catalogue.schema import EquipmentClass
from plantroom.errors import CatalogueError, Problem
from plantroom.model import PointKind
from plantroom.times import format_duration
from plantroom.yaml_file import Marks, load

SHIPPED = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every equipment class by key, and where each was read, for errors found later."""

    classes: Mapping[str, EquipmentClass]
    marks: Mapping[str, Marks] = field(default_factory=dict)

    def __getitem__(self, key: str) -> EquipmentClass:
        return self.classes[key]

    def __contains__(self, key: object) -> bool:
        return key in self.classes

    def __iter__(self) -> Iterator[EquipmentClass]:
        return iter(self.classes.values())

    def rule_problem(self, class_key: str, rule_key: str, entry: str, message: str) -> Problem:
        """A Problem at one entry (`when`, `deadband`, ...) of a rule."""
        index = [rule.key for rule in self.classes[class_key].rules].index(rule_key)
        return self.marks[class_key].problem(("rules", index, entry), message)


def load_catalogue(extra: Path | None = None) -> Catalogue:
    """The shipped classes with those of the folder `extra` added or put in place of their namesakes.

    Every analog point has the rules about its instrument besides (see `instruments`).

    Raises: CatalogueError with the problems of every file.
    """
    classes: dict[str, EquipmentClass] = {}
    marks: dict[str, Marks] = {}
    problems: list[Problem] = []
    folders = [SHIPPED] if extra is None else [SHIPPED, extra]
    for folder in folders:
        if not folder.is_dir():
            problems.append(Problem(folder, 1, 1, "", "is not a folder"))
            continue
        for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            try:
                found, where = read_class(path)
            except CatalogueError as failure:
                problems.extend(failure.problems)
                continue
            if found.key in marks and Path(marks[found.key].file).parent == folder:
                twice = f"{found.key!r} is already in {Path(marks[found.key].file).name}"
                problems.append(where.problem(("key",), twice))
            classes[found.key], marks[found.key] = with_instrument_rules(found), where
    if problems:
        raise CatalogueError(problems)
    return Catalogue(classes, marks)


def read_class(path: Path) -> tuple[EquipmentClass, Marks]:
    """One class file, checked but for the meaning of its rules' texts.

    Raises: CatalogueError.
    """
    found, marks = load(path, EquipmentClass, CatalogueError)
    problems = list(_problems(found, marks, path))
    if problems:
        raise CatalogueError(problems)
    return found, marks


def _problems(found: EquipmentClass, marks: Marks, path: Path) -> Iterator[Problem]:
    if path.stem != found.key:
        yield marks.problem(("key",), f"must be the file's name, {path.stem!r}")
    names: set[str] = set()
    for group in ("parameters", "points", "terms"):
        for index, item in enumerate(getattr(found, group)):
            if item.key in names:
                yield marks.problem((group, index, "key"), f"{item.key!r} is already a name here")
            names.add(item.key)
    for group in ("rules", "plans"):
        seen: set[str] = set()
        for index, item in enumerate(getattr(found, group)):
            if item.key in seen:
                yield marks.problem((group, index, "key"), f"duplicate {item.key!r}")
            seen.add(item.key)
    yield from _strays(found, marks)


def _strays(found: EquipmentClass, marks: Marks) -> Iterator[Problem]:
    """Names of points and rules that the class does not have."""
    for index, rule in enumerate(found.rules):
        for key in rule.deadband:
            if found.point(key) is None:
                yield marks.problem(("rules", index, "deadband", key), "no such point in the class")
        for place, key in enumerate(rule.explains):
            if found.rule(key) is None:
                yield marks.problem(("rules", index, "explains", place), f"no rule {key!r} in the class")
    if found.baseline is None:
        return
    for key in (*found.baseline.points, found.baseline.deviation):
        spec = found.point(key)
        if spec is None or spec.kind is not PointKind.ANALOG:
            yield marks.problem(("baseline",), f"{key!r} is no analog point of the class")


def schema_json() -> str:
    """The JSON Schema of an equipment class file, for editors; the file schema.json here holds it."""
    schema: dict[str, Any] = EquipmentClass.model_json_schema(mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Plantroom equipment class"
    for definition in (schema, *schema["$defs"].values()):
        for entry in definition.get("properties", {}).values():
            if entry.get("type") == "string" and isinstance(entry.get("default"), int):
                entry["default"] = format_duration(entry["default"])  # as it is written, not in ns
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"

"""YAML from outside: exact places of what is wrong, and documents made to do harm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, field_validator

from plantroom import yaml_file
from plantroom.errors import CatalogueError, FileError, Problem
from plantroom.yaml_file import load, read

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the file under test."""

    def written(content: str | bytes) -> Path:
        path = tmp_path / "pump.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def problems(path: Path) -> list[Problem]:
    """What is wrong with the file."""
    with pytest.raises(FileError) as caught:
        read(path)
    return list(caught.value.problems)


def places(path: Path) -> list[tuple[int, int, str]]:
    """Where, as (line, column, key)."""
    return [(item.line, item.column, item.key) for item in problems(path)]


class Limits(BaseModel):
    model_config = ConfigDict(extra="forbid")
    low: float
    high: float = 0.0

    @field_validator("high")
    @classmethod
    def _not_negative(cls, value: float) -> float:
        if value < 0:
            raise ValueError("High must not be negative")
        return value


class PointModel(BaseModel):
    model_config = ConfigDict(extra="forbid")
    key: str
    limits: Limits
    tags: list[int] = []
    value: int | Limits | None = None


class FileModel(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    points: list[PointModel] = []
    named: dict[str, Limits] = {}


class TestRead:
    def test_gives_plain_values(self, write: Write) -> None:
        content = "text: 水泵\nnumber: 1.5\nwhole: 3\nyes: true\nnone: ~\nday: 2024-02-29\n"
        document, _ = read(write(content + "list: [1, [2, {a: b}]]\n"))
        assert document == {
            "text": "水泵", "number": 1.5, "whole": 3, "yes": True, "none": None, "day": date(2024, 2, 29),
            "list": [1, [2, {"a": "b"}]],
        }  # fmt: skip

    def test_a_byte_order_mark_is_not_part_of_the_first_key(self, write: Write) -> None:
        path = write(b"\xef\xbb\xbfname: pump\nname: again")
        assert places(path) == [(2, 1, "name")]
        assert read(write(b"\xef\xbb\xbfname: pump"))[0] == {"name": "pump"}

    def test_windows_line_ends_count_as_one(self, write: Write) -> None:
        assert places(write("a: 1\r\nb: 2\r\na: 3\r\n")) == [(3, 1, "a")]

    def test_every_duplicate_key_is_named_where_it_stands_again(self, write: Write) -> None:
        found = problems(write("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\nlist:\n  - {x: 1, x: 2}\na: 4\n"))
        assert [(item.line, item.column, item.key) for item in found] == [
            (5, 3, "c"),
            (7, 12, "x"),
            (8, 1, "a"),
        ]
        assert {item.message for item in found} == {"duplicate key"}

    def test_keys_that_only_look_different_are_duplicates(self, write: Write) -> None:
        assert places(write("flow: 1\n\"flow\": 2\n'flow': 3")) == [(2, 1, "flow"), (3, 1, "flow")]

    @pytest.mark.parametrize(
        ("content", "place"),
        [
            ("a: [1, 2\nb: 3\n", (2, 2)),
            ("a: 1\n  b: 2\n", (2, 4)),
            ("a: 'open\n", (2, 1)),
            ("a: b: c\n", (1, 5)),
            ("\tа: 1\n", (1, 1)),
            ("a: 1\n---\nb: 2\n", (2, 1)),
            ("a: *nowhere\n", (1, 4)),
            ("a: 1\nb: \x00\n", (2, 4)),
            ("ключ: ok\nb: @\n", (2, 4)),
        ],
    )
    def test_what_is_not_yaml_is_named_where_it_goes_wrong(
        self, write: Write, content: str, place: tuple[int, int]
    ) -> None:
        assert [(item.line, item.column) for item in problems(write(content))] == [place]

    @pytest.mark.parametrize(
        "value",
        [
            "2024-02-30",
            "2024-13-45",
            "=",
            "!foo 1",
            "!!float abc",
            "9" * 5_000,
            "!!python/object/apply:os.system [ls]",
        ],
        ids=lambda value: value[:16],
    )
    def test_a_value_that_cannot_be_read_is_a_problem_at_its_place(self, write: Write, value: str) -> None:
        assert places(write(f"a: 1\nb: {value}\n")) == [(2, 4, "b")]

    @pytest.mark.parametrize(
        "content", ["!foo {a: 1}", "!!set {a, b}", "!!omap [a: 1]", "!!python/tuple [1]"]
    )
    def test_a_tagged_collection_is_refused(self, write: Write, content: str) -> None:
        assert places(write(f"x:\n  - {content}\n")) == [(2, 5, "x.0")]

    @pytest.mark.parametrize("content", ["", "   \n", "# only a comment\n"])
    def test_a_file_of_nothing_is_refused(self, write: Write, content: str) -> None:
        found = problems(write(content))
        assert [(item.line, item.column) for item in found] == [(1, 1)]

    def test_bytes_that_are_not_utf8_are_named(self, write: Write) -> None:
        assert "not UTF-8 at byte 3" in problems(write(b"a: \xe9"))[0].message
        assert "not UTF-8" in problems(write("a: 1".encode("utf-16")))[0].message

    def test_a_file_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        assert "No such file" in problems(tmp_path / "nowhere.yaml")[0].message
        assert "directory" in problems(tmp_path)[0].message

    def test_a_file_over_the_limit_is_refused(self, write: Write) -> None:
        path = write("a: " + "x" * yaml_file.MAX_BYTES)
        assert "larger than" in problems(path)[0].message

    def test_the_error_is_of_the_kind_asked_for(self, write: Write) -> None:
        with pytest.raises(CatalogueError):
            read(write("a: ["), CatalogueError)


class TestHarm:
    @pytest.mark.parametrize(
        ("content", "place"),
        [
            ("a: &x 1\nb: *x\n", (2, 4)),
            ("a: &x [*x]\n", (1, 8)),
            ("a: &x {k: 1}\nb:\n  <<: *x\n", (3, 7)),
        ],
    )
    def test_an_alias_is_refused_where_it_stands(
        self, write: Write, content: str, place: tuple[int, int]
    ) -> None:
        found = problems(write(content))
        assert [(item.line, item.column) for item in found] == [place]
        assert "write the value out" in found[0].message

    def test_a_billion_laughs_are_not_laughed(self, write: Write) -> None:
        lines = ["l0: &l0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
        lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 30)]
        assert [(item.line, item.column) for item in problems(write("\n".join(lines)))] == [(2, 10)]

    @pytest.mark.parametrize(("opening", "column"), [("[", 41), ("- ", 81), ("{a: ", 158)])
    def test_a_deep_document_is_refused_at_the_depth_it_reached(
        self, write: Write, opening: str, column: int
    ) -> None:
        found = problems(write(opening * 20_000))
        assert [(item.line, item.column) for item in found] == [(1, column)]
        assert "too deep" in found[0].message

    def test_depth_up_to_the_limit_is_read(self, write: Write) -> None:
        depth = yaml_file.MAX_DEPTH
        assert str(read(write("[" * depth + "]" * depth))[0]).count("[") == depth
        assert "too deep" in problems(write("[" * (depth + 1) + "]" * (depth + 1)))[0].message

    def test_a_document_of_too_many_values_is_refused(
        self, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(yaml_file, "MAX_NODES", 100)
        assert len(read(write(f"[{', '.join('1' * 99)}]"))[0]) == 99
        assert "too large" in problems(write(f"[{', '.join('1' * 100)}]"))[0].message

    @settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(st.binary(max_size=60) | st.text("ab:- \n[]{}&*!#|>'\"?,%@0", max_size=60).map(str.encode))
    def test_any_bytes_give_a_document_or_problems_with_places(self, write: Write, content: bytes) -> None:
        path = write(content)
        found: tuple[Problem, ...] | None = None
        try:
            read(path)
        except FileError as failure:
            found = failure.problems
        if found is not None:
            assert found
            assert all(item.line >= 1 and item.column >= 1 and item.message for item in found)


class TestLoad:
    def failing(self, path: Path) -> list[tuple[int, int, str, str]]:
        with pytest.raises(FileError) as caught:
            load(path, FileModel)
        return [(item.line, item.column, item.key, item.message) for item in caught.value.problems]

    def test_gives_the_model_and_where_each_value_stands(self, write: Write) -> None:
        path = write("name: pump\npoints:\n  - key: flow\n    limits: {low: 1, high: 2}\n")
        model, marks = load(path, FileModel)
        assert model == FileModel(name="pump", points=[PointModel(key="flow", limits=Limits(low=1, high=2))])
        assert (
            str(marks.problem(("points", 0, "limits", "high"), "x"))
            == f"{path}:4:28: points.0.limits.high: x"
        )
        assert str(marks.problem(("points", 0, "colour"), "x")) == f"{path}:3:5: points.0.colour: x"
        assert str(marks.problem(("nowhere",), "x")) == f"{path}:1:1: nowhere: x"

    def test_every_problem_of_the_model_is_at_its_line_and_key(self, write: Write) -> None:
        content = """\
name: [1]
colour: blue
points:
  - key: flow
    limits:
      low: none
      high: -1
      middle: 3
  - limits: {low: 1}
named:
  a: {low: 1}
  b: {high: 2}
"""
        found = self.failing(write(content))
        assert sorted(item[:3] for item in found) == [
            (1, 7, "name"),
            (2, 9, "colour"),
            (6, 12, "points.0.limits.low"),
            (7, 13, "points.0.limits.high"),
            (8, 15, "points.0.limits.middle"),
            (9, 5, "points.1.key"),
            (12, 6, "named.b.low"),
        ]
        said = {item[2]: item[3] for item in found}
        assert said["colour"] == "unknown key"
        assert said["points.1.key"] == "is required"
        assert said["points.0.limits.high"] == "high must not be negative"

    def test_a_union_names_the_key_not_the_branch(self, write: Write) -> None:
        found = self.failing(write("name: x\npoints:\n  - key: a\n    limits: {low: 1}\n    value: word\n"))
        assert {item[:3] for item in found} == {(5, 12, "points.0.value")}

    @pytest.mark.parametrize("content", ["just text", "[1, 2]", "3"])
    def test_a_document_of_another_shape_is_refused_at_its_beginning(
        self, write: Write, content: str
    ) -> None:
        assert self.failing(write(content))[0][:3] == (1, 1, "")

    def test_an_item_of_a_list_is_named_by_its_place(self, write: Write) -> None:
        content = "name: x\npoints:\n  - key: a\n    limits: {low: 1}\n    tags: [1, two, 3]\n"
        assert [item[:3] for item in self.failing(write(content))] == [(5, 15, "points.0.tags.1")]

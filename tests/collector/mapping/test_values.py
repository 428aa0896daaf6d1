"""One value of a device to one of a point."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.mapping.values import MISSING, Transform, at_path, path_of, scalars
from plantroom.errors import PayloadError


@pytest.mark.parametrize(
    ("transform", "value", "expected"),
    [
        (Transform(), 3, 3.0),
        (Transform(), True, True),
        (Transform(), "fire", "fire"),
        (Transform(), None, None),
        (Transform(scale=0.1, offset=-40.0), 715, 31.5),
        (Transform(scale=0.1), True, True),
        (Transform({"ON": True, "OFF": False}), "ON", True),
        (Transform({"1": "fire"}), 1.0, "fire"),
        (Transform({"true": 5.0}, scale=2.0), True, 5.0),
        (Transform({"ON": True}), 7, 7.0),
        (Transform(text_number=True), " -1.5e1 ", -15.0),
        (Transform(text_number=True, scale=10.0), ".5", 5.0),
        (Transform({"open": 1.0}, text_number=True), "0.25", 0.25),
    ],
)
def test_value(transform: Transform, value: object, expected: object) -> None:
    made = transform(value, "field")
    assert (
        made == pytest.approx(expected)
        if isinstance(expected, float)
        else made is expected or made == expected
    )
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "0x1f", "1_0", "1,5", "١٢", "1e99999", "--1", "1.2.3", "9" * 401]
)
def test_a_text_that_is_no_number(text: str) -> None:
    with pytest.raises(PayloadError) as refused:
        Transform(text_number=True)(text, "field")
    assert refused.value.reason == "type"
    assert len(str(refused.value)) < 120


def test_a_number_too_large_for_a_double_is_infinite_and_flagged_later() -> None:
    assert Transform(text_number=True)("1e999", "field") == math.inf


def test_a_word_that_the_map_has_not() -> None:
    with pytest.raises(PayloadError, match="none of the map's words"):
        Transform({"ON": True})("on\u202e", "field")


DOCUMENT = {"a": {"b": [1, {"c": 2}], "1": 3}, "": 4}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.b.1.c", 2),
        ("a.b.0", 1),
        ("a.1", 3),
        ("a.b.2", MISSING),
        ("a.b.-1", MISSING),
        ("a.b.99999999999999999999", MISSING),
        ("a.b.²", MISSING),
        ("a.x.y", MISSING),
        ("", DOCUMENT),
    ],
)
def test_path(path: str, expected: object) -> None:
    assert at_path(DOCUMENT, path_of(path)) == expected


def test_scalars_are_bounded_in_number_and_depth() -> None:
    deep: object = 1
    for _ in range(50):
        deep = {"x": deep}
    assert scalars({"deep": deep, "b": 2, "list": [1]}, 10) == {"b": 2}
    assert len(scalars({str(n): n for n in range(1000)}, 10)) == 10


@given(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=30)),
    st.builds(
        Transform,
        st.one_of(st.none(), st.dictionaries(st.text(max_size=3), st.one_of(st.booleans(), st.floats()))),
        st.booleans(),
        st.floats(-1e3, 1e3),
        st.floats(-1e3, 1e3),
    ),
)
def test_anything_is_a_value_or_a_payload_error(value: object, transform: Transform) -> None:
    try:
        made = transform(value, "field")
    except PayloadError as refused:
        assert refused.reason == "type"  # noqa: PT017 -- either outcome is right
        return
    assert made is None or isinstance(made, (bool, float, str, int))

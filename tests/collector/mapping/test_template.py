"""Topic templates and the filters that follow from them."""

from __future__ import annotations

import pytest

from collector.mapping.template import covers, distinct, template


@pytest.mark.parametrize(
    ("text", "topic", "names"),
    [
        ("{base}/{device}", "b/c/pump", {"device": "pump"}),
        ("{base}/{device}", "b/c/pump/x", None),
        ("{base}/{device}", "b/c/", None),
        ("{base}/{device...}", "b/c/hall/pump", {"device": "hall/pump"}),
        ("{base}/{device...}/set", "b/c/hall/pump/set", {"device": "hall/pump"}),
        ("{base}/{device...}/set", "b/c/set", None),
        ("{base}/+/x.y", "b/c/any/x.y", {}),
        ("{base}/+/x.y", "b/c/any/xzy", None),
    ],
)
def test_match(text: str, topic: str, names: dict[str, str] | None) -> None:
    assert template(text, "b/c").match(topic) == names


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("{base}/{a}/x", "b/+/x"), ("{base}/{a...}/x", "b/#"), ("x/+/{b}", "x/+/+"), ("{base}/{a}", "b/+")],
)
def test_filter(text: str, wanted: str) -> None:
    assert template(text, "b").filter == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a//b", "no level"),
        ("a/#", "no level"),
        ("a/x{b}", "no level"),
        ("a/{B}", "no level"),
        ("{a}/{a}", "twice"),
        ("{a...}/{b...}", "more than one"),
        ("a/b\x00", "no level"),
        ("/".join("a" * 40), "more than 32 levels"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        template(text, "b")


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("a/#", "a/b/c", True),
        ("a/#", "a/#", True),
        ("a/+", "a/b", True),
        ("a/+", "a/#", False),
        ("a/+", "a/b/c", False),
        ("a/b", "a/+", False),
        ("+/b", "a/b", True),
        ("a/b/c", "a/b", False),
    ],
)
def test_covers(wide: str, narrow: str, expected: bool) -> None:
    assert covers(wide, narrow) is expected


def test_a_filter_that_another_covers_is_left_out() -> None:
    assert distinct(["a/b", "a/#", "a/+/c", "x", "a/b", "x"]) == ("a/#", "x")

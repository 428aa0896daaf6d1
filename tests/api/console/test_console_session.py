"""Where a sign-in may lead, and answers that pages share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.console.session import HOME, login_address, safe_next
from api.console.shared import MAX_KEYS, Shared
from plantroom.errors import StoreUnavailableError
from plantroom.times import SECOND


@pytest.mark.parametrize("target", ["/", "/alarms?state=all&q=a%20b", "/equipment/north/mill-1", "/orders/7"])
def test_local_paths_are_kept(target: str) -> None:
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "alarms",
        "//evil.test/x",
        "/\\evil.test",
        "\\\\evil.test",
        "https://evil.test",
        "javascript:alert(1)",
        "/\tevil",
        "/a\r\nSet-Cookie: x=1",
        "/\u202eabc",
        "/login",
        "/logout?x",
        "/language",
        "/" + "a" * 2000,
    ],
)
def test_everything_else_leads_home(target: str | None) -> None:
    assert safe_next(target) == HOME


@given(st.text(max_size=60))
def test_no_text_leads_to_another_site(text: str) -> None:
    found = safe_next(text)
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))
    assert urlsplit(found).netloc == ""


def test_the_sign_in_page_carries_on() -> None:
    assert login_address("/") == "/login"
    assert login_address("/alarms?q=a&b=1") == "/login?next=/alarms%3Fq%3Da%26b%3D1"
    assert login_address("https://evil.test") == "/login"


class Counting:
    def __init__(self, answer: Callable[[], int]) -> None:
        self.calls = 0
        self.answer = answer

    def __call__(self) -> int:
        self.calls += 1
        return self.answer()


def test_an_answer_is_computed_once_for_all_who_ask() -> None:
    now = [0]
    shared, count = Shared(lambda: now[0]), Counting(lambda: 5)

    async def many() -> list[int]:
        return await asyncio.gather(*(shared.get("a", count) for _ in range(20)))

    assert asyncio.run(many()) == [5] * 20
    assert count.calls == 1
    now[0] = 2 * SECOND
    assert asyncio.run(many()) == [5] * 20
    assert count.calls == 2


def test_a_failure_is_shared_too_and_then_tried_again() -> None:
    now = [0]
    shared = Shared(lambda: now[0])
    broken = [True]

    def answer() -> int:
        if broken[0]:
            raise StoreUnavailableError("away")
        return 1

    count = Counting(answer)
    for _ in range(3):
        with pytest.raises(StoreUnavailableError):
            asyncio.run(shared.get("a", count))
    assert count.calls == 1
    broken[0], now[0] = False, SECOND
    assert asyncio.run(shared.get("a", count)) == 1


def test_the_cache_stays_small() -> None:
    shared = Shared(lambda: 0)

    async def fill() -> None:
        for key in range(MAX_KEYS + 10):
            await shared.get(key, lambda: 0)

    asyncio.run(fill())
    assert len(shared._answers) <= MAX_KEYS

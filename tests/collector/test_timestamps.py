from __future__ import annotations

import math

import numpy as np
import pytest

from collector.codecs.timestamps import END, instant, instants
from plantroom.errors import PayloadError
from tests.collector.kit import NOW

SECOND = 10**9


class TestInstant:
    @pytest.mark.parametrize(
        ("given", "wanted"),
        [
            (0, 0),
            (NOW // SECOND, NOW),
            (NOW // 10**6, NOW),
            (NOW // 10**3, NOW),
            (NOW, NOW),
            (NOW / SECOND + 0.123456, NOW + 123_456_000),
            (NOW / 10**6 + 0.125, NOW + 125_000),
            (9_223_372_036, 9_223_372_036 * SECOND),
            (10**11, 10**8 * SECOND),  # the smallest number that is milliseconds: 1973
            (10**14, 10**8 * SECOND),
            (10**17, 10**8 * SECOND),
            (END, END),
            ("2026-03-01T08:00:00Z", NOW),
            ("2026-03-01T16:00:00.5+08:00", NOW + SECOND // 2),
            ("2026-03-01T08:00:00", NOW),
            ("2026-03-01 08:00:00.123456", NOW + 123_456_000),
            ("20260301T080000Z", NOW),
        ],
    )
    def test_what_the_rule_covers(self, given: object, wanted: int) -> None:
        assert instant(given) == wanted

    def test_none_is_no_time_given(self) -> None:
        assert instant(None) is None

    @pytest.mark.parametrize(
        "given",
        [
            True,
            -1,
            -0.5,
            math.nan,
            math.inf,
            -math.inf,
            9_223_372_037,
            99_999_999_999,
            2**63,
            2.0**63,
            10**400,
            1e300,
            "",
            "now",
            "1969-12-31T23:59:59Z",
            "2300-01-01",
            "9999-12-31T23:59:59-14:00",
            "0001-01-01T00:00:00+14:00",
            "1772352000",
            "x" * 100_000,
            [],
            {},
        ],
        ids=lambda value: ascii(value)[:30],
    )
    def test_what_it_does_not_cover(self, given: object) -> None:
        with pytest.raises(PayloadError) as caught:
            instant(given)
        assert caught.value.reason == "time"
        assert len(str(caught.value)) < 200


class TestInstants:
    def test_whole_numbers_of_every_size_at_once(self) -> None:
        times, keep, problems = instants([NOW // SECOND, NOW // 10**6, NOW // 10**3, NOW, 0])
        assert times.tolist() == [NOW, NOW, NOW, NOW, 0]
        assert keep is None
        assert problems == ()

    def test_it_agrees_with_instant(self) -> None:
        rng = np.random.default_rng(1)
        numbers = (10.0 ** rng.uniform(0, 18.9, 500)).astype(np.int64).tolist()
        wanted = []
        for number in numbers:
            try:
                wanted.append(instant(number))
            except PayloadError:
                wanted.append(None)
        times, keep, _ = instants(numbers)
        got = np.full(len(numbers), -1, dtype=np.int64)
        got[slice(None) if keep is None else keep] = times
        assert got.tolist() == [-1 if ts is None else ts for ts in wanted]

    def test_a_wrong_row_costs_that_row(self) -> None:
        times, keep, problems = instants([1, "soon", None, True, 2.5, -4])
        assert times.tolist() == [SECOND, 2_500_000_000]
        assert keep is not None
        assert keep.tolist() == [True, False, False, False, True, False]
        assert [problem.reason for problem in problems] == ["time"]
        assert "row 1" in str(problems[0])
        assert "4 of 6 rows" in str(problems[0])

    def test_no_rows(self) -> None:
        times, keep, problems = instants([])
        assert len(times) == 0
        assert keep is None
        assert problems == ()

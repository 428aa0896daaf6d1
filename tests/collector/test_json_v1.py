from __future__ import annotations

import json
import math

import numpy as np
import pytest

from collector import topics
from collector.codecs import FIRST_BYTES, JSON, json_lenient
from collector.codecs.json_v1 import JsonV1, encode_batch, encode_equipment, encode_point
from plantroom.errors import PayloadError
from tests.collector.kit import NOW, PUMP

EQUIPMENT = topics.parse(PUMP)
POINT = topics.parse(f"{PUMP}/flow")
SECOND = 10**9


@pytest.mark.parametrize("payload", [b"", b" {", b"1", b'"', b"\xff", b"\xc3\xa9"])
def test_what_is_no_map_of_messagepack_is_this_codecs(payload: bytes) -> None:
    assert isinstance(JSON, JsonV1)
    assert not payload or payload[0] not in FIRST_BYTES


class TestEncode:
    def test_equipment_comes_back(self) -> None:
        payload = encode_equipment(NOW, {"flow": 31.2, "running": True, "mode": "fire"}, {"flow": "L/min"})
        samples = JsonV1().decode(EQUIPMENT, payload)
        assert samples.values == {"flow": 31.2, "running": True, "mode": "fire"}
        assert samples.ts == NOW
        assert samples.units == {"flow": "L/min"}

    def test_batch_of_arrays_comes_back(self) -> None:
        ts = NOW + np.arange(3) * SECOND
        payload = encode_batch(ts, {"flow": np.array([1.5, math.nan, 2.5]), "mode": ["a", None, "b"]})
        samples = JsonV1().decode(EQUIPMENT, payload)
        assert isinstance(samples.ts, np.ndarray)
        assert samples.ts.tolist() == ts.tolist()
        assert samples.values == {"flow": [1.5, None, 2.5], "mode": ["a", None, "b"]}

    def test_point_comes_back(self) -> None:
        samples = JsonV1().decode(POINT, encode_point(NOW, 31.2, "L/min"))
        assert (samples.values, samples.ts, samples.units) == ({"flow": 31.2}, NOW, {"flow": "L/min"})

    @pytest.mark.parametrize("ts", [0, 1_772_352_000, 10**17 - 1, -5])
    def test_a_time_that_would_not_be_read_as_nanoseconds(self, ts: int) -> None:
        with pytest.raises(ValueError, match="nanoseconds since 1970"):
            encode_equipment(ts, {})
        with pytest.raises(ValueError, match="nanoseconds since 1970"):
            encode_batch([NOW, ts], {})
        with pytest.raises(ValueError, match="nanoseconds since 1970"):
            encode_point(ts, 1.0)

    def test_a_column_of_another_length(self) -> None:
        with pytest.raises(ValueError, match="flow has 1 values for 2 times"):
            encode_batch([NOW, NOW + 1], {"flow": [1.0]})


class TestBothWaysOfReading:
    """The quick way and the lenient one must say the same of everything that the quick way takes."""

    @pytest.mark.parametrize(
        ("topic", "text"),
        [
            (EQUIPMENT, '{"ts": 1772352000, "values": {"flow": 31.5, "n": 3, "running": true, "x": null}}'),
            (EQUIPMENT, '{"ts": "2026-03-01T16:00:00+08:00", "values": {"mode": "a:b"}}'),
            (EQUIPMENT, '{"ts": [1, 2.5, "2026-03-01T08:00:00Z"], "values": {"flow": [1, null, 2]}}'),
            (EQUIPMENT, '{"values": {"flow": 1}, "units": {"flow": "L/min"}, "site": "hq"}'),
            (EQUIPMENT, '{"values": {"a:b": 1, "\\u003a": 2}}'),
            (POINT, "31"),
            (POINT, '"fire"'),
            (POINT, "null"),
            (POINT, ' {"ts": 1772352000, "value": 31, "unit": "bar"}'),
        ],
    )
    def test_same_samples(self, topic: topics.Topic, text: str) -> None:
        quick, lenient = JsonV1().decode(topic, text.encode()), json_lenient.decode(topic, text.encode())
        assert quick.values == lenient.values
        assert list(map(type, quick.values.values())) == list(map(type, lenient.values.values()))
        assert np.array_equal(quick.ts, lenient.ts)  # type: ignore[arg-type]
        assert quick.units == lenient.units
        assert [str(p) for p in quick.problems] == [str(p) for p in lenient.problems]


class TestDuplicateKeys:
    @pytest.mark.parametrize(
        ("text", "values", "count"),
        [
            ('{"values": {"flow": 1, "flow": 2}}', {"flow": 2.0}, 1),
            ('{"values": {"flow": 1}, "values": {"flow": 2}}', {"flow": 2.0}, 1),
            ('{"ts": "2026-03-01T08:00:00Z", "values": {"flow": 1, "flow" : 2, "flow":3}}', {"flow": 3.0}, 2),
            ('{"values": {"flow": 1}, "units": {"flow": "bar", "flow": "bar"}}', {"flow": 1.0}, 1),
            ('{"values": {"flow": 1, "speed": 1}}', {"flow": 1.0, "speed": 1.0}, 0),
        ],
    )
    def test_the_last_one_counts_and_the_others_are_counted(
        self, text: str, values: dict[str, float], count: int
    ) -> None:
        samples = JsonV1().decode(EQUIPMENT, text.encode())
        assert samples.values == values
        assert samples.duplicate_keys == count


class TestRefused:
    @pytest.mark.parametrize(
        ("payload", "reason"),
        [
            (b"", "empty"),
            (b"\xff\xfe", "utf8"),
            (b"\xef\xbb\xbf{}", "json"),
            (b"{", "json"),
            (b"31.2 31.2", "json"),
            (b"nan", "json"),
            (b"[" * 200_000, "nesting"),
            (b"1" * 5_000, "number"),
            (b'{"a":' * 50_000, "nesting"),
            (b'{"value": 1, "point": {"a": [1]}}', "mismatch"),
        ],
        ids=lambda value: ascii(value)[:30],
    )
    def test_reason(self, payload: bytes, reason: str) -> None:
        with pytest.raises(PayloadError) as caught:
            JsonV1().decode(POINT, payload)
        assert caught.value.reason == reason
        assert len(str(caught.value)) < 300

    def test_units_that_are_no_text_are_units_that_nobody_knows(self) -> None:
        body = {"values": {"flow": 1}, "units": {"flow": {"deep": [1, 2]}}}
        assert JsonV1().decode(EQUIPMENT, json.dumps(body).encode()).units == {"flow": "(dict)"}

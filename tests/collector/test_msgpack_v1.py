"""The MessagePack codec: its golden files, what it encodes, and any bytes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import topics
from collector.codecs.json_v1 import encode_batch as encode_json
from collector.codecs.msgpack_v1 import FIRST_BYTES, MsgpackV1, encode_batch
from collector.ingest import Ingest
from plantroom.errors import PayloadError
from plantroom.settings import IngestSettings
from tests.collector.golden_case import check_case
from tests.collector.kit import GOLDEN, NOW, PUMP, load_table, message, told
from tests.collector.test_collector_properties import BODIES, TOPICS

CASES = sorted((GOLDEN / "msgpack_v1").glob("*.json"))
TABLE = load_table()
EQUIPMENT = topics.parse(PUMP)
SECOND = 10**9


def test_there_are_cases() -> None:
    assert len(CASES) >= 20


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    check_case(path, TABLE)


class TestEncode:
    def test_a_batch_is_what_the_same_batch_in_json_is(self) -> None:
        ts = NOW - np.arange(50)[::-1] * SECOND
        columns = {"flow": np.linspace(1.0, 199.0, 50), "running": np.ones(50)}
        said = []
        for encode in (encode_batch, encode_json):
            ingest = Ingest(TABLE, IngestSettings())
            ingest.take(message(encode(ts, columns, {"flow": "m3/h"})))
            harvest = ingest.finish()
            assert harvest.quarantined == []
            said.append(told(TABLE, harvest.readings))
        assert said[0] == said[1]
        assert len(said[0]) == 100

    def test_a_column_of_another_length_is_refused(self) -> None:
        with pytest.raises(ValueError, match="flow has 1 values for 2 times"):
            encode_batch([NOW, NOW + 1], {"flow": [1.0]})

    def test_it_begins_as_no_json_does(self) -> None:
        payload = encode_batch([NOW], {"flow": [1.0]})
        assert payload[0] in FIRST_BYTES
        ingest = Ingest(TABLE, IngestSettings())
        ingest.take(message(payload))
        assert len(ingest.finish().readings) == 1

    def test_what_is_decoded_may_be_written_to(self) -> None:
        samples = MsgpackV1().decode(EQUIPMENT, encode_batch([NOW], {"flow": [np.nan]}))
        column = samples.values["flow"]
        assert isinstance(column, np.ndarray)
        column[0] = 1.0
        assert column.tolist() == [1.0]


class TestHostile:
    @pytest.mark.parametrize(
        "length", [b"\xdd\xff\xff\xff\xff", b"\xdf\x7f\xff\xff\xff", b"\xc6\xff\xff\xff\xff"]
    )
    def test_a_length_of_4_gigabytes_takes_none(self, length: bytes) -> None:
        with pytest.raises(PayloadError) as refused:
            MsgpackV1().decode(EQUIPMENT, b"\x81\xa6values" + length + b"\x01" * 100)
        assert refused.value.reason == "msgpack"

    def test_nested_10_000_deep(self) -> None:
        with pytest.raises(PayloadError) as refused:
            MsgpackV1().decode(EQUIPMENT, b"\x81\xa6values" + b"\x91" * 10_000 + b"\xc0")
        assert refused.value.reason == "nesting"


def packed(body: object) -> bytes:
    """The body as MessagePack; a broken text or a number that it has not becomes another."""
    try:
        return msgspec.msgpack.encode(body)
    except (OverflowError, UnicodeEncodeError):
        return msgspec.msgpack.encode({"values": str(body).encode("utf-8", "replace")})


@settings(max_examples=400, deadline=None)
@given(
    TOPICS,
    st.one_of(
        st.tuples(st.sampled_from(sorted(FIRST_BYTES)), st.binary(max_size=200)).map(
            lambda pair: bytes([pair[0]]) + pair[1]
        ),
        BODIES.map(packed),
        st.tuples(BODIES.map(packed), st.integers(0, 300)).map(lambda pair: pair[0][: pair[1]]),
    ),
)
def test_any_bytes_give_readings_or_a_payload_error(topic: str, payload: bytes) -> None:
    ingest = Ingest(TABLE, IngestSettings())
    ingest.take(message(payload, topic))
    harvest = ingest.finish()
    assert "internal" not in {item.reason for item in harvest.quarantined}
    assert sum(harvest.messages.values()) == 1
    assert set(harvest.readings.point_id.tolist()) <= set(TABLE.points)
    try:
        samples = MsgpackV1().decode(topics.parse(topic), payload)
    except PayloadError as refused:
        assert refused.reason  # noqa: PT017 -- either outcome is right
        return
    assert all(isinstance(problem, PayloadError) for problem in samples.problems)

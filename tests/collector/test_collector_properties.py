"""Any topic and any bytes give readings or a PayloadError, never another exception."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from collector import topics
from collector.codecs.json_v1 import JsonV1
from collector.ingest import Ingest
from plantroom.errors import PayloadError
from plantroom.readings import Quality
from plantroom.settings import IngestSettings
from tests.collector.kit import PUMP, load_table, message

TABLE = load_table()
NAMES = st.sampled_from(
    ["flow", "running", "starts", "mode", "car_position", "supply_temperature", "nope", "", "a:b", "\ud800"]
)
NUMBERS = st.one_of(
    st.floats(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 2**63, 2**64, 1_772_352_000, 1_772_352_000_000_000_000]),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    st.text(max_size=8),
    st.sampled_from(["normal", "fire", "2026-03-01T08:00:00Z", "9999-12-31T23:59:59-14:00"]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)
COLUMNS = st.one_of(SCALARS, st.lists(SCALARS, max_size=4), ANYTHING)
BODIES = st.one_of(
    ANYTHING,
    st.fixed_dictionaries(
        {},
        optional={
            "ts": COLUMNS,
            "values": st.one_of(st.dictionaries(NAMES, COLUMNS, max_size=5), ANYTHING),
            "value": COLUMNS,
            "units": st.one_of(st.dictionaries(NAMES, st.sampled_from(["bar", "L/min", "?"])), ANYTHING),
            "unit": ANYTHING,
            "site": st.one_of(st.just("hq"), ANYTHING),
            "equipment": st.one_of(st.just("pump-01"), ANYTHING),
        },
    ),
)
PAYLOADS = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    BODIES.map(lambda body: json.dumps(body).encode()),
    st.tuples(BODIES, st.integers(0, 400)).map(lambda pair: json.dumps(pair[0]).encode()[: pair[1]]),
)
TOPICS = st.one_of(
    st.sampled_from(
        [
            PUMP,
            f"{PUMP}/flow",
            f"{PUMP}/running",
            f"{PUMP}/nope",
            "plantroom/v1/hq/elevator-01",
            "plantroom/v1/hq/elevator-01/mode",
            "plantroom/v1/hq/pump-old",
            "plantroom/v1/hq/$status/gw",
            "plantroom/v1/nowhere/x",
        ]
    ),
    st.text(max_size=60),
    st.text(max_size=20).map(lambda text: f"plantroom/v1/hq/{text}"),
)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(TOPICS, PAYLOADS, st.booleans()), min_size=1, max_size=5))
def test_every_message_comes_to_something(messages: list[tuple[str, bytes, bool]]) -> None:
    ingest = Ingest(TABLE, IngestSettings())
    for topic, payload, retain in messages:
        ingest.take(message(payload, topic, retain=retain))
    harvest = ingest.finish()
    outcomes = harvest.messages
    assert sum(outcomes[key] for key in ("taken", "quarantined", "status", "retained")) == len(messages)
    assert len(harvest.quarantined) <= len(messages)
    assert "internal" not in {item.reason for item in harvest.quarantined}
    assert outcomes["quarantined"] <= len(harvest.quarantined)
    readings = harvest.readings
    assert (readings.ts[1:] >= readings.ts[:-1]).all()
    assert set(readings.point_id.tolist()) <= set(TABLE.points)
    for item in harvest.quarantined:
        assert item.topic.isprintable()
        assert item.message.isprintable()
    # a value that rules may use is finite
    usable = readings.take(~readings.is_bad())
    assert all(abs(value) <= 1e300 for value in usable.value.tolist())
    assert set(usable.quality.tolist()) <= {0, int(Quality.RECEIVE_TIME)}


@settings(max_examples=400, deadline=None)
@given(TOPICS, PAYLOADS)
def test_the_codec_raises_nothing_but_payload_errors(topic: str, payload: bytes) -> None:
    try:
        samples = JsonV1().decode(topics.parse(topic), payload)
    except PayloadError as refused:
        assert refused.reason  # noqa: PT017 -- either outcome is right
        return
    assert all(isinstance(problem, PayloadError) for problem in samples.problems)

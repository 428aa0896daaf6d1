"""Sparkplug's state: bounded, and any bytes give values or a PayloadError."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.codecs import sparkplug_b
from collector.codecs.sparkplug_schema import Payload
from collector.mapping.rebirth import Rebirths
from collector.mapping.sparkplug import EdgeNodes
from collector.mapping.told import Address
from plantroom.errors import PayloadError
from tests.collector.kit import NOW

KINDS = ["NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH", "NCMD", "STATE", "x"]


def nodes(**bounds: int) -> EdgeNodes:
    return EdgeNodes(Rebirths(lambda _topic, _payload: None), **bounds)


def address(kind: str, node: str = "n", device: str = "") -> Address:
    return Address("spBv1.0", "g", kind, node, device)


def birth(count: int, first_alias: int = 0) -> bytes:
    body = Payload(timestamp=1_772_352_000_000, seq=0)
    for number in range(count):
        body.metrics.add(name=f"m{number}", alias=first_alias + number, datatype=10, double_value=1.0)
    return bytes(body.SerializeToString())


def test_nodes_are_bounded_and_the_oldest_is_forgotten() -> None:
    made = nodes(most_nodes=3)
    for number in range(5):
        made.read(address("NBIRTH", f"n{number}"), birth(2), NOW)
    assert made._size == 6
    with pytest.raises(PayloadError) as refused:
        made.read(address("NDATA", "n1"), birth(0), NOW)
    assert refused.value.reason == "sparkplug_unborn"
    assert made.read(address("NDATA", "n4"), birth(1), NOW).values != []


def test_metrics_are_bounded_and_what_is_forgotten_makes_room() -> None:
    made = nodes(most_metrics=10)
    made.read(address("NBIRTH"), birth(8), NOW)
    with pytest.raises(PayloadError) as refused:
        made.read(address("DBIRTH", device="d"), birth(3, 100), NOW)
    assert refused.value.reason == "limit"
    for _ in range(5):
        made.read(address("NBIRTH"), birth(8), NOW)
    made.read(address("DBIRTH", device="d"), birth(2, 100), NOW)
    assert made._size == 10
    made.read(address("DDEATH", device="d"), birth(0), NOW)
    assert made._size == 8


def test_a_device_that_is_born_a_thousand_times_keeps_one_set_of_aliases() -> None:
    made = nodes()
    made.read(address("NBIRTH"), birth(1), NOW)
    for number in range(1000):
        made.read(address("DBIRTH", device="d"), birth(5, number * 10 + 10), NOW)
    (node,) = made._nodes.values()
    assert len(node.aliases) == 6
    assert made._size == 6


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """A payload of few names and aliases, so that messages meet; now and then cut or overwritten."""
    body = Payload()
    if draw(st.booleans()):
        body.timestamp = draw(st.one_of(st.just(1_772_352_000_000), st.integers(0, 2**64 - 1)))
    if draw(st.booleans()):
        body.seq = draw(st.integers(0, 300))
    for _ in range(draw(st.integers(0, 4))):
        metric = body.metrics.add()
        if draw(st.booleans()):
            metric.name = draw(st.sampled_from(["a", "b", "bdSeq", "Node Control/Rebirth", "\u202e", ""]))
        if draw(st.booleans()):
            metric.alias = draw(st.integers(0, 3))
        if draw(st.booleans()):
            metric.datatype = draw(st.integers(0, 40))
        if draw(st.booleans()):
            metric.timestamp = draw(st.integers(0, 2**64 - 1))
        _give_value(metric, draw)
        if draw(st.booleans()):
            metric.properties.keys.append(draw(st.sampled_from(["Quality", "engUnit", "x"])))
            value = metric.properties.values.add()
            setattr(
                value, *draw(st.sampled_from([("int_value", 0), ("int_value", 192), ("string_value", "bar")]))
            )
    raw = bytes(body.SerializeToString())
    return raw[: draw(st.one_of(st.just(len(raw)), st.integers(0, len(raw))))]


def _give_value(metric: object, draw: st.DrawFn) -> None:
    name, value = draw(
        st.one_of(
            st.tuples(st.just("int_value"), st.integers(0, 2**32 - 1)),
            st.tuples(st.just("long_value"), st.integers(0, 2**64 - 1)),
            st.tuples(st.sampled_from(["float_value", "double_value"]), st.floats(width=32)),
            st.tuples(st.just("boolean_value"), st.booleans()),
            st.tuples(st.just("string_value"), st.text(max_size=5)),
            st.tuples(st.just("bytes_value"), st.binary(max_size=5)),
            st.tuples(st.just("is_null"), st.booleans()),
        )
    )
    setattr(metric, name, value)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.sampled_from(["", "d1", "d2"]),
            st.one_of(payloads(), st.binary(max_size=60)),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_messages_give_values_or_payload_errors(messages: list[tuple[str, str, bytes, bool]]) -> None:
    made = nodes(most_metrics=6)
    for kind, device, payload, repeated in messages:
        try:
            told = made.read(address(kind, "n", device), payload, NOW, repeated=repeated)
        except PayloadError as refused:
            assert refused.reason  # noqa: PT017 -- either outcome is right
            continue
        for value in told.values:
            assert value.value is None or isinstance(value.value, (bool, float, str))
            assert value.ts is None or value.ts >= 0
        assert all(isinstance(problem, PayloadError) for problem in told.problems)
        assert made._size == sum(node.size for node in made._nodes.values()) <= 6


@settings(max_examples=300, deadline=None)
@given(st.one_of(payloads(), st.binary(max_size=100)))
def test_the_codec_raises_nothing_but_payload_errors(payload: bytes) -> None:
    try:
        body = sparkplug_b.decode(payload)
    except PayloadError as refused:
        assert refused.reason in {"empty", "utf8", "sparkplug"}  # noqa: PT017
        return
    assert all(isinstance(metric.name, str) for metric in body.metrics)

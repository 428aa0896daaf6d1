from __future__ import annotations

import pytest

from collector import topics
from collector.topics import Topic
from plantroom.errors import PayloadError


class TestParse:
    def test_equipment(self) -> None:
        assert topics.parse("plantroom/v1/hq/pump-01") == Topic("v1", "hq", "pump-01")

    def test_point(self) -> None:
        assert topics.parse("plantroom/v1/hq/pump-01/flow") == Topic("v1", "hq", "pump-01", "flow")

    def test_status(self) -> None:
        assert topics.parse("plantroom/v1/hq/$status/gw_7") == Topic("v1", "hq", gateway="gw_7")

    def test_longest_names(self) -> None:
        name = "a" * 64
        assert topics.parse(f"plantroom/v1/{name}/{name}/{name}").point == name

    @pytest.mark.parametrize(
        "topic",
        [
            "",
            "plantroom",
            "plantroom/v1/hq",
            "plantroom/v1/hq/",
            "plantroom/v1//pump-01",
            "plantroom/v2/hq/pump-01",
            "other/v1/hq/pump-01",
            "/plantroom/v1/hq/pump-01",
            "plantroom/v1/hq/pump-01/",
            "plantroom/v1/hq/pump-01/flow/more",
            "plantroom/v1/hq/+",
            "plantroom/v1/hq/#",
            "plantroom/v1/hq/pump#1",
            "plantroom/v1/$SYS/pump-01",
            "plantroom/v1/hq/$status",
            "plantroom/v1/hq/$status/gw/more",
            "plantroom/v1/hq/$other/gw",
            "plantroom/v1/hq/Pump-01",
            "plantroom/v1/hq/-pump",
            "plantroom/v1/hq/pump 01",
            "plantroom/v1/hq/pump-01\n",
            "plantroom/v1/hq/pump\x00",
            "plantroom/v1/hq/pump\u202e01",
            "plantroom/v1/hq/水泵",
            "plantroom/v1/hq/" + "a" * 65,
            "plantroom/v1/hq/" + "a" * 60_000,
            "/" * 60_000,
        ],
        ids=lambda topic: ascii(topic)[:50],
    )
    def test_outside_the_grammar(self, topic: str) -> None:
        with pytest.raises(PayloadError) as caught:
            topics.parse(topic)
        assert caught.value.reason == "topic"
        assert len(str(caught.value)) < 600
        assert str(caught.value).isprintable()

    def test_long_topics_are_not_remembered(self) -> None:
        before = topics.parse.cache_info().currsize
        for number in range(50):
            with pytest.raises(PayloadError):
                topics.parse(f"plantroom/v1/hq/{number}" + "x" * 60_000)
        assert topics.parse.cache_info().currsize == before


class TestBuilders:
    def test_they_are_the_inverse_of_parse(self) -> None:
        assert topics.parse(topics.equipment_topic("hq", "pump-01")) == Topic("v1", "hq", "pump-01")
        assert topics.parse(topics.point_topic("hq", "pump-01", "flow")).point == "flow"
        assert topics.parse(topics.status_topic("hq", "gw-1")).gateway == "gw-1"

    @pytest.mark.parametrize("name", ["", "A", "a/b", "+", "#", "$status", "a b", "a" * 65])
    def test_a_name_that_cannot_stand_in_a_topic(self, name: str) -> None:
        with pytest.raises(ValueError, match="cannot stand in a topic"):
            topics.equipment_topic("hq", name)
        with pytest.raises(ValueError, match="cannot stand in a topic"):
            topics.point_topic("hq", "pump-01", name)
        with pytest.raises(ValueError, match="cannot stand in a topic"):
            topics.status_topic(name, "gw")

"""How often a Sparkplug node is asked for its births."""

from __future__ import annotations

from itertools import pairwise

from collector.codecs.sparkplug_b import REBIRTH, decode
from collector.mapping.rebirth import FIRST_WAIT, LONGEST_WAIT, MOST_A_SECOND, MOST_NODES, Rebirths
from plantroom.times import SECOND
from tests.collector.kit import NOW

TOPIC = "spBv1.0/Plant/NCMD/gw1"


class Sent:
    def __init__(self) -> None:
        self.all: list[tuple[str, bytes]] = []

    def __call__(self, topic: str, payload: bytes) -> None:
        self.all.append((topic, payload))


def test_the_command_is_the_specifications() -> None:
    sent = Sent()
    assert Rebirths(sent).ask(TOPIC, NOW)
    ((topic, payload),) = sent.all
    (metric,) = decode(payload).metrics
    assert (topic, metric.name, metric.raw, metric.datatype) == (TOPIC, REBIRTH, True, 11)


def test_a_node_that_does_not_answer_is_asked_ever_less_often() -> None:
    sent, now = Sent(), NOW
    rebirths = Rebirths(sent)
    asked = []
    while now < NOW + 4 * LONGEST_WAIT:
        if rebirths.ask(TOPIC, now):
            asked.append(now)
        now += SECOND
    gaps = [later - before for before, later in pairwise(asked)]
    assert gaps[:3] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert gaps[-1] == LONGEST_WAIT
    assert len(asked) == len(sent.all) < 12


def test_one_that_answers_is_asked_again_after_the_first_wait_and_not_sooner() -> None:
    rebirths = Rebirths(Sent())
    assert rebirths.ask(TOPIC, NOW)
    rebirths.answered(TOPIC)
    assert not rebirths.ask(TOPIC, NOW + FIRST_WAIT - 1)
    assert rebirths.ask(TOPIC, NOW + FIRST_WAIT)
    rebirths.answered(TOPIC)
    assert rebirths.ask(TOPIC, NOW + 2 * FIRST_WAIT)


def test_a_thousand_nodes_are_not_asked_at_once() -> None:
    sent = Sent()
    rebirths = Rebirths(sent)
    for second in range(3):
        for node in range(1000):
            rebirths.ask(f"spBv1.0/Plant/NCMD/{node}", NOW + second * SECOND)
    assert len(sent.all) == 3 * MOST_A_SECOND
    assert len({topic for topic, _ in sent.all}) == 3 * MOST_A_SECOND


def test_memory_is_bounded() -> None:
    rebirths = Rebirths(Sent())
    for node in range(MOST_NODES + 100):
        rebirths.ask(f"{node}", NOW + node * SECOND)
    assert len(rebirths._next) == MOST_NODES

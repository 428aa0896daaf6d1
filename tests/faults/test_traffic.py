"""Traffic as networks and gateways make it: repeated, overtaken, cut off, from a second collector."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from plantroom.readings import ReadingBatch
from plantroom.settings import MqttSettings
from simulators.fleet import Fleet
from simulators.link import Link
from simulators.publisher import Published, rounds
from tests.e2e.conftest import until
from tests.faults.door import Door
from tests.faults.scene import LASTING, Scene, Served

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow, pytest.mark.timeout(300)]
Make = Callable[..., Scene]


class Shaken:
    """Sends every message on one to three times, some later than those after them."""

    HELD = 40
    """Most messages held back; a fleet sends about as many at one reading time."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._chance = random.Random(5)
        self._held: list[tuple[str, bytes]] = []
        self.sent = 0

    def publish(self, topic: str, payload: bytes) -> None:
        self._held.extend([(topic, payload)] * self._chance.choice((1, 1, 2, 3)))
        while len(self._held) > self.HELD:
            self._send(self._held.pop(self._chance.randrange(len(self._held) // 2)))

    def drain(self) -> None:
        for item in self._held:
            self._send(item)
        self._held.clear()
        self._link.drain()

    def _send(self, item: tuple[str, bytes]) -> None:
        self._link.publish(*item)
        self.sent += 1


def shaken(fleet: Fleet, mqtt: MqttSettings, speed: float) -> Published:
    with ExitStack() as stack:
        links = {site: Shaken(stack.enter_context(Link(mqtt, site))) for site in fleet.sites}
        *_, done = rounds(fleet, links, speed=speed, until=fleet.start + LASTING, sleep=time.sleep)
        for link in links.values():
            link.drain()
        assert sum(link.sent for link in links.values()) > 1.5 * done.messages
    return done


def test_messages_repeated_and_overtaken(scene: Make) -> None:
    made = scene(speed=60.0, publish=shaken, variables={"PLANTROOM_LATENESS": "120s"})
    made.begin()
    sent = made.finish()
    print(f"messages repeated and overtaken: {made.judge(sent)}")


@pytest.fixture
def doors() -> Iterator[Callable[[int], Door]]:
    made: list[Door] = []

    def make(port: int) -> Door:
        made.append(Door(port))
        return made[-1]

    yield make
    for door in made:
        door.close()


@pytest.mark.parametrize("deaf", [False, True], ids=["refused", "silent"])
def test_the_network_cut_off(scene: Make, doors: Callable[[int], Door], deaf: bool) -> None:
    made_doors: list[Door] = []

    def door(port: int) -> int:
        made_doors.append(doors(port))
        return made_doors[-1].port

    made = scene(speed=45.0, door=door, variables={"PLANTROOM_MQTT__KEEPALIVE_S": "5"})
    made.begin()
    time.sleep(5)
    made_doors[0].shut(deaf=deaf)
    until("the product says that it is cut off", lambda: made.served.ready().get("broker") is False, 30)
    time.sleep(8)
    made_doors[0].open()
    until("the product is back", made.served.is_ready, 60)
    assert made.publishing, "the cut was not under load"
    sent = made.finish()
    print(f"network cut, {'silent' if deaf else 'refused'}: {made.judge(sent)}")


def test_two_collectors_of_one_name(scene: Make) -> None:
    made = scene(speed=45.0)
    made.begin()
    time.sleep(3)
    other = Served(made.folder / "other", made.broker.port, {})
    other.start()
    until("the quarrel is named", lambda: "client id" in made.served.log.read_text(), 60)
    other.kill()
    sent = made.finish()
    # the other has its part of the readings: together they have all, and what went to both is the same
    mine, others = made.stored(), made.stored(other.folder)
    assert len(mine) < sent.readings, "the other took nothing"
    assert len(ReadingBatch.concat([mine, others]).normalised()) == sent.readings

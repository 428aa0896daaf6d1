"""Sends a fleet's messages over MQTT at a pace: faster than time until the present, then with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from plantroom.errors import NotFoundError
from plantroom.settings import MqttSettings
from plantroom.times import MINUTE, Clock, Nanos, system_clock
from simulators.fleet import Fleet
from simulators.link import Link, Sender

INTERVAL_S = 0.5
"""Wall seconds between two rounds of messages, at least."""
MESSAGES_A_SECOND = 150.0
"""No more than the demo's embedded broker takes with ease."""
LONGEST_ROUND: Nanos = 5 * MINUTE
"""Simulated time that one round may cover, so that a pause (a sleeping laptop) is made up in pieces."""


@dataclass(slots=True)
class Published:
    """What has been sent, up to which simulated time, and how far behind the wall clock that is."""

    ts: Nanos
    messages: int = 0
    readings: int = 0
    behind: Nanos = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """Simulated time against wall time: `speed` times as fast from `start`, and never in the future."""

    start: Nanos
    began: Nanos
    speed: float

    def position(self, now: Nanos) -> Nanos:
        """The simulated time at the wall time `now`."""
        return min(now, self.start + round((now - self.began) * self.speed))


def catch_up_start(now: Nanos, speed: float, lead: Nanos = 30 * MINUTE) -> Nanos:
    """Where a simulation at `speed` begins: `lead` ago, or now where it is no faster than time."""
    return now - lead if speed > 1 else now


def rounds(
    fleet: Fleet,
    senders: Mapping[str, Sender],
    *,
    speed: float,
    until: Nanos | None = None,
    clock: Clock = system_clock,
    sleep: Callable[[float], object],
    stop: threading.Event | None = None,
) -> Iterator[Published]:
    """The state after each round of messages, until `until` (simulated time) or `stop`.

    `senders` has one for each site of the fleet.
    """
    pace = Pace(fleet.start, clock(), speed)
    done = Published(fleet.start)
    interval_s = max(INTERVAL_S, len(fleet.members) / MESSAGES_A_SECOND)
    while not (stop and stop.is_set()):
        now = clock()
        target = min(pace.position(now), done.ts + LONGEST_ROUND)
        if until is not None:
            target = min(target, until)
        for message in fleet.advance(target):
            senders[message.site].publish(message.topic, message.payload)
            done.messages += 1
            done.readings += message.readings
            if stop and stop.is_set():
                break
        done.ts = max(done.ts, target)
        done.behind = max(0, now - done.ts)
        yield done
        if until is not None and done.ts >= until:
            return
        sleep(interval_s)


def run(
    fleet: Fleet,
    mqtt: MqttSettings,
    *,
    speed: float = 1.0,
    until: Nanos | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[Published], None] | None = None,
    gateway: str = "simulator",
) -> Published:
    """What was sent, once `until` (simulated time) is reached, all acknowledged, or once `stop` is set.

    Raises: BrokerError where no broker answers or it refuses us; NotFoundError for a fleet of nothing.
    """
    if not fleet.members:
        raise NotFoundError("no equipment of this site has a simulator")
    ended = stop or threading.Event()
    done = Published(fleet.start)
    with ExitStack() as stack:
        links: dict[str, Sender] = {
            site: stack.enter_context(Link(mqtt, site, gateway=gateway, stop=ended)) for site in fleet.sites
        }
        for done in rounds(fleet, links, speed=speed, until=until, sleep=ended.wait, stop=ended):
            if on_progress is not None:
                on_progress(done)
        for link in links.values():
            link.drain()
    return done

"""Processes killed with -9 under load: what is left equals an undisturbed run."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest

from tests.e2e.conftest import until
from tests.faults.scene import SAVING, Scene

KILLS = 20

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow, pytest.mark.timeout(400)]
Make = Callable[..., Scene]


def test_the_product_killed_20_times(scene: Make) -> None:
    made = scene(speed=12.0)
    made.begin()
    under_load = 0
    for kill in range(KILLS):
        # most hit the start: imports, recovery, the first readings that had waited
        if kill % 4 == 0:
            until("the product is ready again", made.served.is_ready, 60)
        time.sleep(made.chance.uniform(0.1, 5.0))
        under_load += made.publishing
        made.served.kill()
        made.served.start()
    sent = made.finish()
    assert under_load == KILLS, f"only {under_load} kills were under load"
    print(f"product killed {KILLS} times: {made.judge(sent)}")


def test_a_broker_that_saves_killed_20_times(scene: Make) -> None:
    """Connected, each message is in two places at any time. While the collector is away as well, a kill of
    Mosquitto 2.0 costs some of what it acknowledged: whatever the setting, it saves after that.
    """
    made = scene(speed=16.0, broker=SAVING)
    made.begin()
    for _ in range(KILLS):
        until("the collector is back", made.served.is_ready, 60)
        time.sleep(made.chance.uniform(0.5, 2.0))
        made.broker.stop(signal.SIGKILL)
        made.broker.start()
    assert made.publishing, "the last kills were not under load"
    sent = made.finish()
    print(f"broker killed {KILLS} times: {made.judge(sent)}")


def test_a_broker_that_forgets_its_sessions(scene: Make) -> None:
    made = scene(speed=60.0)
    made.begin()
    for _ in range(3):
        time.sleep(made.chance.uniform(3.0, 5.0))
        made.broker.stop()
        (made.folder / "mosquitto.db").unlink(missing_ok=True)
        made.broker.start()
    assert made.publishing, "the last restart was not under load"
    sent = made.finish()
    print(f"broker restarted without its sessions: {made.judge(sent)}")

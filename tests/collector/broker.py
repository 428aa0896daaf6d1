"""A real Mosquitto for end-to-end tests, and a publisher that knows what the broker has taken."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.collector.kit import until

# the default queue of 1,000 loses messages; the broker is only ever stopped cleanly here, so it saves at the
# end (saving on every change costs it nine tenths of its speed)
CONFIG = """
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
max_queued_messages 0
max_queued_bytes 0
max_inflight_messages 10000
log_dest file {folder}/mosquitto.log
{extra}
"""


def free_port() -> int:
    """A TCP port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """A broker of its own in `folder`, on a free port."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        self.port = free_port()
        self.folder = folder
        self._config = folder / "mosquitto.conf"
        if os.geteuid() == 0:  # it would drop its privileges and could not write to the folder
            extra += "\nuser root"
        self._config.write_text(CONFIG.format(port=self.port, folder=folder, extra=extra))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
        assert command is not None
        self._process = subprocess.Popen([command, "-c", str(self._config)])
        until(self._answers, what="the broker")

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None

    def log(self) -> str:
        return (self.folder / "mosquitto.log").read_text()


class Publisher:
    """Publishes at QoS 1 and counts what the broker has acknowledged."""

    def __init__(self, port: int, window: int = 1_000) -> None:
        self.acknowledged = 0
        self._window = threading.Semaphore(window)
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.max_inflight_messages_set(window)
        self._client.on_publish = self._on_publish
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _on_publish(self, *_: object) -> None:
        self.acknowledged += 1
        self._window.release()

    def publish(
        self, topic: str, payload: bytes | str, *, qos: int = 1, retain: bool = False
    ) -> MQTTMessageInfo:
        assert self._window.acquire(timeout=60), "the broker acknowledges nothing"
        return self._client.publish(topic, payload, qos, retain)

    def wait(self, count: int, seconds: float = 60.0) -> None:
        until(lambda: self.acknowledged >= count, seconds, f"{count} acknowledgements")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

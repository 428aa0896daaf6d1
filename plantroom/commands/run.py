"""`plantroom serve` and `plantroom demo`: the product, and the product with a building to watch."""

from __future__ import annotations

import signal
import socket
import threading
import webbrowser
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.panel import Panel

from plantroom.app import Application, Started, listen
from plantroom.commands.shared import SettingsFile, err, errors_in_print, out, settings_from
from plantroom.commands.site import print_import
from plantroom.demo_broker import DemoBroker
from plantroom.errors import PlantroomError
from plantroom.settings import HttpSettings, MqttSettings, Settings
from plantroom.stores.records.property import load_sites
from plantroom.times import MINUTE, Nanos
from simulators import DEMO_SITE
from simulators.fleet import Fleet
from simulators.publisher import catch_up_start, run
from simulators.story import faults_of_story

STORY_LEAD: Nanos = 20 * MINUTE
"""A start that is further back than this tells the story from its beginning."""

Port = Annotated[int | None, typer.Option(help="Where to listen; 0 takes a free port.", min=0, max=65535)]
Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Data = Annotated[Path | None, typer.Option(help="Folder of the embedded stores.")]


def serve(settings: SettingsFile = None, data: Data = None, host: Host = None, port: Port = None) -> None:
    """Run collector, rules, work orders, API and console. Ctrl-C or SIGTERM ends it cleanly."""
    with errors_in_print():
        _serve(with_listener(settings_from(settings, data=data), host, port))


def demo(
    data: Data = Path("data/demo"),
    host: Host = None,
    port: Port = None,
    speed: Annotated[float, typer.Option(help="How fast the first half hour goes by.", min=1, max=60)] = 10.0,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the console.")] = True,
) -> None:
    """Watch a simulated building: broker, simulators and the whole product in one process.

    The story begins half an hour ago and runs fast until it reaches the present: within a minute a pump
    fails, an alarm is raised and a work order opens. A second start goes on from the data of the first.
    """
    with errors_in_print(), DemoBroker() as broker:
        mqtt = MqttSettings(host=broker.host, port=broker.port, protocol="3.1.1")
        base = settings_from(None, data=data, sites=(DEMO_SITE,), mqtt=mqtt)
        _serve(with_listener(base, host, port), simulated=speed, open_browser=open_browser)


def _serve(settings: Settings, *, simulated: float | None = None, open_browser: bool = False) -> None:
    """Run until a signal; with `simulated`, a story at that speed beside it."""
    signal.signal(signal.SIGTERM, leave)
    listener = listen(settings.http.host, settings.http.port)
    with ExitStack() as stack:
        stack.callback(listener.close)
        app = Application(settings)
        stack.callback(app.stop)
        started = app.start()
        _say(started)
        address = greet(settings, listener, started.admin_password)
        if simulated is not None:
            stack.enter_context(_Story(app, settings.mqtt, simulated))
        if open_browser:
            threading.Timer(1.0, webbrowser.open, [address]).start()
        app.serve(listener)
        out.print("stopping: what has been received is being written")
    if app.watching.died:
        out.print("ended: a part of it had died, see the log; start it again")
        raise typer.Exit(1)
    out.print("stopped cleanly")


def leave(_number: int, _frame: object) -> None:
    """While starting, too, the stop goes through everything that has been opened."""
    raise SystemExit(0)


class _Story:
    """The demo's simulators in a thread of their own, while the context lasts."""

    def __init__(self, app: Application, mqtt: MqttSettings, speed: float) -> None:
        now = app.clock()
        start = max(catch_up_start(now, speed), _newest(app))
        with app.database.session() as session:
            sites = load_sites(session)
        # a start that goes on from earlier data has had its story
        faults = faults_of_story(start) if now - start > STORY_LEAD else ()
        self._fleet = Fleet(app.table(), sites, start, faults=faults)
        self._mqtt, self._speed = mqtt, speed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="simulators", daemon=True)

    def __enter__(self) -> _Story:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10.0)

    def _run(self) -> None:
        try:
            run(self._fleet, self._mqtt, speed=self._speed, stop=self._stop)
        except PlantroomError as failure:
            err.print(f"the simulators stopped: {failure}", style="red", markup=False)


def _newest(app: Application) -> Nanos:
    latest = app.store.latest()
    return min(int(latest.ts.max()), app.clock()) if len(latest) else 0


def with_listener(settings: Settings, host: str | None, port: int | None) -> Settings:
    """The settings with another address to listen on where one is given."""
    change = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    http = HttpSettings.model_validate(settings.http.model_dump() | change)
    return settings.model_copy(update={"http": http})


def _shown(host: str) -> str:
    return "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "::1") else host  # noqa: S104


def _say(started: Started) -> None:
    for done in started.imported:
        print_import(done)
    if started.recovered:
        out.print(f"rules: went again over {started.recovered:,} stored readings")


def greet(settings: Settings, listener: socket.socket, admin_password: str | None) -> str:
    """The console's address; a person is told of it, and of the first administrator's password."""
    address = f"http://{_shown(settings.http.host)}:{listener.getsockname()[1]}"
    lines = [f"Console  {address}", f"API      {address}/api/v1/openapi.json"]
    if admin_password:
        lines += ["", "Sign in as  admin", f"Password    {admin_password}", "It is not shown again."]
    else:
        lines += ["", "Sign in with your account. Forgot it? plantroom user password NAME"]
    out.print(Panel("\n".join(lines), title="Plantroom is running", subtitle="Ctrl-C ends it", expand=False))
    return address

"""Messages outside Plantroom's own topics: by their map to values of points, announcements and states.

What a topic means is worked out once, as a `Route`; the next message of the topic costs a look-up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from collector.codecs.timestamps import instant
from collector.gateways import GatewayBook
from collector.inbox import Received
from collector.mapping import home_assistant, zigbee2mqtt
from collector.mapping.book import DiscoveryBook
from collector.mapping.bound import Gathering, Part, Pick
from collector.mapping.layout import ANNOUNCEMENTS
from collector.mapping.payload import document_of, text_of
from collector.mapping.rebirth import Rebirths
from collector.mapping.routes import Bindings, Form, Route, route_of
from collector.mapping.site_map import Use
from collector.mapping.sparkplug import EdgeNodes
from collector.mapping.template import distinct, template
from collector.mapping.told import Address, Told
from collector.mapping.values import MISSING, at_path, path_of, scalars
from collector.text import plain, shown
from collector.topics import MAX_LENGTH
from plantroom.discovery import MOST_FIELDS, Binding, Found, FoundField
from plantroom.errors import PayloadError
from plantroom.times import Nanos

MOST_ROUTES = 32_768
_STATES = {
    **dict.fromkeys(("online", "true", "1", "connected"), True),
    **dict.fromkeys(("offline", "false", "0", "disconnected"), False),
}


@dataclass(slots=True)
class Read:
    """What a message came to; `outcome` is how it counts where it has no values and no problems."""

    parts: list[Part] = field(default_factory=list)
    problems: Sequence[PayloadError] = ()
    outcome: str = "taken"
    counts: Counter[str] = field(default_factory=Counter)


class Router:
    """The maps in force. `read` is called by one thread, `adopt` by any."""

    def __init__(
        self,
        uses: Sequence[Use],
        adopted: Sequence[Binding] = (),
        *,
        gateways: GatewayBook,
        book: DiscoveryBook,
        send: Callable[[str, bytes], None],
    ) -> None:
        self._uses = tuple(uses)
        self._gateways = gateways
        self._book = book
        self._forms = [
            Form(use, entry, template(entry.topic, use.base)) for use in uses for entry in use.layout.messages
        ]
        self._nodes = EdgeNodes(Rebirths(send))
        self._bindings = Bindings(self._uses, adopted)
        self.filters = distinct(
            [form.template.filter for form in self._forms] + [state for use in uses for state in use.states]
        )
        """What has to be subscribed."""

    def adopt(self, bindings: Sequence[Binding]) -> None:
        """Use these adopted devices from here on."""
        self._bindings = Bindings(self._uses, bindings)

    def read(self, message: Received) -> Read:
        """What a message comes to.

        Raises: PayloadError where nothing of it can be taken.
        """
        bindings = self._bindings
        wanted = bindings.exact.get(message.topic)
        if wanted is not None:
            return Read(outcome="retained") if message.retain else _stated(wanted, message.payload)
        route = bindings.routes.get(message.topic)
        if route is None:
            route = self._found(message.topic, bindings)
            if route is None:
                return Read(outcome="unmapped")
            if len(bindings.routes) >= MOST_ROUTES:
                bindings.routes.clear()
            bindings.routes[message.topic] = route
        return self._followed(route, message)

    def _found(self, topic: str, bindings: Bindings) -> Route | None:
        """The topic's route; None where only a filter of states brought it here.

        Raises: PayloadError(`topic`).
        """
        if len(topic) > MAX_LENGTH or not topic.isprintable():
            raise PayloadError("topic", f"{shown(topic)} is too long or has characters that cannot be shown")
        for form in self._forms:
            names = form.template.match(topic)
            if names is not None:
                return route_of(form, names, bindings)
        if any(use.states for use in self._uses):
            return None
        raise PayloadError("topic", f"{shown(topic)} is a topic of no map")

    def _followed(self, route: Route, message: Received) -> Read:
        entry = route.form.entry
        if entry.format in ANNOUNCEMENTS:
            return self._announced(route, message)
        # what a Sparkplug device sends counts in its node's sequence, whether it is wanted or not
        if entry.format == "ignore" or (route.ignored and entry.format != "sparkplug_b"):
            return Read(outcome="unmapped")
        if entry.format == "status":
            return self._status(route, message)
        if message.retain:
            return Read(outcome="retained")
        if entry.format == "sparkplug_b":
            return self._sparkplug(route, message)
        return self._told_values(route, message)

    def _told_values(self, route: Route, message: Received) -> Read:
        entry = route.form.entry
        if entry.format == "value":
            return self._values(route, {route.field: text_of(message.payload)}, message)
        document = document_of(message.payload)
        if not route.field and not isinstance(document, dict):
            raise PayloadError("shape", "the message is no object")
        ts = None if route.time is None else _time(document, route.time)
        if route.field:
            document = {route.field: at_path(document, path_of(entry.path))}
        return self._values(route, document, message, ts)

    def _values(self, route: Route, document: object, message: Received, ts: Nanos | None = None) -> Read:
        if route.picks is None:
            raise self._unbound(route, document, message)
        gathering = Gathering()
        gathering.add_all(route.picks, document, ts)
        parts = gathering.parts()
        outcome = "taken" if parts or gathering.problems else "unmapped"
        return Read(parts, gathering.problems, outcome)

    def _unbound(self, route: Route, document: object, message: Received) -> PayloadError:
        """The problem of a device that is nobody's, after noting it for adoption."""
        use, entry = route.form.use, route.form.entry
        if self._book.wants(use.layout.layout, use.site, route.device, message.received_at):
            names = [route.field] if route.field else list(scalars(document, MOST_FIELDS))
            listed = entry.fields if not route.field and entry.default is None else names
            fields = tuple(
                FoundField(name, item.unit or "")
                for name in listed
                if (item := entry.entry_of(name)) is not None
            )
            found = Found(use.layout.layout, use.site, route.device, name=route.device, fields=fields)
            self._book.note(found, message.received_at)
        return _not_adopted(use, route.device)

    def _status(self, route: Route, message: Received) -> Read:
        text: object = text_of(message.payload)
        if isinstance(text, str) and text.lstrip().startswith("{"):
            text = at_path(document_of(message.payload), path_of(route.form.entry.path or "state"))
        online = _STATES.get(str(text).strip().lower())
        if online is None:
            raise PayloadError("status", "a state is a word such as online or offline")
        name = plain(route.device, 100)
        self._gateways.set(route.form.use.site, name, online=online, at=message.received_at)
        return Read(outcome="status")

    def _announced(self, route: Route, message: Received) -> Read:
        use = route.form.use
        if not message.payload.strip():
            return Read(outcome="announced")  # how an announcement is taken back
        document = document_of(message.payload)
        if route.form.entry.format == "zigbee2mqtt_devices":
            found = zigbee2mqtt.devices(document, use.layout.layout, use.site)
        else:
            found = home_assistant.announced(document, route.names, use.layout.layout, use.site)
        for item in found:
            self._book.note(item, message.received_at)
        return Read(outcome="announced")

    def _sparkplug(self, route: Route, message: Received) -> Read:
        names, use = route.names, route.form.use
        address = Address(use.base, names["group"], names["type"], names["node"], names.get("device") or "")
        told = self._nodes.read(address, message.payload, message.received_at, repeated=message.dup)
        if told.online is not None:
            name = plain(f"{address.group}/{address.node}", 100)
            self._gateways.set(use.site, name, online=told.online, at=message.received_at)
        if route.ignored:
            return Read(outcome="unmapped", counts=told.counts)
        if told.born is not None:
            self._note_birth(route, told, message)
        return self._told(route, told)

    def _note_birth(self, route: Route, told: Told, message: Received) -> None:
        use = route.form.use
        texts = {value.name: value.value for value in told.values if isinstance(value.value, str)}
        found = Found(
            use.layout.layout,
            use.site,
            route.device,
            name=route.device.rpartition("/")[2],
            maker=str(texts.get("Properties/Hardware Make", "")),
            model=str(texts.get("Properties/Hardware Model", "")),
            fields=told.born or (),
        )
        if found.fields:
            self._book.note(found, message.received_at)

    def _told(self, route: Route, told: Told) -> Read:
        gathering = Gathering()
        gathering.problems.extend(told.problems)
        wanted = {item.field: item for item in route.picks or ()}
        for value in told.values:
            item = wanted.get(value.name)
            if item is not None:
                gathering.add(item, value.value, value.ts, quality=value.quality, unit=value.unit)
        parts = gathering.parts()
        if told.values and route.picks is None and told.born is None:
            gathering.problems.append(_not_adopted(route.form.use, route.device))
        outcome = "taken" if parts or gathering.problems else _plain_outcome(told)
        return Read(parts, gathering.problems, outcome, told.counts)


def _plain_outcome(told: Told) -> str:
    if told.born is not None:
        return "announced"
    return "status" if told.online is not None else "unmapped"


def _not_adopted(use: Use, device: str) -> PayloadError:
    return PayloadError(
        "unknown_equipment",
        f"the device {shown(device)} ({use.layout.layout} at {use.site!r}) is not adopted and in no map",
    )


def _time(document: object, path: tuple[str, ...]) -> Nanos | None:
    given = at_path(document, path)
    return None if given is MISSING else instant(given)


def _stated(wanted: Sequence[Pick], payload: bytes) -> Read:
    """What an announced topic says to the points that are bound to it."""
    gathering = Gathering()
    document = document_of(payload) if any(item.path for item in wanted) else None
    for item in wanted:
        value = at_path(document, item.path) if item.path else text_of(payload)
        if value is not MISSING:
            gathering.add(item, value, None)
    return Read(gathering.parts(), gathering.problems, "taken" if gathering.problems else "unmapped")

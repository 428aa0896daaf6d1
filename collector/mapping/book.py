"""Devices that were heard or announced: gathered here, kept in the database now and then."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from collector.text import plain
from plantroom.discovery import MOST_FIELDS, Found, FoundField
from plantroom.times import MINUTE, Nanos

MOST_DEVICES = 2_000
AGAIN = 10 * MINUTE
"""How long after a device was noted it is noted again without having changed."""
_NAME, _TEXT = 200, 300


class DiscoveryBook:
    """The last word of each device, of MOST_DEVICES at most; one thread notes, any takes."""

    def __init__(self, most: int = MOST_DEVICES) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, str, str], tuple[Found, Nanos]] = {}
        self._noted: dict[tuple[str, str, str], Nanos] = {}

    def wants(self, layout: str, site: str, device: str, now: Nanos) -> bool:
        """Whether a device that only sends values is worth the work of noting it again."""
        noted = self._noted.get((layout, site, device))
        return noted is None or now - noted >= AGAIN

    def note(self, found: Found, now: Nanos) -> None:
        """Note a device; what it says of itself is cut to size and made printable.

        One whose own name cannot be shown is passed over: nobody could tell it from another.
        """
        if not _is_plain(found.device):
            return
        tidy = _tidy(found)
        with self._lock:
            if tidy.key in self._waiting:
                # Home Assistant announces a device value by value
                tidy = merged(self._waiting[tidy.key][0], tidy)
            self._noted.pop(tidy.key, None)
            self._noted[tidy.key] = now
            self._waiting[tidy.key] = (tidy, now)
            while len(self._noted) > self._most:
                oldest = next(iter(self._noted))
                del self._noted[oldest]
                self._waiting.pop(oldest, None)

    def take(self) -> Sequence[Found]:
        """What was noted since the last call."""
        with self._lock:
            taken = [found for found, _ in self._waiting.values()]
            self._waiting = {}
        return taken

    def put_back(self, found: Sequence[Found], now: Nanos) -> None:
        """Wait again with what could not be kept, unless it was noted anew meanwhile."""
        with self._lock:
            for item in found:
                self._waiting.setdefault(item.key, (item, now))
            while len(self._waiting) > self._most:
                del self._waiting[next(iter(self._waiting))]


def merged(before: Found, after: Found) -> Found:
    """What was said last, and the fields that were only said before."""
    fields = {item.name: item for item in (*after.fields, *before.fields)}
    fields.update((item.name, item) for item in after.fields)
    return replace(
        after,
        name=before.name if after.name in {"", after.device} else after.name,
        maker=after.maker or before.maker,
        model=after.model or before.model,
        fields=tuple(fields.values())[:MOST_FIELDS],
    )


def _tidy(found: Found) -> Found:
    return Found(
        layout=found.layout,
        site=found.site,
        device=found.device,
        name=plain(found.name, _TEXT),
        maker=plain(found.maker, _TEXT),
        model=plain(found.model, _TEXT),
        fields=tuple(_tidy_field(item) for item in found.fields[:MOST_FIELDS] if _is_plain(item.name)),
    )


def _is_plain(name: str) -> bool:
    return len(name) <= _NAME and name.isprintable()


def _tidy_field(item: FoundField) -> FoundField:
    """The field; its name stays as it is, for it is looked for, and one that cannot be shown is left out."""
    words = {plain(key, 40): word for key, word in list(item.words.items())[:50]}
    return FoundField(
        name=item.name,
        unit=plain(item.unit, 20),
        topic=item.topic if _is_plain(item.topic) else "",
        path=item.path if _is_plain(item.path) else "",
        words=words,
        text_number=item.text_number,
    )

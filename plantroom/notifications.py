"""What people are told, and the seam to whatever tells them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from plantroom.errors import PlantroomError
from plantroom.times import Nanos, to_iso

log = logging.getLogger(__name__)


class NotificationKind(StrEnum):
    """What happened."""

    ALARM_RAISED = "alarm.raised"
    ALARM_CLEARED = "alarm.cleared"
    ORDER_OPENED = "order.opened"
    ORDER_WARNING = "order.warning"
    ORDER_BREACH = "order.breach"
    CERTIFICATE_EXPIRES = "certificate.expires"


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing to tell. `key` is unique for ever: told twice, the receiver can see that it knows it."""

    key: str
    kind: NotificationKind
    site: str
    at: Nanos
    payload: Mapping[str, Any]


class NotifyError(PlantroomError):
    """A notification could not be handed over now; it is tried again."""


class Notifier(Protocol):
    """Hands notifications over to people or programs."""

    def send(self, notification: Notification) -> None:
        """Nothing, once it is in other hands. The same may come again after a crash, with the same key.

        Raises: NotifyError, or anything else, for what is to be tried again later.
        """


class LogNotifier:
    """Writes each notification into the log."""

    def send(self, notification: Notification) -> None:
        """Nothing; one line in the log."""
        at, content = to_iso(notification.at), dict(notification.payload)
        log.info("%s %s at %s: %s (%s)", notification.kind, notification.site, at, content, notification.key)

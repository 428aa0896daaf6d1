"""Who sends so much that others wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from collector.inbox import Received
from collector.text import plain

ENOUGH = 1_000
SHARE = 0.5


def loudest(messages: Sequence[Received]) -> str | None:
    """The equipment's topic (its site and name) that most of many waiting messages came on; None for none."""
    if len(messages) < ENOUGH:
        return None
    # every tenth is enough to tell, and costs nothing
    counts = Counter(["/".join(item.topic.split("/", 4)[:4]) for item in messages[::10]])
    ((topic, count),) = counts.most_common(1)
    return plain(topic, 300) if count >= SHARE * len(messages) / 10 else None

"""JSON v1 read a second time, slowly: what can be kept of a body that the quick way did not take.

Takes NaN, Infinity and numbers that overflow (they become flagged readings), counts duplicate keys, keeps the
good values beside a bad one, and names what is wrong.
"""

from __future__ import annotations

import json

from collector.codecs.base import Samples
from collector.codecs.document import samples_of
from collector.text import plain
from collector.topics import Topic
from plantroom.errors import PayloadError


class _Repeats:
    """Makes dicts of pairs, the last of equal keys winning, and counts the others."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        result = dict(pairs)
        self.count += len(pairs) - len(result)
        return result


def decode(topic: Topic, payload: bytes) -> Samples:
    """What can be taken of the payload.

    Raises: PayloadError where nothing can, and never anything else.
    """
    repeats = _Repeats()
    document = _parse(payload, repeats)
    return samples_of(topic, document, repeats.count)


def parse(payload: bytes) -> object:
    """The document, with NaN, Infinity and numbers that overflow.

    Raises: PayloadError saying what is wrong with the text.
    """
    return _parse(payload, _Repeats())


def _parse(payload: bytes, repeats: _Repeats) -> object:
    try:
        return json.loads(payload.decode(), object_pairs_hook=repeats)
    except UnicodeDecodeError as failure:
        raise PayloadError("utf8", f"the payload is not UTF-8 at byte {failure.start}") from None
    except json.JSONDecodeError as failure:
        where = f"line {failure.lineno} column {failure.colno}"
        raise PayloadError("json", f"not JSON: {plain(failure.msg, 80)} at {where}") from None
    except RecursionError:
        raise PayloadError("nesting", "the JSON is nested too deep") from None
    except ValueError:  # the interpreter's limit on the digits of a whole number
        raise PayloadError("number", "a number has too many digits") from None

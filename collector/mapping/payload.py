"""Payloads outside Plantroom's own format: a document or a text."""

from __future__ import annotations

import msgspec

from collector.codecs import json_lenient
from plantroom.errors import PayloadError


def document_of(payload: bytes) -> object:
    """The document of a JSON message.

    Raises: PayloadError saying what is wrong with it.
    """
    if not payload.strip():
        raise PayloadError("empty", "the payload is empty")
    try:
        if not payload.isascii():
            payload.decode()
        return msgspec.json.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return json_lenient.parse(payload)


def text_of(payload: bytes) -> str:
    """The text of a message, without the blanks around it.

    Raises: PayloadError(`empty`, `utf8`).
    """
    text = payload.strip()
    if not text:
        raise PayloadError("empty", "the payload is empty")
    try:
        return text.decode()
    except UnicodeDecodeError as failure:
        raise PayloadError("utf8", f"the payload is not UTF-8 at byte {failure.start}") from None

"""Payload formats, one file each: bytes to the values, times and units that the sender wrote, and back.

A codec knows its format and nothing else: which points exist, what their units are and what is in range is
`collector/ingest.py`; what other people's topics mean is `collector/mapping/`.
"""

from collector.codecs.base import Codec, Samples
from collector.codecs.json_v1 import JsonV1
from collector.codecs.msgpack_v1 import FIRST_BYTES, MsgpackV1

JSON: Codec = JsonV1()
MSGPACK: Codec = MsgpackV1()


def of_payload(payload: bytes) -> Codec:
    """The codec of version 1 whose document begins as this payload does."""
    return MSGPACK if payload and payload[0] in FIRST_BYTES else JSON


__all__ = ["JSON", "MSGPACK", "Codec", "Samples", "of_payload"]

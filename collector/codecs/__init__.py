"""Payload formats, one file each: bytes to the values, times and units that the sender wrote, and back.

A codec knows its format and nothing else: which points exist, what their units are and what is in range is
`collector/ingest.py`; what other people's topics mean is `collector/mapping/`.
"""

from collector.codecs.base import Codec, Samples
from collector.codecs.json_v1 import JsonV1
from collector.codecs.msgpack_v1 import FIRST_BYTES, MsgpackV1

JSON: Codec = JsonV1()
MSGPACK: Codec = MsgpackV1()

"""Of a payload that begins with one of FIRST_BYTES; any other is JSON."""

__all__ = ["FIRST_BYTES", "JSON", "MSGPACK", "Codec", "Samples"]

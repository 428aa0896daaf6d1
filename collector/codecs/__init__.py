"""Payload formats, one file each: bytes to the values, times and units that the sender wrote, and back.

A codec knows its format and nothing else: which points exist, what their units are and what is in range is
`collector/ingest.py`. A new format is a new file here and a line in `CODECS`.
"""

from collections.abc import Mapping

from collector.codecs.base import Codec, Samples
from collector.codecs.json_v1 import JsonV1

CODECS: Mapping[str, Codec] = {"v1": JsonV1()}
"""The codec of each version that the topic grammar knows."""

__all__ = ["CODECS", "Codec", "Samples"]

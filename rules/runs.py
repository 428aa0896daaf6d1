"""Columns sorted by a key, and the runs of equal keys in them."""

from __future__ import annotations

import numpy as np

from plantroom.readings import Bools, Int64s


def opens(*keys: Int64s) -> Bools:
    """Where a run begins: where any of the keys differs from the row before. The first row always does."""
    new = np.ones(len(keys[0]), dtype=np.bool_)
    new[1:] = False
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return new


def order_of(key: Int64s, bound: int) -> Int64s:
    """A stable order of keys in [0, bound). numpy sorts 16 bits by radix, many times faster than more."""
    if bound <= 1 << 16:
        return np.argsort(key.astype(np.uint16), kind="stable")
    low = np.argsort((key & 0xFFFF).astype(np.uint16), kind="stable")
    return low[order_of(key[low] >> 16, (bound >> 16) + 1)]

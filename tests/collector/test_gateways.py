from __future__ import annotations

import pytest

from collector.gateways import GatewayBook, GatewayStatus
from plantroom.errors import PayloadError


class TestGatewayBook:
    def test_since_is_when_it_changed(self) -> None:
        book = GatewayBook()
        book.note("hq", "gw", b"online", 10)
        book.note("hq", "gw", b" online\n", 20)
        assert book.all() == (GatewayStatus("hq", "gw", online=True, since=10),)
        book.note("hq", "gw", b"offline", 30)
        assert book.all() == (GatewayStatus("hq", "gw", online=False, since=30),)

    @pytest.mark.parametrize("payload", [b"", b"ONLINE", b"true", b"\xff", b'"online"'])
    def test_other_words(self, payload: bytes) -> None:
        with pytest.raises(PayloadError) as caught:
            GatewayBook().note("hq", "gw", payload, 10)
        assert caught.value.reason == "status"

    def test_the_number_is_bounded_and_the_longest_unchanged_goes(self) -> None:
        book = GatewayBook(most=2)
        book.note("hq", "a", b"online", 1)
        book.note("hq", "b", b"online", 2)
        book.note("hq", "a", b"offline", 3)
        book.note("hq", "c", b"online", 4)
        assert [(item.gateway, item.since) for item in book.all()] == [("a", 3), ("c", 4)]

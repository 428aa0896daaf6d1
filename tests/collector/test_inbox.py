from __future__ import annotations

from collector.inbox import OVERHEAD_BYTES, Inbox
from tests.collector.kit import message


class TestInbox:
    def test_messages_come_out_in_order(self) -> None:
        inbox = Inbox(10, 10_000)
        first, second, third = message("1"), message("2"), message("3")
        inbox.put([first, second])
        inbox.put([third])
        assert inbox.get(0) == [first, second]
        assert inbox.get(0) == [third]
        assert not inbox.get(0)
        assert not inbox.closed

    def test_a_message_waits_until_it_is_released(self) -> None:
        inbox = Inbox(10, 10_000)
        inbox.put([message("12345")])
        (taken,) = inbox.get(0)
        assert inbox.waiting_messages == 1
        assert inbox.waiting_bytes == OVERHEAD_BYTES + 5 + len(taken.topic)
        inbox.release([taken])
        assert (inbox.waiting_messages, inbox.waiting_bytes) == (0, 0)

    def test_full_by_count_and_room_only_when_half_empty(self) -> None:
        inbox = Inbox(4, 10**9)
        messages = [message(str(number)) for number in range(4)]
        for item in messages:
            assert inbox.room == 4 - inbox.waiting_messages > 0
            inbox.put([item])
        assert inbox.room == 0
        inbox.put(messages[:1])  # what has been read is never refused
        assert inbox.room == 0
        inbox.release(messages[:1] * 2)
        assert inbox.room == 1
        assert not inbox.has_room
        inbox.release(messages[1:2])
        assert inbox.has_room

    def test_full_by_bytes(self) -> None:
        inbox = Inbox(1_000, 10_000)
        big = message("x" * 9_900)
        inbox.put([big])
        assert inbox.room == 0
        assert not inbox.has_room
        inbox.release([big])
        assert inbox.has_room

    def test_close_comes_after_what_was_put_before(self) -> None:
        inbox = Inbox(10, 10_000)
        inbox.put([message("1")])
        inbox.close()
        assert inbox.get(0)
        assert not inbox.closed
        assert not inbox.get(5)
        assert inbox.closed
        assert not inbox.get(5)

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from collector.batcher import HAND_OVER_TRIES, LONGEST_RETRY_S, Batcher
from collector.codecs.json_v1 import encode_equipment
from collector.inbox import Inbox, Received
from collector.ingest import Ingest
from collector.spool import Spool
from plantroom.metrics import Metrics
from plantroom.model import PointTable
from plantroom.readings import ReadingBatch
from plantroom.settings import IngestSettings
from tests.collector.kit import NOW, PUMP, Handed, MemoryQuarantine, MemoryStore, load_table, message

TABLE = load_table()


class Rig:
    """A batcher with everything around it faked; time stands still but for waiting."""

    def __init__(self, table: PointTable = TABLE, *, spool: Spool | None = None, **settings: int) -> None:
        figures = IngestSettings(**({"linger": 0} | settings))  # type: ignore[arg-type]
        self.inbox = Inbox(figures.max_waiting_messages, figures.max_waiting_bytes)
        self.log: list[str] = []
        self.store, self.quarantine = MemoryStore(self.log), MemoryQuarantine(self.log)
        self.handed = Handed(self.log)
        self.metrics = Metrics()
        self.acknowledged: list[Received] = []
        self.waits: list[float] = []
        self.give_up_after = 100
        self.time = 0.0
        self.batcher = Batcher(
            self.inbox,
            Ingest(table, figures),
            store=self.store,
            quarantine=self.quarantine,
            settings=figures,
            metrics=self.metrics,
            acknowledge=self._acknowledge,
            on_stored=self.handed,
            wait=self._wait,
            clock=lambda: NOW,
            monotonic=lambda: self.time,
            spool=spool,
        )

    def _acknowledge(self, messages: Sequence[Received]) -> None:
        self.log.append("acknowledged")
        self.acknowledged.extend(messages)

    def _wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return len(self.waits) >= self.give_up_after

    def put(self, *messages: Received) -> None:
        for item in messages:
            self.inbox.put([item])

    def counted(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"plantroom_{name}", labels) or 0.0


def flow(number: int, mid: int = 1) -> Received:
    return message(encode_equipment(NOW + number, {"flow": float(number)}), mid=mid)


class TestOrder:
    def test_stored_then_acknowledged_then_handed_on(self) -> None:
        rig = Rig(linger=10**9)
        messages = [flow(2, mid=7), message("{", mid=8), flow(1, mid=9)]
        rig.put(*messages)
        rig.inbox.close()
        rig.batcher.run()
        assert rig.log == ["stored", "kept", "acknowledged", "handed on"]
        assert rig.acknowledged == messages
        assert len(rig.store.rows) == 2
        assert [item.reason for item in rig.quarantine.kept] == ["json"]
        (batch,) = rig.handed.batches
        assert batch.ts.tolist() == [NOW + 1, NOW + 2]
        assert rig.inbox.waiting_messages == 0

    def test_figures(self) -> None:
        rig = Rig(linger=10**9)
        rig.put(flow(1), flow(1), flow(2), message("{"), message("1", f"{PUMP}/flow", qos=0))
        rig.put(message("1", f"{PUMP}/flow", retain=True), message("online", "plantroom/v1/hq/$status/gw"))
        rig.inbox.close()
        rig.batcher.run()
        messages = {
            name: rig.counted("messages_total", outcome=name)
            for name in ("taken", "quarantined", "status", "retained")
        }
        assert messages == {"taken": 4, "quarantined": 1, "status": 1, "retained": 1}
        assert rig.counted("readings_total", outcome="new") == 3
        assert rig.counted("readings_total", outcome="repeated") == 1
        assert rig.counted("readings_total", outcome="receive_time") == 1
        assert rig.counted("quarantined_total", reason="json") == 1
        assert rig.counted("unguaranteed_total", site="hq") == 1
        assert rig.counted("store_append_seconds_count") == 1
        state = rig.batcher.state()
        assert state.unguaranteed_sites == ("hq",)
        assert state.last_message_at == state.last_stored_at == NOW
        assert state.store_error is None

    def test_messages_that_came_together_are_cut_into_batches(self) -> None:
        rig = Rig(batch_readings=5)
        messages = [flow(number, mid=number) for number in range(1, 13)]
        rig.inbox.put(messages)
        rig.inbox.close()
        rig.batcher.run()
        assert [len(batch) for batch in rig.store.batches] == [5, 5, 2]
        assert rig.acknowledged == messages
        assert rig.inbox.waiting_messages == 0

    def test_what_was_not_stored_of_messages_that_came_together_is_not_acknowledged(self) -> None:
        rig = Rig(batch_readings=5)
        rig.store.after_next_batch_away = True
        rig.give_up_after = 1
        messages = [flow(number, mid=number) for number in range(1, 13)]
        rig.inbox.put(messages)
        rig.batcher.run()
        assert rig.acknowledged == messages[:5]

    def test_only_bad_messages_touch_no_store(self) -> None:
        rig = Rig()
        rig.put(message("{"))
        rig.batcher.turn()
        assert not rig.store.batches
        assert not rig.handed.batches
        assert len(rig.acknowledged) == 1


class TestBatches:
    def test_full_by_readings(self) -> None:
        rig = Rig(batch_readings=3, linger=10**9)
        rig.put(*(flow(number) for number in range(7)))
        rig.batcher.turn()
        rig.batcher.turn()
        assert [len(batch) for batch in rig.store.batches] == [3, 3]

    def test_full_by_messages_that_have_no_readings(self) -> None:
        rig = Rig(batch_messages=3, linger=10**9)
        rig.put(*(message("{") for _ in range(4)))
        rig.batcher.turn()
        assert len(rig.acknowledged) == 3

    def test_written_when_it_has_lingered(self) -> None:
        rig = Rig(linger=0)
        rig.put(flow(1), flow(2))
        rig.batcher.turn()
        assert [len(batch) for batch in rig.store.batches] == [1]

    def test_the_end_of_the_inbox_is_the_end(self) -> None:
        rig = Rig()
        rig.put(flow(1))
        rig.inbox.close()
        assert rig.batcher.turn()
        assert not rig.batcher.turn()

    def test_another_table_from_the_next_batch_on(self) -> None:
        rig = Rig(PointTable([], []))
        rig.put(flow(1))
        rig.batcher.turn()
        rig.batcher.replace_table(TABLE)
        rig.put(flow(2))
        rig.batcher.turn()
        assert [item.reason for item in rig.quarantine.kept] == ["unknown_site"]
        assert len(rig.store.rows) == 1


class TestStoreAway:
    def test_tried_again_with_longer_and_longer_waits(self) -> None:
        rig = Rig()
        rig.store.failures = 8
        rig.put(flow(1, mid=5))
        assert rig.batcher.turn()
        assert rig.waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, LONGEST_RETRY_S, LONGEST_RETRY_S]
        assert len(rig.store.rows) == 1
        assert [item.mid for item in rig.acknowledged] == [5]
        assert rig.counted("store_failures_total") == 8
        assert rig.batcher.state().store_error is None

    def test_nothing_is_acknowledged_meanwhile_and_the_reason_is_told(self) -> None:
        rig = Rig()
        rig.store.away = True
        rig.give_up_after = 3
        rig.put(flow(1))
        assert not rig.batcher.turn()
        assert not rig.acknowledged
        assert not rig.handed.batches
        assert "the store is away" in str(rig.batcher.state().store_error)
        assert rig.inbox.waiting_messages == 0

    def test_a_quarantine_that_is_away_does_not_write_the_readings_twice(self) -> None:
        rig = Rig(linger=10**9)
        rig.quarantine.failures = 2
        rig.put(flow(1), message("{"))
        rig.inbox.close()
        rig.batcher.run()
        assert len(rig.store.batches) == 1
        assert len(rig.quarantine.kept) == 1
        assert len(rig.acknowledged) == 2
        assert rig.counted("store_failures_total") == 2

    def test_an_unforeseen_failure_is_tried_again_too(self, caplog: pytest.LogCaptureFixture) -> None:
        rig = Rig()
        rig.store.error, rig.store.failures = ZeroDivisionError(), 1
        rig.put(flow(1))
        assert rig.batcher.turn()
        assert len(rig.store.rows) == 1
        assert len(rig.acknowledged) == 1
        assert "ZeroDivisionError" in caplog.text


class TestHandOver:
    def test_asked_again_after_a_failure(self) -> None:
        rig = Rig()
        rig.handed.failures = 2
        rig.put(flow(1))
        assert rig.batcher.turn()
        assert len(rig.handed.batches) == 1
        assert rig.counted("handover_failures_total") == 2
        assert rig.batcher.state().handover_error is None

    def test_given_up_after_some_tries_told_and_the_next_batch_goes_on(self) -> None:
        rig = Rig()
        rig.handed.failures = HAND_OVER_TRIES
        rig.put(flow(1))
        assert rig.batcher.turn()
        assert rig.handed.calls == HAND_OVER_TRIES
        state = rig.batcher.state()
        assert state.handovers_given_up == 1
        assert "the rules are broken" in str(state.handover_error)
        assert len(rig.store.rows) == 1
        assert len(rig.acknowledged) == 1
        rig.put(flow(2))
        rig.batcher.turn()
        state = rig.batcher.state()
        assert state.handover_error is None
        assert state.handovers_given_up == 1


class TestSpool:
    """For brokers that do not queue."""

    def test_what_the_store_does_not_take_is_acknowledged_from_disk_and_stored_in_order(
        self, tmp_path: Path
    ) -> None:
        rig = Rig(spool=Spool(tmp_path, 10**7), batch_readings=4)
        rig.store.away = True
        rig.inbox.put([flow(number, mid=number) for number in range(1, 7)])
        for number in range(7, 11):
            rig.inbox.put([flow(number, mid=number)])
        for _ in range(8):
            rig.batcher.turn()
        assert [item.mid for item in rig.acknowledged] == list(range(1, 11))
        assert (rig.store.size(), rig.inbox.waiting_messages) == (0, 0)
        state = rig.batcher.state()
        assert (state.spooled_messages, state.spool_dropped) == (10, 0)
        assert "the store is away" in str(state.store_error)
        assert rig.counted("spool_messages") == 10
        assert not rig.waits

        rig.store.away = False
        rig.inbox.put([flow(11, mid=11)])
        for _ in range(8):
            rig.time += LONGEST_RETRY_S
            rig.batcher.turn()
        assert ReadingBatch.concat(rig.handed.batches).value.tolist() == list(range(1, 12))
        state = rig.batcher.state()
        assert (state.spooled_messages, state.store_error) == (0, None)
        assert rig.counted("messages_total", outcome="taken") == 11
        assert rig.counted("spool_messages") == 0

    def test_the_store_is_asked_less_and_less_often(self, tmp_path: Path) -> None:
        rig = Rig(spool=Spool(tmp_path, 10**7))
        rig.store.away = True
        rig.put(flow(1))
        for _ in range(100):
            rig.batcher.turn()
            rig.time += 0.25
        assert 5 < rig.counted("store_failures_total") < 15

    def test_another_process_stores_what_waits_before_what_comes(self, tmp_path: Path) -> None:
        first = Rig(spool=Spool(tmp_path, 10**7))
        first.store.away = True
        first.put(flow(1), message("{"))
        first.batcher.turn()
        first.batcher.turn()
        second = Rig(spool=Spool(tmp_path, 10**7))
        assert second.batcher.state().spooled_messages == 2
        second.put(flow(2))
        for _ in range(3):
            second.batcher.turn()
        assert ReadingBatch.concat(second.handed.batches).value.tolist() == [1.0, 2.0]
        assert [item.reason for item in second.quarantine.kept] == ["json"]

    def test_a_disk_that_takes_nothing_acknowledges_nothing(self, tmp_path: Path) -> None:
        spool = Spool(tmp_path, 10**7)
        (tmp_path / "000000000001.spool").mkdir()
        rig = Rig(spool=spool)
        rig.store.away = True
        rig.give_up_after = 3
        rig.put(flow(1))
        assert not rig.batcher.turn()
        assert not rig.acknowledged
        assert "the spool could not be written" in str(rig.batcher.state().store_error)


class TestWaiting:
    def test_readings_wait_until_the_rules_have_them(self) -> None:
        rig = Rig()
        seen: list[int] = []
        rig.batcher._on_stored = lambda _batch, _now: seen.append(rig.inbox.waiting_messages)
        rig.put(flow(1))
        rig.batcher.turn()
        assert seen == [1]
        assert rig.inbox.waiting_messages == 0

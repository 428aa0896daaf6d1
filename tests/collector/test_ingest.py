"""What the golden cases do not show: several messages at once, shapes remembered, tables swapped."""

from __future__ import annotations

import numpy as np
import pytest

from collector.codecs.json_v1 import encode_batch, encode_equipment
from collector.ingest import Ingest
from plantroom.model import PointTable
from plantroom.settings import IngestSettings
from tests.collector.kit import NOW, PUMP, load_table, message, told

SECOND = 10**9
TABLE = load_table()


def made(table: PointTable = TABLE, **settings: int) -> Ingest:
    return Ingest(table, IngestSettings(**settings))  # type: ignore[arg-type]


class TestManyMessages:
    def test_single_times_and_batches_make_one_sorted_batch(self) -> None:
        ingest = made()
        ingest.take(message(encode_equipment(NOW, {"flow": 1.0, "running": True})))
        ingest.take(message(encode_batch([NOW - SECOND, NOW + SECOND], {"flow": [2.0, 3.0]})))
        ingest.take(message("20", "plantroom/v1/annex/ahu-01/supply_temperature", received_at=NOW + 5))
        ingest.take(message(encode_equipment(NOW - 2 * SECOND, {"flow": 600.0}, {"flow": "L/min"})))
        assert ingest.size == 6
        harvest = ingest.finish()
        assert told(TABLE, harvest.readings) == [
            ["hq/pump-01/flow", "2026-03-01T07:59:58.000Z", pytest.approx(36.0), "good"],
            ["hq/pump-01/flow", "2026-03-01T07:59:59.000Z", 2.0, "good"],
            ["hq/pump-01/running", "2026-03-01T08:00:00.000Z", 1.0, "good"],
            ["hq/pump-01/flow", "2026-03-01T08:00:00.000Z", 1.0, "good"],
            ["annex/ahu-01/supply_temperature", "2026-03-01T08:00:00.000Z", 20.0, "receive_time"],
            ["hq/pump-01/flow", "2026-03-01T08:00:01.000Z", 3.0, "good"],
        ]
        assert harvest.messages["taken"] == 4

    @pytest.mark.parametrize("batch_last", [True, False])
    def test_of_equal_times_the_later_received_stands(self, batch_last: bool) -> None:
        single = message(encode_equipment(NOW, {"flow": 1.0}))
        batch = message(encode_batch([NOW], {"flow": [2.0]}))
        ingest = made()
        for item in (single, batch) if batch_last else (batch, single):
            ingest.take(item)
        harvest = ingest.finish()
        assert harvest.readings.value.tolist() == [2.0 if batch_last else 1.0]
        assert harvest.outcomes["replaced"] == 1

    def test_repeated_and_replaced_are_told_apart_nan_included(self) -> None:
        ingest = made()
        for value in ("1", "1", "2", "2", "NaN", "NaN"):
            ingest.take(message(f'{{"ts": {NOW}, "values": {{"flow": {value}}}}}'))
        harvest = ingest.finish()
        assert len(harvest.readings) == 1
        assert np.isnan(harvest.readings.value[0])
        assert (harvest.outcomes["repeated"], harvest.outcomes["replaced"]) == (3, 2)

    def test_each_finish_begins_anew(self) -> None:
        ingest = made()
        ingest.take(message(encode_equipment(NOW, {"flow": 1.0})))
        ingest.take(message("{"))
        ingest.finish()
        assert ingest.size == 0
        harvest = ingest.finish()
        assert len(harvest.readings) == 0
        assert not harvest.quarantined
        assert not +harvest.messages

    def test_a_batch_of_100_000_readings_is_taken(self) -> None:
        ts = NOW - np.arange(25_000)[::-1]
        values = np.linspace(0.0, 20.0, 25_000)
        payload = encode_batch(
            ts, dict.fromkeys(("flow", "discharge_pressure", "bearing_temperature", "starts"), values)
        )
        ingest = made(max_payload_bytes=10**8)
        ingest.take(message(payload))
        harvest = ingest.finish()
        assert len(harvest.readings) == 100_000
        assert not harvest.quarantined
        flow = harvest.readings.take(harvest.readings.point_id == TABLE.id_of("hq", "pump-01", "flow"))
        assert np.array_equal(flow.value, values)


class TestShapes:
    def test_a_remembered_shape_is_not_taken_for_another(self) -> None:
        ingest = made()
        bodies = [
            '{"ts": 1772352000, "values": {"running": 1, "flow": 2}}',
            '{"ts": 1772352001, "values": {"flow": 3, "running": 1}}',
            '{"ts": 1772352002, "values": {"flow": true, "running": 1}}',
            '{"ts": 1772352003, "values": {"flow": 600, "running": 1}, "units": {"flow": "L/min"}}',
            '{"ts": 1772352004, "values": {"flow": null, "running": 1}}',
            '{"ts": 1772352005, "values": {"flow": 5, "running": 1}}',
        ]
        for body in bodies * 2:
            ingest.take(message(body))
        readings = ingest.finish().readings
        flow = readings.take(readings.point_id == TABLE.id_of("hq", "pump-01", "flow"))
        assert flow.value.tolist() == pytest.approx([2.0, 3.0, 36.0, 5.0])
        assert (flow.ts // SECOND).tolist() == [1772352000, 1772352001, 1772352003, 1772352005]

    def test_shapes_of_unknown_names_are_not_remembered(self) -> None:
        ingest = made()
        for number in range(200):
            ingest.take(message(f'{{"values": {{"x{number}": 1}}, "units": {{"y{number}": "bar"}}}}'))
            ingest.take(message(f'{{"values": {{"flow": 1}}, "units": {{"flow": "u{number}"}}}}'))
            ingest.take(message(f'{{"values": {{"flow": 1}}, "units": {{"y{number}": "bar"}}}}'))
        assert len(ingest._resolver._plans) == 1

    def test_the_number_of_shapes_is_bounded(self) -> None:
        ingest = made()
        ingest._resolver._most_plans = 2
        for body in ('{"flow": 1}', '{"starts": 1}', '{"running": 1}', '{"running": true}'):
            ingest.take(message(f'{{"values": {body}}}'))
            assert len(ingest._resolver._plans) <= 2


class TestTables:
    def test_another_table_is_in_force_from_the_next_message(self) -> None:
        old = PointTable([TABLE.equipment[0]], [p for p in TABLE.points.values() if p.equipment == "pump-01"])
        ingest = made(old)
        ahu = message("20", "plantroom/v1/annex/ahu-01/supply_temperature")
        ingest.take(ahu)
        assert [item.reason for item in ingest.finish().quarantined] == ["unknown_site"]
        ingest.replace_table(TABLE)
        ingest.take(ahu)
        harvest = ingest.finish()
        assert not harvest.quarantined
        assert len(harvest.readings) == 1

    def test_a_property_without_equipment(self) -> None:
        ingest = made(PointTable([], []))
        ingest.take(message("1", f"{PUMP}/flow"))
        harvest = ingest.finish()
        assert [item.reason for item in harvest.quarantined] == ["unknown_site"]
        assert len(harvest.readings) == 0


class TestQuarantine:
    def test_what_is_kept(self) -> None:
        ingest = made(max_payload_bytes=5_000)
        ingest.take(message("x" * 4_000, "bad\u202etopic\x00" + "y" * 500))
        (kept,) = ingest.finish().quarantined
        assert kept.topic.startswith("bad\\u202etopic\\u0000yyy")
        assert len(kept.topic) <= 320
        assert kept.reason == "topic"
        assert kept.head == b"x" * 2048
        assert kept.size == 4_000
        assert kept.received_at == NOW

    def test_many_problems_are_summed_up(self) -> None:
        ingest = made()
        ingest.take(message('{"values": {' + ",".join(f'"x{n}": 1' for n in range(50)) + "}}"))
        (kept,) = ingest.finish().quarantined
        assert kept.message.count("has no point") == 5
        assert kept.message.endswith("and 45 more")

    def test_a_mistake_of_ours_costs_one_message(self, caplog: pytest.LogCaptureFixture) -> None:
        class Broken:
            def decode(self, topic: object, payload: bytes) -> None:
                raise ZeroDivisionError

        ingest = Ingest(TABLE, IngestSettings(), json=Broken())  # type: ignore[arg-type]
        ingest.take(message("1", f"{PUMP}/flow"))
        assert [item.reason for item in ingest.finish().quarantined] == ["internal"]
        assert "ZeroDivisionError" in caplog.text

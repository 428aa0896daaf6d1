"""What Plantroom counts about itself, in one table; served at `/metrics` and read by the console."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The counters, gauges and histograms of one process, on a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        on = self.registry
        self.messages = Counter(
            "plantroom_messages",
            "MQTT messages by outcome: taken, quarantined, status, retained",
            ["outcome"],
            registry=on,
        )
        self.readings = Counter(
            "plantroom_readings",
            "Readings by outcome: new, repeated, replaced, too_old, null, and by quality flag",
            ["outcome"],
            registry=on,
        )
        self.quarantined = Counter(
            "plantroom_quarantined", "Messages in quarantine by reason", ["reason"], registry=on
        )
        self.unguaranteed = Counter(
            "plantroom_unguaranteed", "Messages that came at QoS 0, by site", ["site"], registry=on
        )
        self.late = Counter(
            "plantroom_late", "Readings stored but too late for the rules to go back", registry=on
        )
        self.waiting_messages = Gauge(
            "plantroom_waiting_messages", "Messages received and not yet durable", registry=on
        )
        self.spool_messages = Gauge(
            "plantroom_spool_messages", "Messages on disk, acknowledged and not yet stored", registry=on
        )
        self.spool_bytes = Gauge("plantroom_spool_bytes", "Size of the spool on disk", registry=on)
        self.spool_dropped = Counter(
            "plantroom_spool_dropped", "Messages dropped because the spool was full", registry=on
        )
        self.reading_paused = Gauge(
            "plantroom_reading_paused", "1 while the collector does not read the socket", registry=on
        )
        self.bulk_messages = Counter(
            "plantroom_mqtt_bulk_messages", "Messages read in bulk; others were read one by one", registry=on
        )
        self.connected = Gauge("plantroom_mqtt_connected", "1 while the broker holds us", registry=on)
        self.connects = Counter("plantroom_mqtt_connects", "Sessions opened on the broker", registry=on)
        self.store_seconds = Histogram(
            "plantroom_store_append_seconds", "Durable write of a batch", buckets=_SECONDS, registry=on
        )
        self.store_failures = Counter(
            "plantroom_store_failures", "Durable writes that failed and were tried again", registry=on
        )
        self.handover_failures = Counter(
            "plantroom_handover_failures",
            "Times that the rules failed to take a stored batch from the collector",
            registry=on,
        )
        self.step_seconds = Histogram(
            "plantroom_rules_step_seconds", "Rules over a batch", buckets=_SECONDS, registry=on
        )
        self.alarm_changes = Counter(
            "plantroom_alarm_changes",
            "Alarm changes by event and severity",
            ["event", "severity"],
            registry=on,
        )
        self.notifications = Counter(
            "plantroom_notifications",
            "Notifications by outcome: sent, put_off, given_up",
            ["outcome"],
            registry=on,
        )
        self.work_orders = Counter(
            "plantroom_work_orders", "Work orders opened, by kind", ["kind"], registry=on
        )

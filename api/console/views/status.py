"""What Plantroom counts about itself, picked and put into words for the status page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import Metric

from api.console.formats import number_text
from api.console.i18n import Translator


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name, its value, and whether it is a bad sign."""

    name: str
    value: str
    wrong: bool = False


Samples = Mapping[str, list[tuple[Mapping[str, str], float]]]


def collect(families: Iterable[Metric]) -> Samples:
    """Sample name -> its labels and values."""
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for family in families:
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, float(sample.value)))
    return found


def total(samples: Samples, name: str) -> float:
    """The sum over all labels; 0 for what is not counted yet."""
    return sum(value for _, value in samples.get(name, ()))


def by_label(samples: Samples, name: str, label: str) -> dict[str, float]:
    """The value of each label, the greatest first; zeros are left out."""
    found: dict[str, float] = {}
    for labels, value in samples.get(name, ()):
        key = labels.get(label, "")
        found[key] = found.get(key, 0.0) + value
    return {key: value for key, value in sorted(found.items(), key=lambda item: -item[1]) if value}


def mean_milliseconds(t: Translator, samples: Samples, name: str) -> str:
    """The mean of a histogram of seconds."""
    count = total(samples, f"{name}_count")
    if not count:
        return t("none yet")
    return t(
        "{ms} ms mean of {n}",
        ms=number_text(1000 * total(samples, f"{name}_sum") / count, 2),
        n=number_text(count, 0),
    )


def figures(t: Translator, samples: Samples) -> list[Figure]:
    """The figures that matter to somebody who keeps Plantroom running."""
    paused, waiting = total(samples, "plantroom_reading_paused"), total(samples, "plantroom_waiting_messages")
    failures = total(samples, "plantroom_store_failures_total")
    late = total(samples, "plantroom_late_total")
    quarantined = total(samples, "plantroom_quarantined_total")
    unguaranteed = total(samples, "plantroom_unguaranteed_total")
    connected = total(samples, "plantroom_mqtt_connected")
    return [
        Figure(t("Connected to the broker"), t("Yes") if connected else t("No"), not connected),
        Figure(t("Sessions opened on the broker"), _whole(samples, "plantroom_mqtt_connects_total")),
        Figure(t("Messages"), _whole(samples, "plantroom_messages_total")),
        Figure(t("Readings"), _whole(samples, "plantroom_readings_total")),
        Figure(t("Messages not yet durable"), number_text(waiting, 0)),
        Figure(t("Reading paused: the store is slow or away"), t("Yes") if paused else t("No"), bool(paused)),
        Figure(t("Writes that failed and were tried again"), number_text(failures, 0), failures > 0),
        Figure(
            t("Durable write of a batch"), mean_milliseconds(t, samples, "plantroom_store_append_seconds")
        ),
        Figure(t("Rules over a batch"), mean_milliseconds(t, samples, "plantroom_rules_step_seconds")),
        Figure(t("Readings too late for the rules"), number_text(late, 0), late > 0),
        Figure(t("Messages in quarantine since the start"), number_text(quarantined, 0), quarantined > 0),
        Figure(t("Messages without guarantee (QoS 0)"), number_text(unguaranteed, 0), unguaranteed > 0),
        Figure(t("Alarm changes"), _whole(samples, "plantroom_alarm_changes_total")),
        Figure(t("Work orders opened"), _whole(samples, "plantroom_work_orders_total")),
    ]


def _whole(samples: Samples, name: str) -> str:
    return number_text(total(samples, name), 0)

"""The tasks inside InfluxDB that work out the minutes' and the hours' figures, as Flux texts.

A task's text takes no parameters: bucket names are those that the settings allow, quoted all the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from plantroom.stores.influx_lines import MEASUREMENT, VALUE
from plantroom.stores.influx_tiers import Tier


@dataclass(frozen=True, slots=True)
class TaskText:
    """A task by its name, which is unique for its buckets."""

    name: str
    flux: str


_TASK = """\
option task = {{name: {name}, every: {every}, offset: {offset}}}

data = (field) => from(bucket: {source})
  |> range(start: {since})
  |> filter(fn: (r) => r._measurement == "{measurement}")
  |> filter(fn: (r) => r._field == field)

"""
_FIGURE = """\
data(field: "{field}")
  |> aggregateWindow(every: {step}, fn: {fn}, createEmpty: false, timeSrc: "_start")
  |> set(key: "_field", value: "{figure}")
  |> to(bucket: {target})
"""
_MEAN = """\
from(bucket: {source})
  |> range(start: {since})
  |> filter(fn: (r) => r._measurement == "{measurement}")
  |> filter(fn: (r) => r._field == "sum" or r._field == "count")
  |> aggregateWindow(every: {step}, fn: sum, createEmpty: false, timeSrc: "_start")
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> map(fn: (r) => ({{r with _field: "mean", _value: r.sum / float(v: r.count)}}))
  |> drop(columns: ["sum", "count"])
  |> to(bucket: {target})
"""
_OF_READINGS = (
    (VALUE, "sum", "sum"), (VALUE, "count", "count"), (VALUE, "min", "low"), (VALUE, "max", "high"),
    (VALUE, "mean", "mean"),
)  # fmt: skip
_OF_FIGURES = (
    ("sum", "sum", "sum"),
    ("count", "sum", "count"),
    ("low", "min", "low"),
    ("high", "max", "high"),
)


def task_texts(tiers: Sequence[Tier]) -> tuple[TaskText, ...]:
    """The tasks for these three tiers: each soon after its time, and every night for what came late."""
    raw, minutes, hours = (tier.bucket for tier in tiers)
    of_minutes = (raw, minutes, "1m", _OF_READINGS)
    of_hours = (minutes, hours, "1h", _OF_FIGURES)
    return (
        _task("minutes", *of_minutes, every="1m", offset="20s", since="-5m"),
        _task("hours", *of_hours, every="1h", offset="6m", since="-3h"),
        _task("late minutes", *of_minutes, every="1d", offset="1h", since="-3d"),
        _task("late hours", *of_hours, every="1d", offset="3h", since="-3d"),
    )


def _task(
    what: str,
    source: str,
    target: str,
    step: str,
    figures: Sequence[tuple[str, str, str]],
    *,
    every: str,
    offset: str,
    since: str,
) -> TaskText:
    name = f"{target}: {what}"
    words = {
        "name": json.dumps(name),
        "source": json.dumps(source),
        "target": json.dumps(target),
        "measurement": MEASUREMENT,
        "every": every,
        "offset": offset,
        "since": since,
        "step": step,
    }
    parts = [_TASK.format(**words)]
    parts += [_FIGURE.format(field=field, fn=fn, figure=figure, **words) for field, fn, figure in figures]
    if figures is _OF_FIGURES:
        parts.append(_MEAN.format(**words))
    return TaskText(name, "".join(parts))

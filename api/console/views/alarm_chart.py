"""The load of alarms over a period as options for ECharts: bars by the hour or the day, under its limits."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from api.console.i18n import Translator
from api.console.theme import CHART, SERIES
from plantroom.alarm_figures import MOST_IN_AN_HOUR, AlarmFigures
from plantroom.alarm_targets import TARGETS, FigureKey
from plantroom.times import DAY, Nanos, to_datetime

HOURLY_UP_TO: Nanos = 3 * DAY
"""Shorter periods are drawn by the hour."""


def load_chart(t: Translator, found: AlarmFigures) -> tuple[str, dict[str, Any]]:
    """What the bars are, and the options for ECharts: by the hour in a short period, else by the day."""
    period, operators = found.period, found.period.operators
    if period.span <= HOURLY_UP_TO:
        bars = [(hour_text(start, period.zone), count) for start, count in found.hours]
        limits = [float(MOST_IN_AN_HOUR)]
        name = t("Announced alarms an hour")
    else:
        bars = [(f"{day.day:%m-%d}", day.announced) for day in found.days]
        target = TARGETS[FigureKey.PER_DAY]
        limits = [target.most, *([target.manageable] if target.manageable else [])]
        name = t("Announced alarms a day")
    return name, _bars(name, bars, [limit * operators for limit in limits])


def hour_text(start: Nanos, zone: ZoneInfo) -> str:
    """The hour with its day: `03-01 08:00`."""
    return f"{to_datetime(start, zone):%m-%d %H:%M}"


def _bars(name: str, bars: list[tuple[str, int]], limits: list[float]) -> dict[str, Any]:
    line = {
        "silent": True,
        "symbol": "none",
        "lineStyle": {"color": CHART["text"], "type": "dashed"},
        "label": {"color": CHART["text"], "position": "insideEndTop"},
        "data": [{"yAxis": limit} for limit in limits],
    }
    return {
        "animation": False,
        "textStyle": {"color": CHART["text"], "fontFamily": "inherit"},
        # drawn on the canvas, so that nothing in it is ever markup
        "tooltip": {"trigger": "axis", "renderMode": "richText", "confine": True},
        "grid": {"left": 46, "right": 14, "top": 14, "bottom": 26},
        "xAxis": {
            "type": "category",
            "data": [label for label, _ in bars],
            "axisLabel": {"color": CHART["text"], "hideOverlap": True},
            "axisLine": {"lineStyle": {"color": CHART["line"]}},
        },
        "yAxis": {
            "type": "value",
            "minInterval": 1,
            "axisLabel": {"color": CHART["text"]},
            "splitLine": {"lineStyle": {"color": CHART["split"]}},
        },
        "series": [
            {
                "name": name,
                "type": "bar",
                "barMaxWidth": 28,
                "itemStyle": {"color": SERIES[3]},
                "data": [count for _, count in bars],
                "markLine": line,
            }
        ],
    }

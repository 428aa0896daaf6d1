"""A trend as options for ECharts: one strip for each unit, under one time axis."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from api.console.formats import point_decimals, unit_text
from api.console.i18n import Translator
from api.console.theme import CHART, SERIES
from api.console.views.trend import DISCRETE, Series, wall_milliseconds
from api.console.words import enum_value
from plantroom.model import Point, PointKind
from plantroom.readings import Float64s, Int64s
from plantroom.times import DAY, HOUR, Nanos

STRIP = 170
"""Height of one strip in pixels; a strip of states is half as high."""
_TOP, _BOTTOM, _SPACE = 50, 26, 30


def strips(lines: Sequence[Series]) -> list[list[Series]]:
    """The lines by what can share an axis: those of one unit, and each state by itself."""
    groups: dict[str, list[Series]] = {}
    for line in lines:
        shared = line.point.kind not in DISCRETE
        groups.setdefault(f"unit {line.point.unit}" if shared else f"point {line.point.key}", []).append(line)
    return list(groups.values())


def heights(groups: Sequence[Sequence[Series]]) -> list[int]:
    """The height of each strip."""
    return [STRIP // 2 if group[0].point.kind in DISCRETE else STRIP for group in groups]


def chart_height(lines: Sequence[Series]) -> int:
    """The height of the whole chart in pixels."""
    found = heights(strips(lines))
    return _TOP + _BOTTOM + sum(found) + _SPACE * max(0, len(found) - 1)


def chart_options(
    t: Translator, lines: Sequence[Series], zone: ZoneInfo, start: Nanos, end: Nanos
) -> dict[str, Any]:
    """The options. Names go in as values; the only code is ours, with JSON texts in it."""
    groups = strips(lines)
    tops, top = [], _TOP
    for height in heights(groups):
        tops.append(top)
        top += height + _SPACE
    window = wall_milliseconds(np.array([start, end], dtype=np.int64), zone).tolist()
    colours = {line.point.key: SERIES[index % len(SERIES)] for index, line in enumerate(lines)}
    return {
        "useUTC": True,
        "animation": False,
        "textStyle": {"color": CHART["text"], "fontFamily": "inherit"},
        "color": list(SERIES),
        # drawn on the canvas, so that nothing in it is ever markup
        "tooltip": {"trigger": "axis", "renderMode": "richText", "confine": True},
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "legend": {
            "top": 2,
            "left": 8,
            "type": "scroll",
            "icon": "roundRect",
            "itemHeight": 4,
            "itemWidth": 16,
            "data": [t.text(line.point.name) for line in lines],
        },
        "grid": [
            {"left": 58, "right": 14, "top": at, "height": height}
            for at, height in zip(tops, heights(groups), strict=True)
        ],
        "xAxis": [_time_axis(index, len(groups), window, end - start) for index in range(len(groups))],
        "yAxis": [_value_axis(t, index, group[0].point) for index, group in enumerate(groups)],
        "series": [
            made
            for index, group in enumerate(groups)
            for place, line in enumerate(group)
            for made in _series(t, line, index, zone, colours[line.point.key], band=place == 0)
        ],
    }


def _time_axis(index: int, count: int, window: list[int], span: Nanos) -> dict[str, Any]:
    form = "{MM}-{dd}" if span > 2 * DAY else "{HH}:{mm}" if span >= HOUR else "{HH}:{mm}:{ss}"
    return {
        "type": "time",
        "gridIndex": index,
        "min": window[0],
        "max": window[1],
        "axisLabel": {
            "show": index == count - 1,
            "formatter": form,
            "hideOverlap": True,
            "color": CHART["text"],
        },
        "axisLine": {"lineStyle": {"color": CHART["line"]}},
        "splitLine": {"show": True, "lineStyle": {"color": CHART["split"]}},
        "axisPointer": {"label": {"show": False}},
        "splitNumber": 5,
    }


def _value_axis(t: Translator, index: int, point: Point) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "type": "value",
        "gridIndex": index,
        "scale": True,
        "name": unit_text(point.unit),
        "nameTextStyle": {"align": "right", "color": CHART["text"]},
        "nameGap": 8,
        "axisLabel": {"color": CHART["text"]},
        "splitLine": {"lineStyle": {"color": CHART["split"]}},
        "splitNumber": 4,
    }
    if point.kind in DISCRETE:
        words = state_words(t, point)
        low, high = (min(words), max(words)) if words else (0, 1)
        axis |= {"min": low, "max": high, "interval": 1, "minInterval": 1}
        axis["axisLabel"] = {
            "color": CHART["text"],
            "width": 50,
            "overflow": "truncate",
            ":formatter": f"(v) => ({json.dumps(words)})[v] ?? ''",
        }
    return axis


def state_words(t: Translator, point: Point) -> dict[int, str]:
    """Code -> word of a binary or enum point."""
    if point.kind is PointKind.BINARY:
        return {0: t("No"), 1: t("Yes")}
    return {code: enum_value(t, name) for name, code in point.values.items()}


def _series(
    t: Translator, line: Series, index: int, zone: ZoneInfo, colour: str, *, band: bool
) -> list[dict[str, Any]]:
    point = line.point
    wall, decimals = wall_milliseconds(line.ts, zone), max(point_decimals(point), 1)
    discrete = point.kind in DISCRETE
    made: dict[str, Any] = {
        "id": point.key,
        "name": t.text(point.name),
        "type": "line",
        "xAxisIndex": index,
        "yAxisIndex": index,
        "showSymbol": has_lone_readings(line.value),
        "symbolSize": 5,
        "step": "end" if discrete else False,
        "lineStyle": {"width": 1.6, "color": colour},
        "itemStyle": {"color": colour},
        "data": pairs(wall, line.value, decimals),
        "tooltip": {":valueFormatter": _formatter(t, point)},
        "z": 3,
    }
    if band and point.kind is PointKind.ANALOG and point.normal is not None:
        made["markArea"] = _normal_band(point.normal)
    return [made, *_spread(line, index, wall, decimals, colour)]


def has_lone_readings(value: Float64s) -> bool:
    """Whether a reading stands alone between two gaps: no line is drawn there, so it needs a dot."""
    drawn = np.concatenate(([False], np.isfinite(value), [False]))
    return bool((drawn[1:-1] & ~drawn[:-2] & ~drawn[2:]).any())


def _formatter(t: Translator, point: Point) -> str:
    if point.kind in DISCRETE:
        return f"(v) => ({json.dumps(state_words(t, point))})[v] ?? '—'"
    unit = json.dumps(f" {unit_text(point.unit)}" if point.unit else "")
    return f"(v) => v === null || v === undefined ? '—' : v + {unit}"


def _normal_band(normal: tuple[float, float]) -> dict[str, Any]:
    style = {
        "color": CHART["band"],
        "borderColor": CHART["band_edge"],
        "borderWidth": 0.5,
        "borderType": "dashed",
    }
    return {
        "silent": True,
        "itemStyle": style,
        "data": [[{"yAxis": normal[0]}, {"yAxis": normal[1]}]],
        "z": 0,
    }


def _spread(line: Series, index: int, wall: Int64s, decimals: int, colour: str) -> list[dict[str, Any]]:
    """The band between the lowest and the highest of each interval: two stacked lines, the lower unseen."""
    if line.low is None or line.high is None:
        return []
    common = {
        "type": "line",
        "xAxisIndex": index,
        "yAxisIndex": index,
        "stack": f"spread {line.point.key}",
        "stackStrategy": "all",
        "symbol": "none",
        "silent": True,
        "lineStyle": {"opacity": 0},
        "tooltip": {"show": False},
        "z": 2,
    }
    low = {**common, "id": f"{line.point.key} low", "data": pairs(wall, line.low, decimals)}
    high = {
        **common,
        "id": f"{line.point.key} high",
        "data": pairs(wall, line.high - line.low, decimals),
        "areaStyle": {"color": colour, "opacity": 0.18},
    }
    return [low, high]


def pairs(wall: Int64s, value: Float64s, decimals: int) -> list[list[float | int | None]]:
    """[time, value] pairs; NaN, which breaks the line, is null."""
    rounded = np.round(value, decimals + 1)
    return [
        [at, None if number != number else number]  # noqa: PLR0124 - NaN alone differs from itself
        for at, number in zip(wall.tolist(), rounded.tolist(), strict=True)
    ]

"""Fault rules about the instruments themselves, which every analog point of a class has by default.

A class file takes the place of one with a rule of its own that names the point (`instrument:`) and uses the
same function. Source: the tests of QARTOD (US IOOS), gap, flat line and spike; figures from practice.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from plantroom import units
from plantroom.catalogue.schema import EquipmentClass, FaultRule, PointSpec, TaskSpec, WorkOrderSpec
from plantroom.model import PointKind, Text
from plantroom.times import DAY, MINUTE, Nanos

SKILL = "automation"
SOURCE = "QARTOD tests; practice"
_LONGEST_KEY = 40
_LOST: Nanos = 30 * MINUTE
"""Least silence that is a fault of the instrument and not one of the line."""
_LIVELY = 15
"""A point normally moves if of a day's readings more than one in so many differs from the one before."""
_RESTING = frozenset({"number", "ratio", "length", "speed", "time", "volume", "energy"})
"""Quantities that stand still in health for hours: positions, shares, counts, amounts; but for levels (a
share) and vibration (a speed)."""
_SWITCHED = frozenset({"current", "power"})
"""Quantities that jump and return whenever something starts and stops."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What can be wrong with an instrument; `{}` in a text is the point's name."""

    suffix: str
    function: str
    name: Text
    cause: Text
    consequence: Text
    remedy: Text
    on_delay: str = "0s"


_UNKNOWN = Text(
    "Rules that need this point cannot be judged; faults of the equipment may go unseen.",
    "依赖该测点的规则无法判断，设备故障可能漏报。",
)
_WRONG = Text(
    "Rules and controls that use this point work on a wrong value: faults are missed or false ones raised.",
    "使用该测点的规则和控制依据错误数值：可能漏报或误报。",
)
LOST = _Kind(
    "lost",
    "absent",
    Text("{}: no good reading", "{}：无有效读数"),
    Text(
        "The instrument, its cable, supply or place in the controller has failed, or all that it shows is "
        "out of range.",
        "仪表、线缆、供电或控制器通道故障，或读数全部超出量程。",
    ),
    _UNKNOWN,
    Text(
        "See whether other points of the equipment still come. If so check the instrument's supply, cable "
        "and channel; if none comes, look at the gateway first. A point that is not fitted is marked so in "
        "the site file.",
        "先看同一设备其他测点是否仍有数据：有则检查该仪表供电、线缆和通道；全无则先查网关。未安装的测点在站点文件中注明。",
    ),
)
FROZEN = _Kind(
    "frozen",
    "flatline",
    Text("{}: reading stuck", "{}：读数不变"),
    Text(
        "The instrument or its converter hangs, its sensing line is blocked, or a gateway repeats its last "
        "value.",
        "仪表或变送器死机、取压取样管堵塞，或网关重复发送旧值。",
    ),
    _WRONG,
    Text(
        "Compare with a hand instrument. Restart the converter, clear the sensing line, check the gateway's "
        "polling.",
        "用手持仪表比对；重启变送器，疏通取样管，检查网关轮询。",
    ),
    # an hour flat and an hour more: weather and load may stand still for one
    on_delay="1h",
)
SPIKY = _Kind(
    "spiky",
    "spikes",
    Text("{}: reading jumps", "{}：读数跳变"),
    Text(
        "A loose terminal, a damaged cable or shield, interference from a drive, or a sensor near its end.",
        "端子松动、线缆或屏蔽损坏、变频器干扰，或传感器临近失效。",
    ),
    _WRONG,
    Text(
        "Tighten the terminals, check the shield's earthing and the cable's way past drives, then renew the "
        "sensor.",
        "紧固端子，检查屏蔽接地和电缆与变频器的间距，仍跳变则更换传感器。",
    ),
)
KINDS = (LOST, FROZEN, SPIKY)


def with_instrument_rules(cls: EquipmentClass) -> EquipmentClass:
    """The class with the rules about its instruments after its own."""
    found = tuple(instrument_rules(cls))
    return cls.model_copy(update={"rules": cls.rules + found}) if found else cls


def instrument_rules(cls: EquipmentClass) -> Iterator[FaultRule]:
    """The rules about the instruments of the class that its file does not have itself."""
    computed = None if cls.baseline is None else cls.baseline.deviation
    taken = {rule.key for rule in cls.rules}
    for spec in cls.points:
        if spec.kind is not PointKind.ANALOG or spec.key == computed:
            continue
        own = [rule.when for rule in cls.rules if rule.instrument == spec.key]
        for kind in KINDS:
            text = _text(kind, spec, cls)
            key = _key(spec.key, f"_{kind.suffix}")
            if text and key not in taken and not any(f"{kind.function}(" in when for when in own):
                yield _rule(kind, spec, key, text)


def _text(kind: _Kind, spec: PointSpec, cls: EquipmentClass) -> str:
    """The rule's condition; empty where the test says nothing of this point."""
    quantity = units.unit(spec.unit).quantity
    rests = quantity in _RESTING and not spec.key.endswith("level") and not spec.key.startswith("vibration")
    if kind is LOST:
        return f"absent({spec.key} over {lost_after(spec) // MINUTE} min)"
    if kind is SPIKY:
        return "" if rests or quantity in _SWITCHED else f"spikes({spec.key} over 1 h) > 5"
    if rests:
        return ""
    parts = [
        f"flatline({spec.key} over 1 h)",
        f"changes({spec.key} over 24 h) > {max(12, DAY // (_LIVELY * spec.sample))}",
    ]
    if quantity != "temperature":
        # an instrument of something that is switched off shows nothing, and rightly so
        parts.append(f"max({spec.key} over 1 h) != 0")
    if cls.baseline is not None and cls.baseline.running is not None:
        parts.append(f"duration({cls.baseline.running} over 1 h) > 50 min")
    return " and ".join(parts)


def lost_after(spec: PointSpec) -> Nanos:
    """How long no good reading must come: ten readings, and half an hour at least, in whole minutes."""
    return -(-max(10 * spec.sample, _LOST) // MINUTE) * MINUTE


def _rule(kind: _Kind, spec: PointSpec, key: str, text: str) -> FaultRule:
    fault = _key(f"instrument_{spec.key}", "")
    given = {
        "key": key,
        "name": _about(kind.name, spec),
        "when": text,
        "on_delay": kind.on_delay,
        "off_delay": "5min",
        "severity": "minor",
        "instrument": spec.key,
        "work_order": WorkOrderSpec(skill=SKILL, fault=fault, checklist=_checklist(spec)),
        "cause": kind.cause,
        "consequence": kind.consequence,
        "remedy": kind.remedy,
        "source": SOURCE,
    }
    return FaultRule.model_validate(given)


def _checklist(spec: PointSpec) -> tuple[TaskSpec, ...]:
    return (
        TaskSpec(
            text=_about(Text("{}: supply, cable and terminals sound", "{}：供电、线缆、端子完好"), spec)
        ),
        TaskSpec(text=_about(Text("{}: by hand instrument", "{}：手持仪表测值"), spec), unit=spec.unit),
        TaskSpec(text=_about(Text("{}: shown in Plantroom", "{}：系统显示值"), spec), unit=spec.unit),
    )


def _about(text: Text, spec: PointSpec) -> Text:
    return Text(text.en.replace("{}", spec.name.en), text.zh.replace("{}", spec.name.zh))


def _key(name: str, suffix: str) -> str:
    """Name and suffix as a key; a name that is too long ends in a number of its own instead."""
    room = _LONGEST_KEY - len(suffix)
    if len(name) > room:
        name = f"{name[: room - 7]}_{zlib.crc32(name.encode()) & 0xFFFFFF:06x}"
    return name + suffix

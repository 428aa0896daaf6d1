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
from plantroom.times import DAY, HOUR, MINUTE, Nanos

SKILL = "automation"
SOURCE = "QARTOD tests; practice"
_LONGEST_KEY = 40
_LOST: Nanos = 30 * MINUTE
"""Least silence that is a fault of the instrument and not one of the line."""
_WITNESSES = 6
"""How many other points are asked whether anything still comes from the equipment."""
_BARS = ((HOUR, MINUTE), (6 * HOUR, 5 * MINUTE), (DAY, 30 * MINUTE), (8 * DAY, 3 * HOUR))
"""Bars that a window of up to so long has (rules/README.md)."""
_LIVELY = 15
"""A point normally moves if of a day's readings more than one in so many differs from the one before."""
_RESTING = frozenset({"number", "ratio", "length", "speed", "time", "volume", "energy"})
"""Quantities that stand still in health for hours: positions, shares, counts, amounts; but for levels (a
share) and vibration (a speed)."""
_SLOW = frozenset({"temperature", "humidity", "concentration", "gas", "voltage", "ratio"})
"""Quantities that cannot jump away and back within a minute; levels are ratios."""
_STEADY = frozenset({"pressure", "speed"})
"""Quantities (vibration is a speed) that do not do so either while the equipment runs."""


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
    off_delay: str = "5min"


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
    # a loose contact is quiet for a while and comes back
    off_delay="1h",
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
        return " and ".join([_absent(spec.key, lost_after(spec)), *_others(spec, cls)])
    # a set-point is no measurement: it stands still or jumps as its control wants
    if rests or spec.key.endswith("setpoint"):
        return ""
    runs = _runs(spec, cls, quantity)
    if kind is SPIKY:
        spikes = f"spikes({spec.key} over 1 h) > 5"
        if quantity in _SLOW:
            return spikes
        return " and ".join([spikes, *runs]) if quantity in _STEADY and runs else ""
    parts = [
        f"flatline({spec.key} over 1 h)",
        f"changes({spec.key} over 24 h) > {max(12, DAY // (_LIVELY * spec.sample))}",
    ]
    if quantity != "temperature":
        # an instrument of something that is switched off shows nothing, and rightly so
        parts.append(f"max({spec.key} over 1 h) != 0")
    return " and ".join(parts + runs)


def _runs(spec: PointSpec, cls: EquipmentClass, quantity: str) -> list[str]:
    """That the equipment ran, where the point may rest with it: not the weather and the air of the room."""
    if cls.baseline is None or cls.baseline.running is None:
        return []
    apart = quantity in _SLOW and spec.key not in cls.baseline.points
    return [] if apart else [f"duration({cls.baseline.running} over 1 h) > 50 min"]


def lost_after(spec: PointSpec) -> Nanos:
    """How long no good reading must come: ten readings, and half an hour at least; in whole bars."""
    wanted = max(10 * spec.sample, _LOST)
    bar = next((bar for limit, bar in _BARS if wanted <= limit), DAY)
    return -(-wanted // bar) * bar


def _absent(key: str, span: Nanos) -> str:
    return f"absent({key} over {span // MINUTE} min)"


def _others(spec: PointSpec, cls: EquipmentClass) -> Iterator[str]:
    """What keeps a point from being called lost that never came, or went with all the others.

    The first is for a site file to say; the second is the gateway's fault and no instrument's.
    """
    yield f"known(learned({spec.key} over 1 min))"
    computed = None if cls.baseline is None else cls.baseline.deviation
    near = [item for item in cls.points if item.key not in (spec.key, computed) and item.sample <= 3 * MINUTE]
    heard = [_absent(item.key, _LOST) for item in sorted(near, key=lambda item: item.sample)[:_WITNESSES]]
    if heard:
        yield f"not ({' and '.join(heard)})"


def _rule(kind: _Kind, spec: PointSpec, key: str, text: str) -> FaultRule:
    fault = _key(f"instrument_{spec.key}", "")
    given = {
        "key": key,
        "name": _about(kind.name, spec),
        "when": text,
        "on_delay": kind.on_delay,
        "off_delay": kind.off_delay,
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

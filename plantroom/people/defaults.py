"""Skills and teams that a property begins with; people change them afterwards."""

from __future__ import annotations

from plantroom.model import Text
from plantroom.people.model import Skill, Team


def _words(key: str, en: str, zh: str) -> tuple[str, Text]:
    return key, Text(en, zh)


DEFAULT_SKILLS = (
    Skill(*_words("electrical", "Electrical work", "电工"), certificate=True),
    Skill(*_words("elevator", "Elevator repair", "电梯维修"), certificate=True),
    Skill(*_words("fire", "Fire protection", "消防设施"), certificate=True),
    Skill(*_words("heating", "Heating", "供暖")),
    Skill(*_words("hvac", "HVAC repair", "空调维修")),
    Skill(*_words("instrument", "Instruments", "仪表")),
    Skill(*_words("lighting", "Lighting", "照明")),
    Skill(*_words("water", "Water supply", "供水")),
    Skill(*_words("cleaning", "Cleaning", "清洁")),
    Skill(*_words("general", "General work", "综合维修")),
)
"""Electrical, elevator and fire work takes a certificate. Source: practice in China (special operation
certificates for electricians, special equipment operators for elevators, fire facility operators)."""

DEFAULT_TEAMS = (
    Team(*_words("water", "Water team", "水務"), frozenset({"water"})),
    Team(
        *_words("electrical", "Electrical team", "電氣"), frozenset({"electrical", "lighting", "instrument"})
    ),
    Team(*_words("heating", "Heating team", "供暖"), frozenset({"heating"})),
    Team(*_words("elevator", "Elevator repair team", "電梯維修"), frozenset({"elevator"})),
    Team(*_words("fire", "Fire team", "消防"), frozenset({"fire"})),
    Team(*_words("hvac", "HVAC repair team", "空調維修"), frozenset({"hvac"})),
    Team(*_words("cleaning", "Cleaning team", "清潔"), frozenset({"cleaning"})),
)
"""Source: requirements from the field, who is responsible."""

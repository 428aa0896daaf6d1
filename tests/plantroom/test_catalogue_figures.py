"""Figures of the classes shipped against the reference: a slip of the pen would let a fault go by."""

from __future__ import annotations

import pytest

from plantroom.alarms import Severity
from plantroom.catalogue import load_catalogue
from plantroom.maintenance import Interval
from plantroom.times import parse_duration

CATALOGUE = load_catalogue()


def table(text: str) -> list[list[str]]:
    """The rows of a table written as class, key and the rest, one a line."""
    return [line.split(maxsplit=2) for line in text.strip().splitlines()]


LIMITS = table("""
pump                vibration_bc             4.0
pump                vibration_cd             6.6
pump                bearing_warn             75
pump                bearing_alarm            90
pump                bearing_rise             40
pump                winding_warn             130
pump                winding_alarm            145
pump                low_flow_ratio           85
pump                no_flow_ratio            5
pump                dry_run_current          60
pump                network_band             0.2
pump                fixture_minimum          1.0
pump                zone_maximum             4.5
elevator            overspeed_ratio          115
elevator            levelling_limit          10
elevator            relevelling_limit        20
elevator            vertical_limit           0.30
elevator            horizontal_limit         0.20
elevator            room_minimum             5
elevator            room_maximum             40
elevator            drive_warn               75
elevator            drive_alarm              85
elevator            reopen_share             5
elevator            reopen_factor            3
elevator            poor_stop_share          30
elevator            vertical_a95             0.20
elevator            horizontal_a95           0.15
escalator           overspeed_ratio          120
escalator           handrail_high            2
ahu                 fan_heat                 1.1
ahu                 least_difference         5.6
ahu                 mat_error                2.8
ahu                 airflow_error            30
ahu                 pressure_error           25
ahu                 filter_limit             200
fcu                 airflow_share            70
chiller             least_difference         3
water_tank          turbidity_limit          1
water_tank          chlorine_minimum         0.05
boiler              gas_warn                 10
boiler              gas_alarm                25
boiler              indoor_minimum           18
fire_pump           sprinkler_static         1.0
fire_pump           hydrant_dynamic          3.5
fire_pump           hydrant_maximum          10
fire_pump           jockey_limit             4
fire_pump           churn_minimum            10
fire_panel          battery_warn             24.5
fire_panel          battery_alarm            21.6
lighting_circuit    failed_lamp_share        70
emergency_lighting  route_illuminance        1
switchboard         line_band                7
switchboard         phase_low                10
switchboard         thd_limit                5
switchboard         residual_major           500
switchboard         week_band                10
switchboard         thd_week_limit           8
switchboard         unbalance_limit          2
switchboard         unbalance_short          4
switchboard         joint_difference         15
transformer         winding_alarm            130
transformer         oil_alarm                95
""")

RULES = table("""
pump                dry_run                       10s critical
pump                dead_head                     30s critical
pump                vibration_zone_d              5min critical
pump                low_flow                      30s major
elevator            entrapment                    1min emergency
elevator            overspeed                     0s emergency
elevator            door_open_moving              0s emergency
elevator            alarm_button                  3s emergency
elevator            safety_chain_open             5s critical
elevator            door_blocked                  3min major
elevator            levelling_repeated            0s major
elevator            repeated_faults               0s major
elevator            brake_slip                    0s critical
elevator            no_trips                      0s minor
elevator            door_reopen_rate              0s minor
escalator           reversal                      0s emergency
escalator           handrail_speed                15s major
ahu                 fan_failure                   1min critical
ahu                 outdoor_air_fraction          30min minor
ahu                 simultaneous_heating_cooling  15min minor
fire_panel          fire_alarm                    0s emergency
fire_panel          supervisory                   5s critical
fire_panel          trouble                       30s major
fire_panel          isolated_points               24h major
fire_pump           tank_low                      10min major
fire_pump           jockey_frequent               0s minor
fire_pump           churn_missing                 0s major
boiler              gas_alarm                     0s emergency
boiler              rooms_cold                    2h major
lighting_circuit    lamp_failure                  10min minor
switchboard         overload                      1min critical
switchboard         transfer_failed               15s critical
switchboard         power_factor_low              15min advisory
transformer         oil_hot                       5min critical
""")

PLANS = table("""
pump                quarterly      3 months
water_tank          quarterly      3 months
switchboard         monthly        1 month
transformer         monthly        1 month
boiler              yearly         1 year
elevator            half_monthly   15 days
elevator            quarterly      3 months
escalator           half_monthly   15 days
escalator           quarterly      3 months
fire_panel          half_yearly    6 months
fire_pump           half_yearly    6 months
ahu                 quarterly      3 months
ahu                 half_yearly    6 months
chiller             quarterly      3 months
fcu                 half_yearly    6 months
lighting_circuit    monthly        1 month
emergency_lighting  monthly        1 month
""")
"""What the property's service plan asks for, or the stricter standard that holds in its place."""


@pytest.mark.parametrize(("cls", "parameter", "default"), LIMITS)
def test_a_limit_is_the_reference_s(cls: str, parameter: str, default: str) -> None:
    assert {item.key: item.default for item in CATALOGUE[cls].parameters}[parameter] == float(default)


@pytest.mark.parametrize(("cls", "rule", "expected"), RULES)
def test_a_rule_waits_and_weighs_as_the_reference_says(cls: str, rule: str, expected: str) -> None:
    delay, severity = expected.split()
    found = CATALOGUE[cls].rule(rule)
    assert found is not None
    assert (found.on_delay, found.severity) == (parse_duration(delay), Severity[severity.upper()])


@pytest.mark.parametrize(("cls", "plan", "every"), PLANS)
def test_the_property_s_intervals_are_kept(cls: str, plan: str, every: str) -> None:
    found = CATALOGUE[cls].plan(plan)
    assert found is not None
    assert found.every == Interval.parse(every)
    assert "property service plan" in found.source


def test_a_fire_alarm_is_never_shelved() -> None:
    never = {("fire_panel", "fire_alarm"), ("fire_panel", "fire_confirmed"), ("fire_pump", "flow_switch")}
    assert never <= {(cls.key, rule.key) for cls in CATALOGUE for rule in cls.rules if not rule.shelvable}


def test_a_latched_alarm_is_what_a_person_must_reset() -> None:
    latched = {(cls.key, rule.key) for cls in CATALOGUE for rule in cls.rules if rule.latching}
    assert {("fire_panel", "fire_alarm"), ("elevator", "overspeed"), ("pump", "trip")} <= latched
    assert ("pump", "low_flow") not in latched

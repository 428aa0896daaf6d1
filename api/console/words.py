"""What the console calls severities, states, kinds, roles and the like."""

from __future__ import annotations

from collections.abc import Mapping

from api.console.i18n import N_, Translator
from plantroom.alarms import AlarmEvent, AlarmState, Severity
from plantroom.catalogue.schema import System
from plantroom.model import Criticality
from plantroom.people import TrainingKind
from plantroom.readings import Quality
from plantroom.service_levels import ClockKind
from plantroom.stores.records.discovered import DeviceState
from plantroom.work_orders import OrderAction, OrderKind, OrderState, Role

SEVERITY: Mapping[Severity, str] = {
    Severity.EMERGENCY: N_("Emergency"),
    Severity.CRITICAL: N_("Critical"),
    Severity.MAJOR: N_("Major"),
    Severity.MINOR: N_("Minor"),
    Severity.ADVISORY: N_("Advisory"),
}
ALARM_STATE: Mapping[AlarmState, str] = {
    AlarmState.NORMAL: N_("Normal"),
    AlarmState.UNACKNOWLEDGED: N_("Unacknowledged"),
    AlarmState.ACKNOWLEDGED: N_("Acknowledged"),
    AlarmState.RETURNED_UNACKNOWLEDGED: N_("Returned, unacknowledged"),
    AlarmState.LATCHED_UNACKNOWLEDGED: N_("Latched, unacknowledged"),
    AlarmState.LATCHED_ACKNOWLEDGED: N_("Latched, acknowledged"),
    AlarmState.SHELVED: N_("Shelved"),
    AlarmState.SUPPRESSED: N_("Suppressed"),
    AlarmState.OUT_OF_SERVICE: N_("Out of service"),
}
ALARM_EVENT: Mapping[AlarmEvent, str] = {
    AlarmEvent.RAISE: N_("Raised"),
    AlarmEvent.CLEAR: N_("Returned to normal"),
    AlarmEvent.ACKNOWLEDGE: N_("Acknowledged"),
    AlarmEvent.RESET: N_("Reset"),
    AlarmEvent.SHELVE: N_("Shelved"),
    AlarmEvent.UNSHELVE: N_("Unshelved"),
    AlarmEvent.SUPPRESS: N_("Suppressed"),
    AlarmEvent.UNSUPPRESS: N_("No longer suppressed"),
    AlarmEvent.REMOVE_FROM_SERVICE: N_("Taken out of service"),
    AlarmEvent.RETURN_TO_SERVICE: N_("Returned to service"),
}
SYSTEM: Mapping[System, str] = {
    System.ELEVATORS: N_("Elevators"),
    System.WATER: N_("Water supply"),
    System.POWER: N_("Power supply"),
    System.HEATING: N_("Heating"),
    System.FIRE: N_("Fire protection"),
    System.HVAC: N_("HVAC"),
    System.LIGHTING: N_("Lighting"),
    System.AUTOMATION: N_("Building automation"),
}
"""In the order of the overview's tiles."""
SYSTEM_ICON: Mapping[System, str] = {
    System.ELEVATORS: "elevator",
    System.WATER: "water_drop",
    System.POWER: "bolt",
    System.HEATING: "thermostat",
    System.FIRE: "fire_extinguisher",
    System.HVAC: "air",
    System.LIGHTING: "lightbulb",
    System.AUTOMATION: "memory",
}
ORDER_STATE: Mapping[OrderState, str] = {
    OrderState.OPEN: N_("Open"),
    OrderState.ASSIGNED: N_("Assigned"),
    OrderState.IN_PROGRESS: N_("In progress"),
    OrderState.ON_HOLD: N_("On hold"),
    OrderState.COMPLETED: N_("Completed"),
    OrderState.CLOSED: N_("Closed"),
    OrderState.CANCELLED: N_("Cancelled"),
}
ORDER_KIND: Mapping[OrderKind, str] = {
    OrderKind.CORRECTIVE: N_("Corrective"),
    OrderKind.PREVENTIVE: N_("Preventive"),
    OrderKind.INSPECTION: N_("Inspection"),
}
ORDER_ACTION: Mapping[OrderAction, str] = {
    OrderAction.ASSIGN: N_("Assign"),
    OrderAction.START: N_("Start"),
    OrderAction.HOLD: N_("Put on hold"),
    OrderAction.RESUME: N_("Resume"),
    OrderAction.COMPLETE: N_("Complete"),
    OrderAction.CLOSE: N_("Close"),
    OrderAction.REOPEN: N_("Reopen"),
    OrderAction.CANCEL: N_("Cancel order"),
}
ORDER_HISTORY: Mapping[str, str] = {
    "open": N_("Opened"),
    "recur": N_("Fault came again"),
    "comment": N_("Comment"),
    "assign": N_("Assigned"),
    "start": N_("Started"),
    "hold": N_("Put on hold"),
    "resume": N_("Resumed"),
    "complete": N_("Completed"),
    "close": N_("Closed"),
    "reopen": N_("Reopened"),
    "cancel": N_("Cancelled"),
    "classify": N_("Priority changed"),
    "warning": N_("Warning"),
    "breach": N_("Service level missed"),
    "escalate": N_("Escalated"),
}
CLOCK: Mapping[ClockKind, str] = {
    ClockKind.RESPONSE: N_("Response"),
    ClockKind.ANSWER: N_("Answer"),
    ClockKind.RESOLUTION: N_("Resolution"),
}
TRAINING: Mapping[TrainingKind, str] = {
    TrainingKind.INDUCTION: N_("Induction"),
    TrainingKind.QUARTERLY: N_("Quarterly training"),
    TrainingKind.DRILL: N_("Emergency drill"),
    TrainingKind.OTHER: N_("Other training"),
}
ROLE: Mapping[Role, str] = {
    Role.VIEWER: N_("Viewer"),
    Role.TECHNICIAN: N_("Technician"),
    Role.ENGINEER: N_("Engineer"),
    Role.ADMIN: N_("Administrator"),
}
CRITICALITY: Mapping[Criticality, str] = {
    Criticality.A: N_("A: the property depends on it"),
    Criticality.B: N_("B: important"),
    Criticality.C: N_("C: of little effect"),
}
QUALITY: Mapping[Quality, str] = {
    Quality.OUT_OF_RANGE: N_("outside the valid range"),
    Quality.NOT_A_NUMBER: N_("not a number"),
    Quality.UNIT: N_("unit does not convert"),
    Quality.CLOCK: N_("sender's clock is ahead"),
    Quality.ENUM: N_("unknown code"),
    Quality.SOURCE: N_("the sender does not vouch for it"),
    Quality.RECEIVE_TIME: N_("no time sent: time of receipt"),
}
DEVICE_STATE: Mapping[DeviceState, str] = {
    DeviceState.NEW: N_("New"),
    DeviceState.ADOPTED: N_("Adopted"),
    DeviceState.IGNORED: N_("Ignored"),
}
RULE_STATE: Mapping[str, str] = {
    "unknown": N_("Unknown"),
    "normal": N_("Normal"),
    "pending": N_("Pending"),
    "active": N_("Active"),
}
ENUM_VALUE: Mapping[str, str] = {
    "normal": N_("normal"),
    "inspection": N_("inspection"),
    "fire": N_("fire"),
    "maintenance": N_("maintenance"),
    "fault": N_("fault"),
    "stopped": N_("stopped"),
    "up": N_("up"),
    "down": N_("down"),
    "closed": N_("closed"),
    "open": N_("open"),
    "moving": N_("moving"),
    "blocked": N_("blocked"),
    "off": N_("off"),
    "on": N_("on"),
    "auto": N_("auto"),
    "manual": N_("manual"),
    "heating": N_("heating"),
    "cooling": N_("cooling"),
    "idle": N_("idle"),
    "passed": N_("passed"),
    "failed": N_("failed"),
    "running": N_("running"),
    "standby": N_("standby"),
    "fan": N_("fan only"),
    "emergency": N_("emergency"),
    "test": N_("test"),
    "rest": N_("rest"),
}


def enum_value(t: Translator, name: str) -> str:
    """The name of an enum point's value; one that the console does not know as the catalogue writes it."""
    return t(ENUM_VALUE[name]) if name in ENUM_VALUE else name.replace("_", " ")


def quality_words(t: Translator, quality: Quality) -> str:
    """What is wrong with a reading; empty for a good one."""
    return ", ".join(t(word) for flag, word in QUALITY.items() if flag in quality)


def person(t: Translator, name: str) -> str:
    """Who did something: a user's name, or what did it where nobody did."""
    known = {
        "rules": t("a fault rule"),
        "plan": t("a maintenance plan"),
        "process": t("the equipment"),
        "clock": t("the clock"),
    }
    return known.get(name, name)


def skill_word(t: Translator, skill: str) -> str:
    """A skill's name; one that the console does not know as the catalogue writes it."""
    known = {
        "electrical": t("Electrical"),
        "hvac": t("HVAC"),
        "elevator": t("Elevators"),
        "fire": t("Fire protection"),
        "water": t("Water supply"),
        "heating": t("Heating"),
        "lighting": t("Lighting"),
        "instrument": t("Instruments"),
    }
    return known.get(skill, skill.replace("_", " "))

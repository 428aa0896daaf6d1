"""Who does the work: teams, technicians, skills, certificates, shifts, on-call duty and training. Pure: what
is kept of them is in `stores/records/people.py`.

Shifts are written in the local time of the technician's team; who is there at an instant is found from it.
"""

from plantroom.people.checks import WARN_DAYS, training_due, warning_stage
from plantroom.people.defaults import DEFAULT_SKILLS, DEFAULT_TEAMS
from plantroom.people.model import (
    TRAINING_DAYS,
    Certificate,
    OnCallDuty,
    Shift,
    ShiftException,
    Skill,
    Team,
    Technician,
    Training,
    TrainingDue,
    TrainingKind,
)
from plantroom.people.roster import Roster

__all__ = [
    "DEFAULT_SKILLS",
    "DEFAULT_TEAMS",
    "TRAINING_DAYS",
    "WARN_DAYS",
    "Certificate",
    "OnCallDuty",
    "Roster",
    "Shift",
    "ShiftException",
    "Skill",
    "Team",
    "Technician",
    "Training",
    "TrainingDue",
    "TrainingKind",
    "training_due",
    "warning_stage",
]

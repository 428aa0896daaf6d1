"""The catalogue: one YAML file per equipment class, and the code that reads and checks them.

A class file holds points, fault rules and the maintenance plan, each figure with its source. Data only:
what a rule's text means is the business of `rules/`.
"""

from plantroom.catalogue.loader import Catalogue, load_catalogue, schema_json
from plantroom.catalogue.schema import (
    BaselineSpec,
    EquipmentClass,
    FaultRule,
    PlanSpec,
    PointSpec,
    TaskSpec,
    TermSpec,
    WorkOrderSpec,
)

__all__ = [
    "BaselineSpec",
    "Catalogue",
    "EquipmentClass",
    "FaultRule",
    "PlanSpec",
    "PointSpec",
    "TaskSpec",
    "TermSpec",
    "WorkOrderSpec",
    "load_catalogue",
    "schema_json",
]

"""Equipment class -> its model. A file `<class>.py` in this folder with a `MODEL` is all that it takes."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import simulators
from simulators.base import Model


@cache
def models() -> dict[str, type[Model]]:
    """Every model by the key of its equipment class."""
    found: dict[str, type[Model]] = {}
    for info in pkgutil.iter_modules(simulators.__path__):
        module = importlib.import_module(f"simulators.{info.name}")
        model = getattr(module, "MODEL", None)
        if isinstance(model, type) and issubclass(model, Model):
            found[model.equipment_class] = model
    return found


def model_of(equipment_class: str) -> type[Model] | None:
    """The model of the class; None where it has no simulator."""
    return models().get(equipment_class)

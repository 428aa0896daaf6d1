"""Filters that lists of equipment, alarms and work orders share."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import Field
from sqlalchemy import Select

from api.wire import Key, PageQuery, SearchText
from plantroom.catalogue import Catalogue
from plantroom.catalogue.schema import System
from plantroom.stores.records.tables import EquipmentRow

Query = TypeVar("Query", bound=Select[Any])


class PlaceQuery(PageQuery):
    """Where in the property."""

    site: Key | None = None
    system: Annotated[System | None, Field(description="Building system of the equipment's class.")] = None
    equipment: Annotated[
        str | None, Field(max_length=130, description="Its key, or `site/key`.", examples=["demo/pump-01"])
    ] = None
    text: SearchText | None = None


def classes_of(catalogue: Catalogue, system: System) -> list[str]:
    """The keys of the system's equipment classes."""
    return [cls.key for cls in catalogue if cls.system is system]


def in_place(query: Query, place: PlaceQuery, catalogue: Catalogue) -> Query:
    """The query, which has EquipmentRow joined, with site, system and equipment of the place."""
    if place.site is not None:
        query = query.where(EquipmentRow.site == place.site)
    if place.system is not None:
        query = query.where(EquipmentRow.equipment_class.in_(classes_of(catalogue, place.system)))
    if place.equipment is not None:
        site, slash, key = place.equipment.partition("/")
        query = query.where(EquipmentRow.key == (key if slash else site))
        if slash:
            query = query.where(EquipmentRow.site == site)
    return query


def mentions(text: str, *columns: Any) -> Any:
    """A condition: one of the columns holds the text, in any case; `%` and `_` stand for themselves."""
    first, *others = [column.icontains(text, autoescape=True) for column in columns]
    for other in others:
        first = first | other
    return first

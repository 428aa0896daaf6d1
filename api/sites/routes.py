"""Sites, spaces, systems."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.context import Context
from api.dependencies import Now, Parts, Viewer
from api.equipment.state import Overview
from api.sites.schemas import Site, SiteDetail, Space, SystemState, counts
from api.wire import KeyPath, PageOf, PageQuery, Words, page_of, paged
from plantroom.catalogue.schema import System
from plantroom.model import Equipment
from plantroom.model import Site as SiteModel
from plantroom.stores.records import paging
from plantroom.stores.records import property as properties
from plantroom.stores.records.tables import SiteRow, SpaceRow

router = APIRouter(prefix="/sites", tags=["sites"])


@router.get("", summary="List sites")
def list_sites(query: Annotated[PageQuery, Query()], context: Parts, now: Now, _who: Viewer) -> PageOf[Site]:
    """By key, each with its worst state."""
    with context.database.session() as session:
        page = paging.page(
            session,
            properties.query_sites(),
            by=SiteRow.key,
            key=SiteRow.key,
            cursor=query.cursor,
            limit=query.limit,
        )
        overview = Overview(context, session, now)
    return page_of(page, [_site(overview, properties.to_site(row)) for row in page.rows])


@router.get("/{site}", summary="One site")
def get_site(site: KeyPath, context: Parts, now: Now, _who: Viewer) -> SiteDetail:
    """With the state of each building system that it has."""
    with context.database.session() as session:
        found = properties.get_site(session, site)
        overview = Overview(context, session, now)
    systems = _systems(context, overview, site)
    return SiteDetail(**_site(overview, found).model_dump(), systems=systems)


@router.get("/{site}/systems", summary="The systems of a site")
def list_systems(site: KeyPath, context: Parts, now: Now, _who: Viewer) -> list[SystemState]:
    """Those that the site has equipment of; there are never more than the catalogue has systems."""
    with context.database.session() as session:
        properties.get_site(session, site)
        overview = Overview(context, session, now)
    return _systems(context, overview, site)


@router.get("/{site}/spaces", summary="The spaces of a site")
def list_spaces(
    site: KeyPath, query: Annotated[PageQuery, Query()], context: Parts, _who: Viewer
) -> PageOf[Space]:
    """By key; `parent` makes the tree."""
    with context.database.session() as session:
        properties.get_site(session, site)
        return paged(
            session,
            properties.query_spaces(site),
            query,
            lambda row: Space.of(properties.to_space(row)),
            by=SpaceRow.key,
            key=SpaceRow.key,
        )


def _site(overview: Overview, site: SiteModel) -> Site:
    summary = overview.summary(overview.of_site(site.key), site=site.key)
    return Site(key=site.key, name=Words.of(site.name), zone=site.zone, **counts(summary))


def _systems(context: Context, overview: Overview, site: str) -> list[SystemState]:
    found: dict[System, list[Equipment]] = {}
    for item in overview.of_site(site):
        if item.retired_at is None:
            found.setdefault(context.catalogue[item.equipment_class].system, []).append(item)
    return [
        SystemState(system=system, **counts(overview.summary(found[system])))
        for system in System
        if system in found
    ]

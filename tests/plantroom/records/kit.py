"""A small property of the tests' own, with its classes, so that nothing depends on the shipped ones."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from plantroom.catalogue.loader import Catalogue, read_class
from plantroom.site_file import load_site_file
from plantroom.stores.records import Database
from plantroom.stores.records.property import Imported, import_sites
from plantroom.times import Nanos, from_datetime

PROPERTY = Path(__file__).parent / "property"
SITES = PROPERTY / "sites.yaml"
START: Nanos = from_datetime(datetime(2026, 3, 1, 8, tzinfo=UTC))


@cache
def catalogue() -> Catalogue:
    """The tests' own classes."""
    classes = [read_class(path) for path in sorted((PROPERTY / "classes").glob("*.yaml"))]
    return Catalogue({cls.key: cls for cls, _ in classes}, {cls.key: marks for cls, marks in classes})


def import_file(database: Database, path: Path = SITES, now: Nanos = START) -> Imported:
    """What importing the site file did."""
    document = load_site_file(path, catalogue())
    with database.transaction() as session:
        return import_sites(session, document, catalogue(), now)


def import_text(database: Database, folder: Path, text: str, now: Nanos = START) -> Imported:
    """What importing this text did."""
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return import_file(database, path, now)

"""The API with its console, over a foundation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from fastapi import FastAPI
from prometheus_client import Metric

from api.app import create_api
from api.console import mount
from api.context import Context
from plantroom.app.foundation import Foundation
from plantroom.health import PartHealth
from plantroom.live import LiveValues


def api_on(
    on: Foundation,
    live: LiveValues,
    *,
    health: Callable[[], tuple[PartHealth, ...]],
    rule_states: Callable[[int], Mapping[str, str]],
    counted: Callable[[], Iterable[Metric]] | None = None,
) -> FastAPI:
    """The application; what it is given here besides the foundation is told in `Context`."""
    context = Context(
        settings=on.settings,
        catalogue=on.catalogue,
        database=on.database,
        store=on.store,
        live=live,
        metrics=on.metrics,
        clock=on.clock,
        table=on.table,
        health=health,
        rule_states=rule_states,
        levels=on.levels,
        counted=counted,
    )
    api = create_api(context)
    mount(api, context)
    return api

"""The pages: each file draws one and does what people ask of it. What they show comes from `views/`."""

from __future__ import annotations

from api.console.page import add
from api.console.pages import (
    alarm_figures,
    alarms,
    discovered,
    equipment,
    equipment_list,
    missing,
    order,
    orders,
    overview,
    people,
    plans,
    quarantine,
    status,
)

PAGES = (
    overview.PAGE,
    alarms.PAGE,
    alarm_figures.PAGE,
    orders.PAGE,
    order.PAGE,
    equipment_list.PAGE,
    equipment.PAGE,
    plans.PAGE,
    discovered.PAGE,
    people.PAGE,
    quarantine.PAGE,
    status.PAGE,
    missing.PAGE,
)
"""In the order in which their addresses are tried."""


def register() -> None:
    """Give NiceGUI the pages; doing it again changes nothing."""
    for page in PAGES:
        add(page)

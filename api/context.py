"""What the API and the console are given: the parts, the clock, and nothing global."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import Metric

from api.backtests.jobs import BacktestJobs
from api.guard import SignInGuard
from plantroom.catalogue import Catalogue
from plantroom.health import PartHealth
from plantroom.live import LiveValues
from plantroom.metrics import Metrics
from plantroom.model import PointTable
from plantroom.service_levels import ServiceLevels
from plantroom.settings import Settings
from plantroom.stores.base import ReadingStore
from plantroom.stores.records import Database
from plantroom.times import Clock


@dataclass(frozen=True, slots=True)
class Context:
    """The parts behind one API."""

    settings: Settings
    catalogue: Catalogue
    database: Database
    store: ReadingStore
    live: LiveValues
    metrics: Metrics
    clock: Clock
    table: Callable[[], PointTable]
    """The property model in force; it may be replaced while running."""
    health: Callable[[], tuple[PartHealth, ...]]
    rule_states: Callable[[int], Mapping[str, str]]
    """Equipment id -> rule key -> unknown, normal, pending or active."""
    counted: Callable[[], Iterable[Metric]] | None = None
    """What all processes counted, where there are several; None for `metrics` alone."""
    levels: ServiceLevels = field(default_factory=ServiceLevels)
    """How soon orders must be responded to, answered and put right."""
    guard: SignInGuard = field(default_factory=SignInGuard)
    """Slows down password guesses, the API's and the console's together."""
    backtests: BacktestJobs = field(default_factory=BacktestJobs)

"""What goes in and out about backtests."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints

from api.backtests.jobs import Job, JobState
from api.wire import Answer, Duration, Instant, Request, Time, Words
from plantroom.times import Nanos
from rules.backtest import DEFAULT_WARM_UP

MAX_TEXT = 500_000
EquipmentPath = Annotated[str, StringConstraints(max_length=130, pattern=r"^[^/]+/[^/]+$")]


class NewBacktest(Request):
    """Which rules over which stretch of time."""

    rules: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_TEXT,
            description="YAML: a class file, or `class` and `rules`. Of a rule that the class has, what "
            "changes is enough.",
            examples=["class: pump\nrules:\n  - {key: low_flow, on_delay: 60s}\n"],
        ),
    ]
    start: Annotated[Instant, Field(description="Included.")]
    end: Annotated[Instant | None, Field(description="Not included; without it, up to now.")] = None
    equipment: Annotated[
        list[EquipmentPath],
        Field(
            default_factory=list,
            max_length=1_000,
            description="`site/key` of each; none for all equipment of the class.",
        ),
    ]
    warm_up: Annotated[
        Duration | None,
        Field(description="How much is read before, for delays and windows; 1 d if not given."),
    ] = None

    def warm_up_nanos(self) -> Nanos:
        """The warm-up in ns."""
        return DEFAULT_WARM_UP if self.warm_up is None else self.warm_up


class SideFigures(Answer):
    """One side's alarms: how many stood in the period, for how long in all, and the orders they opened."""

    alarms: int
    standing_s: float
    orders: int


class MarkedFigures(SideFigures):
    """With what people marked; shares are null where nothing was."""

    marked_true: int
    marked_false: int
    marked_nuisance: int
    missed: int
    """Marked true, and not raised by this side."""
    precision: float | None
    recall: float | None


class _Compared(Answer):
    same: int
    moved: int
    gained: int
    lost: int


class ComparedRule(_Compared):
    """A rule over all the equipment: in force (before) and as drafted (after)."""

    rule: str
    name: Words | None
    change: Literal["new", "changed", "removed", "unchanged"]
    before: MarkedFigures
    after: MarkedFigures


class MovedAlarm(Answer):
    """One occurrence that both sides raise, at different times."""

    raised_at: str
    instead_at: str
    by_s: float


class ListedAlarm(Answer):
    """One occurrence; `cleared_at` null while it stands."""

    raised_at: str
    cleared_at: str | None


class ComparedLine(_Compared):
    """A rule on one equipment, where either side had an alarm; at most 100 of each kind are listed."""

    equipment: str
    rule: str
    before: SideFigures
    after: SideFigures
    moved_alarms: list[MovedAlarm]
    gained_alarms: list[ListedAlarm]
    lost_alarms: list[ListedAlarm]


class Report(Answer):
    """What the backtest found."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True)
    cls: Annotated[str, Field(alias="class")]
    start: str
    end: str
    warm_up_s: float
    equipment: int
    readings: int
    rules: list[ComparedRule]
    lines: list[ComparedLine]
    lines_left_out: int
    notes: list[Words]
    """What is not simulated, and how figures are to be taken."""


class BacktestHead(Answer):
    """One backtest and how far it is."""

    id: str
    state: JobState
    share: float
    """0 to 1."""
    readings: int
    """Gone through so far."""
    cls: Annotated[str, Field(alias="class")]
    start: Time
    end: Time
    by: str
    started_at: Time
    ended_at: Time | None
    detail: str
    """What went wrong, where it failed."""

    @classmethod
    def of(cls, job: Job, **more: Any) -> Self:
        """The job as it goes out."""
        return cls.model_validate(
            {
                "class": job.cls,
                **{name: getattr(job, name) for name in _OF_JOB},
                **more,
            }
        )


_OF_JOB = (
    "id", "state", "share", "readings", "start", "end", "by", "started_at", "ended_at", "detail",
)  # fmt: skip


class Backtest(BacktestHead):
    """With its report, once it is done."""

    report: Report | None

    @classmethod
    def whole(cls, job: Job) -> Self:
        """The job with its report."""
        state = job.state  # before the report, which is written first
        return cls.of(job, state=state, report=job.report)

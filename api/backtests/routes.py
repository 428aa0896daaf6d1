"""Backtests: start one, see how it does, cancel it."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from api import problems
from api.backtests.jobs import Tell, Work
from api.backtests.schemas import Backtest, BacktestHead, NewBacktest
from api.context import Context
from api.dependencies import Engineer, Now, Parts
from plantroom.errors import NotFoundError
from plantroom.stores.records import feedback
from plantroom.times import Nanos
from rules.backtest import Draft, backtest, equipment_of, read_draft, report_of

router = APIRouter(prefix="/backtests", tags=["backtests"])
JobPath = Annotated[str, Path(max_length=64)]


@router.post("", summary="Start a backtest", status_code=HTTPStatus.ACCEPTED)
def start_backtest(
    body: NewBacktest, context: Parts, now: Now, who: Engineer, response: Response
) -> BacktestHead:
    """Changed or new rules over stored readings, beside the rules in force. Nothing is written by it.

    It runs on; ask for it by its id. Only a few run at once: 409.
    """
    end = now if body.end is None else body.end
    if body.start >= end:
        raise problems.wrong("body.start", "must be before end")
    draft = read_draft(body.rules.encode(), context.catalogue)
    try:
        equipment_of(draft, context.table(), body.equipment)
    except NotFoundError as failure:
        raise problems.wrong("body.equipment", str(failure)) from failure
    job = context.backtests.start(
        _work(context, draft, body, end),
        context.clock,
        cls=draft.cls.key,
        start=body.start,
        end=end,
        by=who.username,
    )
    response.headers["Location"] = f"/api/v1/backtests/{job.id}"
    return BacktestHead.of(job)


@router.get("", summary="List backtests")
def list_backtests(context: Parts, _who: Engineer) -> list[BacktestHead]:
    """Those that run and the last that ended, the newest first; a restart forgets them."""
    return [BacktestHead.of(job) for job in context.backtests.list()]


@router.get("/{backtest_id}", summary="One backtest")
def get_backtest(backtest_id: JobPath, context: Parts, _who: Engineer) -> Backtest:
    """How far it is, and once it is done what it found."""
    return Backtest.whole(context.backtests.get(backtest_id))


@router.delete("/{backtest_id}", summary="Cancel a backtest", status_code=HTTPStatus.NO_CONTENT)
def cancel_backtest(backtest_id: JobPath, context: Parts, _who: Engineer) -> None:
    """One that runs ends soon; one that ended is forgotten."""
    context.backtests.drop(backtest_id)


def _work(context: Context, draft: Draft, body: NewBacktest, end: Nanos) -> Work:
    def work(tell: Tell, cancelled: Callable[[], bool]) -> dict[str, Any]:
        with context.database.session() as session:
            judged = feedback.occurrences(session, since=body.start, until=end)
            marks = [(item.equipment_id, item.rule, item.raised_ts, item.judgement) for item in judged]
        result = backtest(
            draft,
            context.catalogue,
            context.table(),
            context.store,
            start=body.start,
            end=end,
            equipment=body.equipment,
            feedback=marks,
            warm_up=body.warm_up_nanos(),
            processes=1,
            progress=tell,
            cancelled=cancelled,
        )
        return report_of(result)

    return work

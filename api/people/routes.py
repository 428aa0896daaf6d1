"""Skills, teams, technicians, and who is there."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import select

from api import versions
from api.dependencies import Now, Parts, Technician, Viewer
from api.people import common
from api.people.common import Edit
from api.people.schemas import (
    OnDuty,
    RosterAt,
    RosterQuery,
    SkillBody,
    SkillOut,
    TeamBody,
    TeamOut,
    TeamQuery,
    TechnicianBody,
    TechnicianOut,
)
from api.wire import KeyPath, PageOf, PageQuery, Words
from plantroom.stores.records import people
from plantroom.stores.records.people_tables import SkillRow, TeamRow, TechnicianRow

router = APIRouter(tags=["people"])
NewKey = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


@router.get("/skills", summary="List skills")
def list_skills(query: Annotated[PageQuery, Query()], context: Parts, _who: Viewer) -> PageOf[SkillOut]:
    """By key."""
    return common.page(context, select(SkillRow), query, SkillOut.of, key=SkillRow.key)


@router.put("/skills/{skill_key}", summary="Write a skill")
def put_skill(skill_key: NewKey, body: SkillBody, edit: Edit) -> SkillOut:
    """Whole: made where it is not there, written over where it is."""
    return edit.put(SkillRow, {"key": skill_key}, body.values(), SkillOut.of)


@router.delete("/skills/{skill_key}", status_code=204, summary="Remove a skill")
def delete_skill(skill_key: NewKey, edit: Edit) -> None:
    """What it was stays in the audit log."""
    edit.remove(SkillRow, skill_key)


@router.get("/teams", summary="List teams")
def list_teams(query: Annotated[PageQuery, Query()], context: Parts, _who: Viewer) -> PageOf[TeamOut]:
    """By key."""
    return common.page(context, select(TeamRow), query, TeamOut.of, key=TeamRow.key)


@router.put("/teams/{team_key}", summary="Write a team")
def put_team(team_key: NewKey, body: TeamBody, edit: Edit) -> TeamOut:
    """Whole: made where it is not there, written over where it is."""
    return edit.put(TeamRow, {"key": team_key}, body.values(), TeamOut.of)


@router.delete("/teams/{team_key}", status_code=204, summary="Remove a team")
def delete_team(team_key: NewKey, edit: Edit) -> None:
    """What it was stays in the audit log."""
    edit.remove(TeamRow, team_key)


@router.get("/technicians", summary="List technicians")
def list_technicians(
    query: Annotated[TeamQuery, Query()], context: Parts, _who: Technician
) -> PageOf[TechnicianOut]:
    """By username."""
    rows = select(TechnicianRow)
    if query.team is not None:
        rows = rows.where(TechnicianRow.team == query.team)
    return common.page(context, rows, query, TechnicianOut.model_validate, key=TechnicianRow.username)


@router.get("/technicians/{username}", summary="One technician")
def get_technician(
    username: KeyPath, *, response: Response, context: Parts, _who: Technician
) -> TechnicianOut:
    """What they can do, and where."""
    with context.database.session() as session:
        row = people.get(session, TechnicianRow, username)
        versions.set_etag(response, row)
        return TechnicianOut.model_validate(row)


@router.put("/technicians/{username}", summary="Write a technician")
def put_technician(username: KeyPath, body: TechnicianBody, edit: Edit) -> TechnicianOut:
    """Of a user who may work on orders. Who leaves is set to not active: their history stays."""
    return edit.put(TechnicianRow, {"username": username}, body.values(), TechnicianOut.model_validate)


@router.get("/roster", summary="Who is there")
def get_roster(query: Annotated[RosterQuery, Query()], context: Parts, now: Now, _who: Viewer) -> RosterAt:
    """Who is on shift and who is on call, by team."""
    at = now if query.at is None else query.at
    with context.database.session() as session:
        roster = people.load_roster(session)
    return RosterAt(
        at=at,
        teams=[
            OnDuty(
                team=team.key,
                name=Words.of(team.name),
                on_shift=[item.username for item in roster.on_shift(at, team.key)],
                on_call=list(roster.on_call(team.key, at)),
            )
            for team in roster.teams
        ],
    )

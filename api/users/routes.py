"""Accounts, for administrators."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import Admin, Now, Parts
from api.users.schemas import NewUser, User, UserChange, UserWithPassword
from api.wire import KeyPath, PageOf, PageQuery, SearchText, paged
from plantroom.stores.records import users
from plantroom.stores.records.tables import UserRow
from plantroom.work_orders import Role

router = APIRouter(prefix="/users", tags=["users"])


class UserQuery(PageQuery):
    """Which accounts."""

    role: Role | None = None
    active: bool | None = None
    text: SearchText | None = None


@router.get("", summary="List users")
def list_users(query: Annotated[UserQuery, Query()], context: Parts, _who: Admin) -> PageOf[User]:
    """By name to sign in with."""
    rows = users.query_users()
    if query.role is not None:
        rows = rows.where(UserRow.role == query.role.value)
    if query.active is not None:
        rows = rows.where(UserRow.active == query.active)
    if query.text is not None:
        found = UserRow.username.icontains(query.text, autoescape=True)
        rows = rows.where(found | UserRow.name.icontains(query.text, autoescape=True))
    with context.database.session() as session:
        return paged(session, rows, query, User.of, by=UserRow.username, key=UserRow.id)


@router.post("", status_code=201, summary="Add a user")
def create_user(body: NewUser, context: Parts, now: Now, who: Admin) -> UserWithPassword:
    """The password is made up and is in this answer and nowhere else."""
    with context.database.transaction() as session:
        row, password = users.create_user(
            session, body.username, body.role, now=now, by=who.username, name=body.name
        )
        return UserWithPassword(user=User.of(row), password=password)


@router.get("/{username}", summary="One user")
def get_user(username: KeyPath, context: Parts, _who: Admin) -> User:
    """The account of this name."""
    with context.database.session() as session:
        return User.of(users.get_user(session, username))


@router.patch("/{username}", summary="Change a user")
def change_user(username: KeyPath, body: UserChange, context: Parts, now: Now, who: Admin) -> User:
    """Closing an account (`active: false`) ends its sessions and its tokens; its history stays."""
    with context.database.transaction() as session:
        row = users.update_user(
            session,
            username,
            now=now,
            by=who.username,
            name=body.name,
            role=body.role,
            active=body.active,
            language=body.language,
        )
        return User.of(row)


@router.post("/{username}/password", summary="Give a user a new password")
def reset_password(username: KeyPath, context: Parts, now: Now, who: Admin) -> UserWithPassword:
    """Made up, in this answer and nowhere else; ends the user's sessions and lock."""
    password = secrets.token_urlsafe(15)
    with context.database.transaction() as session:
        users.set_password(session, username, password, now=now, by=who.username)
        return UserWithPassword(user=User.of(users.get_user(session, username)), password=password)

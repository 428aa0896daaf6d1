"""What goes in and out about people."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from api.sessions.schemas import Language
from api.wire import Answer, Line, Request, Time
from plantroom.stores.records.tables import UserRow
from plantroom.work_orders import Role


class NewUser(Request):
    """Somebody who shall sign in; the password is made up."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"username": "chen", "name": "Chen Wei", "role": "technician"}]}
    )

    username: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._@-]{0,63}$")]
    name: Line = ""
    role: Role = Role.VIEWER


class UserChange(Request):
    """What an administrator changes about somebody; only what is given changes."""

    name: Annotated[Line, Field(min_length=1)] | None = None
    role: Role | None = None
    active: bool | None = None
    language: Language | None = None


class User(Answer):
    """An account."""

    username: str
    name: str
    role: Role
    active: bool
    language: str
    created_at: Time
    locked_until: Time | None

    @classmethod
    def of(cls, row: UserRow) -> User:
        """The row as it goes out."""
        return cls(
            username=row.username,
            name=row.name,
            role=Role(row.role),
            active=row.active,
            language=row.language,
            created_at=row.created_at,
            locked_until=row.locked_until,
        )


class UserWithPassword(Answer):
    """An account and its made-up password, shown this once."""

    user: User
    password: str

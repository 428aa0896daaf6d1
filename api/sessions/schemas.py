"""What goes in and out about sign-in and tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from api.wire import Answer, Line, Request, Time
from plantroom.stores.records.tables import TokenRow
from plantroom.stores.records.users import Identity
from plantroom.work_orders import Role

Language = Literal["en", "zh"]


def _encodable(secret: SecretStr) -> SecretStr:
    try:
        secret.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("must be text that UTF-8 can hold") from None
    return secret


Password = Annotated[SecretStr, Field(max_length=1024), AfterValidator(_encodable)]


class SignIn(Request):
    """Name and password."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"username": "admin", "password": "the one shown at first start"}]}
    )

    username: Annotated[str, Field(max_length=64)]
    password: Password


class Me(Answer):
    """Who is asking."""

    username: str
    name: str
    role: Role
    language: str

    @classmethod
    def of(cls, who: Identity) -> Me:
        """The identity as it goes out."""
        return cls(username=who.username, name=who.name, role=who.role, language=who.language)


class MeChange(Request):
    """What people change about themselves."""

    name: Annotated[Line, Field(min_length=1)] | None = None
    language: Language | None = None


class PasswordChange(Request):
    """The present password and the next."""

    current: Password
    new: Annotated[Password, Field(min_length=12)]


class NewToken(Request):
    """A token to be made; it can do no more than its owner."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Prometheus", "role": "viewer", "days": 90}]}
    )

    name: Annotated[Line, Field(min_length=1)]
    role: Role = Role.VIEWER
    days: Annotated[int, Field(ge=1, le=730, description="How long it lasts.")] = 90


class Token(Answer):
    """A token, without its secret."""

    id: int
    name: str
    user: str
    role: Role
    created_at: Time
    expires_at: Time
    used_at: Time | None

    @classmethod
    def of(cls, row: TokenRow, owner: str) -> Token:
        """The row as it goes out."""
        return cls(
            id=row.id,
            name=row.name,
            user=owner,
            role=Role(row.role),
            created_at=row.created_at,
            expires_at=row.expires_at,
            used_at=row.used_at,
        )


class CreatedToken(Answer):
    """A new token and its secret, which is shown this once."""

    token: Token
    secret: str

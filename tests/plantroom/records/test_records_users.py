"""People, their sessions and the tokens of their programs."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from plantroom.errors import ConflictError, NotFoundError
from plantroom.stores.records import Database, sessions, users
from plantroom.stores.records.tables import AuditRow, SessionRow, TokenRow, UserRow
from plantroom.stores.records.users import Identity, SignInError
from plantroom.times import DAY, HOUR, MINUTE, SECOND
from plantroom.work_orders import Role
from tests.plantroom.records.kit import START

PASSWORD = "correct horse battery"
IDLE, LIFE = 30 * MINUTE, 12 * HOUR


@pytest.fixture
def chen(empty: Database) -> Identity:
    with empty.transaction() as session:
        row, _ = users.create_user(
            session, "Chen", Role.TECHNICIAN, now=START, by="test", password=PASSWORD, name="陈伟"
        )
        return users.identity(row)


def guess(database: Database, password: str, now: int, username: str = "chen") -> Identity | SignInError:
    with database.transaction() as session:
        try:
            return users.check_password(session, username, password, now)
        except SignInError as failure:
            return failure


def test_a_user_has_a_hash_and_no_password(empty: Database, chen: Identity) -> None:
    assert (chen.username, chen.name, chen.role) == ("chen", "陈伟", Role.TECHNICIAN)
    with empty.session() as session:
        row = users.get_user(session, " CHEN ")
        assert row.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert PASSWORD not in row.password_hash


def test_a_made_up_password_is_long_and_different_each_time(empty: Database) -> None:
    with empty.transaction() as session:
        passwords = {
            users.create_user(session, f"user-{number}", Role.VIEWER, now=START, by="test")[1]
            for number in range(3)
        }
    assert len(passwords) == 3
    assert all(len(password) == 20 for password in passwords)


@pytest.mark.parametrize("username", ["", "  ", "x" * 65, "a\nb", "a\0b", "chen"])
def test_names_that_cannot_be(empty: Database, chen: Identity, username: str) -> None:
    with pytest.raises(ConflictError), empty.transaction() as session:
        users.create_user(session, username, Role.VIEWER, now=START, by="test", password=PASSWORD)
    with empty.session() as session:
        assert session.scalar(select(func.count()).select_from(UserRow)) == 1


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * 1025])
def test_passwords_that_cannot_be(empty: Database, chen: Identity, password: str) -> None:
    with pytest.raises(ConflictError), empty.transaction() as session:
        users.create_user(session, "wang", Role.VIEWER, now=START, by="test", password=password)
    with pytest.raises(ConflictError), empty.transaction() as session:
        users.set_password(session, "chen", password, now=START, by="test")


def test_the_password_signs_in(empty: Database, chen: Identity) -> None:
    assert guess(empty, PASSWORD, START) == chen
    assert guess(empty, PASSWORD, START, " Chen ") == chen
    for wrong in ("", PASSWORD + " ", PASSWORD.upper(), "\ud800"):
        assert isinstance(guess(empty, wrong, START), SignInError)


def test_an_unknown_name_and_a_closed_account_say_the_same(empty: Database, chen: Identity) -> None:
    with empty.transaction() as session:
        users.create_user(session, "boss", Role.ADMIN, now=START, by="test")
        users.update_user(session, "chen", now=START, by="test", active=False)
    texts = {str(guess(empty, PASSWORD, START, name)) for name in ("nobody", "chen")}
    assert texts == {"name and password do not match"}


def test_five_failures_lock_and_the_lock_doubles_up_to_15_minutes(empty: Database, chen: Identity) -> None:
    now = START
    for _ in range(4):
        failure = guess(empty, "wrong", now)
        assert isinstance(failure, SignInError)
        assert failure.retry_after == 0
    waits = []
    for _ in range(8):
        guess(empty, "wrong", now)
        locked = guess(empty, PASSWORD, now)  # the right one does not open a locked account
        assert isinstance(locked, SignInError)
        waits.append(locked.retry_after // SECOND)
        now += locked.retry_after
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]
    assert guess(empty, PASSWORD, now) == chen
    for _ in range(4):
        guess(empty, "wrong", now)
    assert guess(empty, PASSWORD, now) == chen  # a success starts the count anew


def test_many_failures_do_not_overflow(empty: Database, chen: Identity) -> None:
    with empty.transaction() as session:
        users.get_user(session, "chen").failures = 100_000
    guess(empty, "wrong", START)
    locked = guess(empty, PASSWORD, START)
    assert isinstance(locked, SignInError)
    assert locked.retry_after == users.LOCK


def test_an_account_that_was_locked_meanwhile_stays_locked(empty: Database, chen: Identity) -> None:
    with empty.session() as session:
        found = users.hash_to_match(session, "chen", START)
    assert users.matches(found, PASSWORD)
    for _ in range(5):
        guess(empty, "wrong", START)
    with pytest.raises(SignInError) as raised, empty.transaction() as session:
        users.settle_sign_in(session, "chen", START, matched=True)
    assert raised.value.retry_after == 30 * SECOND


def test_a_new_password_ends_sessions_and_the_lock(empty: Database, chen: Identity) -> None:
    with empty.transaction() as session:
        secret = sessions.open_session(session, chen.user_id, START)
    for _ in range(5):
        guess(empty, "wrong", START)
    with empty.transaction() as session:
        users.set_password(session, "chen", "another password", now=START, by="boss")
    assert guess(empty, "another password", START) == chen
    assert isinstance(guess(empty, PASSWORD, START), SignInError)
    with empty.session() as session:
        assert sessions.find_session(session, secret, START, idle=IDLE, life=LIFE) is None
    with pytest.raises(NotFoundError), empty.transaction() as session:
        users.set_password(session, "nobody", "another password", now=START, by="boss")


def test_a_session_lives_while_it_is_used_and_not_for_ever(empty: Database, chen: Identity) -> None:
    with empty.transaction() as session:
        secret = sessions.open_session(session, chen.user_id, START)

    def find(now: int) -> object:
        with empty.session() as session:
            return sessions.find_session(session, secret, now, idle=IDLE, life=LIFE)

    assert find(START + IDLE) == (chen, START)
    assert find(START + IDLE + 1) is None
    with empty.transaction() as session:
        sessions.touch_session(session, secret, START + IDLE)
        sessions.touch_session(session, secret, START)  # late, and does not set it back
        sessions.touch_session(session, "unknown", START)
    assert find(START + IDLE + 1) == (chen, START + IDLE)
    with empty.transaction() as session:
        sessions.touch_session(session, secret, START + LIFE)
    assert find(START + LIFE) == (chen, START + LIFE)
    assert find(START + LIFE + 1) is None
    with empty.transaction() as session:
        sessions.close_session(session, secret)
        sessions.close_session(session, secret)
    assert find(START + LIFE) is None


def test_a_session_is_kept_as_a_hash_and_removed_when_it_ended(empty: Database, chen: Identity) -> None:
    with empty.transaction() as session:
        secret = sessions.open_session(session, chen.user_id, START)
        sessions.open_session(session, chen.user_id, START + HOUR)
    with empty.transaction() as session:
        assert secret not in [row.secret_hash for row in session.scalars(select(SessionRow))]
        sessions.drop_ended_sessions(session, START + HOUR, idle=IDLE, life=LIFE)
        assert session.scalar(select(func.count()).select_from(SessionRow)) == 1


def test_a_token_can_do_no_more_than_its_owner(empty: Database, chen: Identity) -> None:
    with pytest.raises(ConflictError), empty.transaction() as session:
        sessions.create_token(session, chen, "t", Role.ENGINEER, START)
    with empty.transaction() as session:
        users.create_user(session, "boss", Role.ADMIN, now=START, by="test")
        row, secret = sessions.create_token(session, chen, "t", Role.TECHNICIAN, START, days=2)
        assert secret.startswith("plt_")
        assert row.secret_hash != secret
        assert row.expires_at == START + 2 * DAY

    def role(now: int = START) -> Role | None:
        with empty.session() as session:
            found = sessions.find_token(session, secret, now)
            return None if found is None else found[0].role

    assert role() is Role.TECHNICIAN
    assert role(START + 2 * DAY) is None
    for change, expected in (
        ({"role": Role.VIEWER}, Role.VIEWER),
        ({"role": Role.ADMIN}, Role.TECHNICIAN),
        ({"active": False}, None),
    ):
        with empty.transaction() as session:
            users.update_user(session, "chen", now=START, by="boss", **change)  # type: ignore[arg-type]
        assert role() is expected


def test_the_use_of_a_token_is_kept_to_the_hour(empty: Database, chen: Identity) -> None:
    with empty.transaction() as session:
        _, secret = sessions.create_token(session, chen, "t", Role.VIEWER, START)
    for now, used in ((START, START), (START + HOUR, START), (START + HOUR + 1, START + HOUR + 1)):
        with empty.transaction() as session:
            sessions.touch_token(session, secret, now)
        with empty.session() as session:
            found = sessions.find_token(session, secret, now)
            assert found is not None
            assert found[1] == used


def test_revoking_a_token(empty: Database, chen: Identity) -> None:
    with empty.transaction() as session:
        row, secret = sessions.create_token(session, chen, "t", Role.VIEWER, START)
        token_id = row.id
    with pytest.raises(NotFoundError), empty.transaction() as session:
        sessions.revoke_token(session, token_id, by="x", now=START, owner_id=chen.user_id + 1)
    with empty.transaction() as session:
        sessions.revoke_token(session, token_id, by="chen", now=START, owner_id=chen.user_id)
    with empty.session() as session:
        assert sessions.find_token(session, secret, START) is None
        assert session.scalar(select(func.count()).select_from(TokenRow)) == 0


def test_somebody_stays_administrator(empty: Database) -> None:
    with empty.transaction() as session:
        for name in ("one", "two"):
            users.create_user(session, name, Role.ADMIN, now=START, by="test")
        users.update_user(session, "one", now=START, by="test", active=False)
    for change in ({"active": False}, {"role": Role.VIEWER}):
        with pytest.raises(ConflictError), empty.transaction() as session:
            users.update_user(session, "two", now=START, by="test", **change)  # type: ignore[arg-type]
    with empty.transaction() as session:
        assert users.update_user(session, "two", now=START, by="test", name="Zwei").name == "Zwei"


def test_every_change_is_in_the_audit_log(empty: Database, chen: Identity) -> None:
    with empty.transaction() as session:
        users.update_user(session, "chen", now=START, by="boss", role=Role.VIEWER)
        users.set_password(session, "chen", "another password", now=START, by="boss")
        row, _ = sessions.create_token(session, chen, "t", Role.VIEWER, START)
        sessions.revoke_token(session, row.id, by="boss", now=START)
    guess(empty, "wrong", START)
    with empty.session() as session:
        lines = [
            (row.action, row.subject, row.by)
            for row in session.scalars(select(AuditRow).order_by(AuditRow.id))
        ]
        details = str([row.detail for row in session.scalars(select(AuditRow))])
    assert lines == [
        ("user.create", "chen", "test"),
        ("user.change", "chen", "boss"),
        ("user.password", "chen", "boss"),
        ("token.create", "t", "chen"),
        ("token.revoke", "t", "boss"),
        ("sign_in.failed", "chen", "chen"),
    ]
    assert "another password" not in details
    assert "viewer" in details

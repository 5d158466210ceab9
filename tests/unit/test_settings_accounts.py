"""The first accounts: in the hub's own database, before anybody can sign up."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyterhub import orm
from nativeauthenticator.orm import UserInfo
from sqlalchemy.orm import Session

from opendata_hub.settings import accounts
from opendata_hub.settings.accounts import GROUP_SOURCE, drop_members, ensure_accounts, hub_database
from opendata_hub.settings.state import State


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A hub's folder."""
    state = State(tmp_path)
    state.make()
    return state


@pytest.fixture
def db(state: State) -> Iterator[Session]:
    """The database of a hub that never ran."""
    with hub_database(state.database) as db:
        yield db


def logins(state: State) -> dict[str, str]:
    """What the file of logins says."""
    return dict(line.split() for line in state.logins.read_text().splitlines())


def test_the_first_start_makes_admins_and_a_student(db: Session, state: State) -> None:
    """Each has a password that works, and the file tells it."""
    new = ensure_accounts(db, ["admin", "Carol"], state.logins)

    assert set(new) == {"admin", "carol", "student"}
    assert logins(state) == new
    for name, password in new.items():
        account = UserInfo.find(db, name)
        assert account.is_authorized
        assert account.is_valid_password(password)
        assert not account.is_valid_password("wrong")


def test_a_second_start_adds_nothing(db: Session, state: State) -> None:
    """Accounts and file stay as they are."""
    first = ensure_accounts(db, ["admin"], state.logins)

    assert ensure_accounts(db, ["admin"], state.logins) == {}
    assert logins(state) == first


def test_a_student_who_was_removed_does_not_come_back(db: Session, state: State) -> None:
    """Only the very first start makes the trial account."""
    ensure_accounts(db, ["admin"], state.logins)
    db.delete(UserInfo.find(db, "student"))
    db.commit()

    assert ensure_accounts(db, ["admin"], state.logins) == {}


def test_a_new_admin_gets_a_line_of_their_own(db: Session, state: State) -> None:
    """Who is added to the admins later finds a login in the file, below the others."""
    ensure_accounts(db, ["admin"], state.logins)
    new = ensure_accounts(db, ["admin", "dora"], state.logins)

    assert list(new) == ["dora"]
    assert list(logins(state)) == ["admin", "student", "dora"]


def test_a_stranger_who_waits_under_an_admins_name_is_put_out(db: Session, state: State) -> None:
    """A sign-up under a name that becomes an admin's does not become that admin."""
    db.add(UserInfo(username="dora", password=b"of a stranger", is_authorized=False))
    db.commit()
    new = ensure_accounts(db, ["dora"], state.logins)

    assert UserInfo.find(db, "dora").is_valid_password(new["dora"])
    assert db.query(UserInfo).filter_by(username="dora").count() == 1


def test_an_approved_account_keeps_its_password(db: Session, state: State) -> None:
    """A student who becomes an admin logs in as before."""
    db.add(UserInfo(username="dora", password=b"of dora", is_authorized=True))
    db.commit()

    assert "dora" not in ensure_accounts(db, ["dora"], state.logins)
    assert UserInfo.find(db, "dora").password == b"of dora"


def test_logins_are_for_the_hubs_user_only(db: Session, state: State) -> None:
    """Nobody else on the machine can read the passwords or enter the folder."""
    ensure_accounts(db, ["admin"], state.logins)

    assert state.logins.stat().st_mode & 0o777 == 0o600
    assert state.folder.stat().st_mode & 0o777 == 0o700


def test_no_account_is_made_whose_password_nobody_would_know(db: Session, state: State) -> None:
    """Where the file cannot be written, the next start tries again."""
    state.logins.mkdir()
    with pytest.raises(OSError, match="directory"):
        ensure_accounts(db, ["admin"], state.logins)

    assert UserInfo.all_users(db) == []


def test_passwords_differ_and_can_be_typed() -> None:
    """Three groups of four letters and digits that nobody confuses: 60 bits."""
    passwords = {accounts.new_password() for _ in range(100)}

    assert len(passwords) == 100
    assert len(set(accounts._LETTERS)) == 32
    for password in passwords:
        assert [len(part) for part in password.split("-")] == [4, 4, 4]
        assert not set(password) & set("lo01")


def test_the_hub_accepts_the_database(state: State, caplog: pytest.LogCaptureFixture) -> None:
    """A database that was made here has the version that the hub expects."""
    with hub_database(state.database) as db:
        ensure_accounts(db, ["admin"], state.logins)
    with caplog.at_level(logging.WARNING):
        session = orm.new_session_factory(state.database)()
    found = UserInfo.find(session, "admin")
    session.close()
    session.get_bind().dispose()

    assert found is not None
    assert caplog.records == []


def test_who_is_taken_off_a_list_leaves_the_group(db: Session) -> None:
    """The hub only adds members; those whom hub.yaml no longer lists are taken out here."""
    anna, ben = orm.User(name="anna"), orm.User(name="ben")
    listed = orm.Group(name="listed", users=[anna, ben])
    dropped = orm.Group(name="dropped", users=[anna], properties=GROUP_SOURCE)
    other = orm.Group(name="other", users=[anna], properties={})
    db.add_all([anna, ben, listed, dropped, other])
    db.commit()
    drop_members(db, {"listed": ["Anna"]})

    assert listed.users == [anna]
    assert dropped.users == []
    assert other.users == [anna]

"""The hub asks its database less, and is told the same."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub import orm, roles, scopes
from jupyterhub.oauth.provider import make_provider
from sqlalchemy import event
from sqlalchemy.orm import Session

from opendata_hub.settings import database


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The session of a hub with a user and a server."""
    database.quicken()
    file = tmp_path_factory.mktemp("hub") / "hub.sqlite"
    make = orm.new_session_factory(f"sqlite:///{file}", **database.OPTIONS)
    with make() as db:
        for role in roles.get_default_roles():
            roles.create_role(db, role)
        user = orm.User(name="anna")
        db.add(user)
        roles.grant_role(db, user, "user")
        db.add(orm.Spawner(name="", user=user))
        db.commit()
        yield db
    make.kw["bind"].dispose()


@pytest.fixture
def provider(db: Session) -> Any:
    """The hub's half of a login to a server, with one client."""
    provider = make_provider(lambda: db, url_prefix="/hub", login_url="/hub/login")
    provider.add_client("server", "a secret", "/user/anna/oauth_callback")
    return provider


@pytest.fixture
def asked(db: Session) -> Iterator[list[str]]:
    """What the database is asked during the test."""
    asked: list[str] = []

    def note(*call: Any) -> None:
        asked.append(call[2])

    event.listen(db.get_bind(), "before_cursor_execute", note)
    yield asked
    event.remove(db.get_bind(), "before_cursor_execute", note)


def knows(provider: Any, secret: str) -> bool:
    """Whether the hub takes a server for its client."""
    request = SimpleNamespace(client_id="server", client_secret=secret)
    return bool(provider.request_validator.authenticate_client(request))


def find(db: Session) -> orm.User:
    """Look up the user, as the hub does with each request."""
    found: orm.User = db.query(orm.User).filter(orm.User.name == "anna").first()
    return found


def test_a_server_is_looked_up_once(provider: Any, asked: list[str]) -> None:
    """All questions of a login are for the same client."""
    assert knows(provider, "a secret")
    provider.request_validator.validate_client_id("server", SimpleNamespace())
    assert provider.fetch_by_client_id("server").redirect_uri == "/user/anna/oauth_callback"

    assert len([query for query in asked if "oauth_clients" in query]) <= 2


def test_a_new_secret_counts_at_once(provider: Any) -> None:
    """Each start gives a server another one."""
    assert knows(provider, "a secret") and not knows(provider, "another")

    provider.add_client("server", "another", "/user/anna/oauth_callback")

    assert knows(provider, "another") and not knows(provider, "a secret")


def test_a_server_that_is_gone_is_unknown(provider: Any, db: Session) -> None:
    """Its client goes with it; one of the same name that comes later is another."""
    assert knows(provider, "a secret")

    provider.remove_client("server")
    assert not knows(provider, "a secret")
    assert provider.fetch_by_client_id("server") is None

    provider.add_client("server", "a later one", "/user/anna/oauth_callback")
    assert knows(provider, "a later one") and not knows(provider, "a secret")


def test_what_was_not_stored_is_not_known(provider: Any, db: Session) -> None:
    """A client whose transaction was rolled back never was."""
    db.add(orm.OAuthClient(identifier="late", secret="x"))
    assert provider.fetch_by_client_id("late")

    db.rollback()

    assert provider.fetch_by_client_id("late") is None


def test_what_nobody_knows_is_not_remembered(provider: Any) -> None:
    """Whoever asks for clients that never were does not fill the hub's memory."""
    session = provider.request_validator.db
    for number in range(3):
        assert (
            provider.request_validator.db.query(orm.OAuthClient)
            .filter_by(identifier=f"nobody{number}")
            .first()
            is None
        )

    assert set(vars(session)["_known"]) <= {"server"}


def test_a_user_who_is_known_costs_one_question(db: Session, asked: list[str]) -> None:
    """Roles, groups and shares are there already."""
    anna = find(db)
    scopes.get_scopes_for(anna)
    asked.clear()

    assert find(db) is anna
    scopes.get_scopes_for(anna)

    assert len(asked) == 1, asked


def test_rights_that_come_and_go_count_at_once(db: Session) -> None:
    """A role of one's own, and one of a group."""
    anna, admin = find(db), {"admin-ui", "admin:users"}
    assert not admin & scopes.get_scopes_for(find(db))

    roles.grant_role(db, anna, "admin")
    assert admin <= scopes.get_scopes_for(find(db))
    roles.strip_role(db, anna, "admin")
    assert not admin & scopes.get_scopes_for(find(db))

    group = orm.Group(name="staff", users=[anna])
    db.add(group)
    db.commit()
    roles.grant_role(db, group, "admin")
    assert admin <= scopes.get_scopes_for(find(db))
    group.users.remove(anna)
    db.commit()
    assert not admin & scopes.get_scopes_for(find(db))


def test_a_token_of_a_login_counts_as_used(provider: Any, db: Session) -> None:
    """The server uses it at once; one that somebody asks for has not been used."""
    anna, client = find(db), provider.fetch_by_client_id("server")

    login = orm.APIToken.new(user=anna, oauth_client=client, session_id="a browser", scopes=[])
    asked_for = orm.APIToken.new(user=anna, oauth_client=client, scopes=[])

    used = orm.APIToken.find(db, login)
    assert used.last_activity and abs((used.last_activity - used.created).total_seconds()) < 60
    assert orm.APIToken.find(db, asked_for).last_activity is None


def test_only_a_file_is_not_asked_whether_it_is_there(db: Session, asked: list[str]) -> None:
    """A database on another machine is, before each transaction."""
    db.commit()
    find(db)
    assert "SELECT 1" not in asked

    pinged: list[Any] = []
    ping = database._ping_all_but_files(pinged.append)
    for name in ("sqlite", "postgresql"):
        ping(SimpleNamespace(dialect=SimpleNamespace(name=name)))
    assert [engine.dialect.name for engine in pinged] == ["postgresql"]


def test_an_unknown_jupyterhub_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may keep its clients in another way."""
    before = orm.register_ping_connection
    monkeypatch.setattr(database, "__version__", "99.0.0")

    database.quicken.__wrapped__()

    assert orm.register_ping_connection is before

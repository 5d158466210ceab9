"""A token that the hub's own database lends."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyterhub import orm, roles
from sqlalchemy.orm import Session

from opendata_hub.errors import ConfigError
from opendata_hub.settings import tokens
from opendata_hub.settings.accounts import hub_database
from opendata_hub.settings.state import State

SCOPES = ["list:users", "delete:servers!user=one"]


@pytest.fixture
def state(tmp_path: Path) -> State:
    """The folder of a hub that has run, with a service that may do more than is lent."""
    state = State(tmp_path)
    state.make()
    with hub_database(state.database) as db:
        roles.create_role(db, {"name": "played", "scopes": ["list:users", "delete:servers"]})
        db.add(orm.Service(name="played", roles=[orm.Role.find(db, "played")]))
        db.add(orm.OAuthClient(identifier="jupyterhub"))
        db.commit()
    return state


@pytest.fixture
def database(state: State) -> Iterator[Session]:
    """What the hub itself sees."""
    with hub_database(state.database) as db:
        yield db


def test_a_token_is_good_while_it_is_lent(state: State, database: Session) -> None:
    """It may do what was asked for, it expires by itself, and is revoked when it is given back."""
    with tokens.lent(state, "played", SCOPES) as token:
        found = orm.APIToken.find(database, token)
        assert found.scopes == SCOPES
        assert found.expires_at
        database.rollback()

    assert orm.APIToken.find(database, token) is None


def test_what_was_not_given_back_is_revoked_the_next_time(state: State, database: Session) -> None:
    """A killed program leaves a token until then."""
    lost = orm.Service.find(database, "played").new_api_token(scopes=SCOPES)
    with tokens.lent(state, "played", SCOPES):
        assert orm.APIToken.find(database, lost) is None


def test_a_hub_that_does_not_know_the_service_is_told(state: State) -> None:
    """It is an older one."""
    with (
        pytest.raises(ConfigError, match="does not know the service 'other'"),
        tokens.lent(state, "other", SCOPES),
    ):
        pass


def test_a_hub_that_has_never_run_is_told(tmp_path: Path) -> None:
    """Nothing is made."""
    with pytest.raises(ConfigError, match="No hub has run"):
        tokens.require(State(tmp_path))
    assert list(tmp_path.iterdir()) == []

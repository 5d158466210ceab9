"""A database that another JupyterHub has made, and that cannot be upgraded, is left as it was."""

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from jupyterhub import orm
from sqlalchemy import text

from opendata_hub.errors import ConfigError
from opendata_hub.settings.accounts import hub_database
from opendata_hub.settings.state import State
from opendata_hub.settings.upgrading import upgrade
from tests.ports import free_ports

UNKNOWN = "a" * 12
"""A form of which this JupyterHub has never heard."""


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A hub's folder, with one user in a database of today's form."""
    state = State(tmp_path)
    state.make()
    with hub_database(state.database) as db:
        db.add(orm.User(name="anna"))
        db.commit()
    return state


@pytest.fixture
def strange(state: State) -> State:
    """The same in an unknown form, and a write that is not in the file yet."""
    with closing(sqlite3.connect(state.database_file)) as opened:
        opened.execute("pragma journal_mode=wal")
    with hub_database(state.database) as db:
        db.execute(text("update alembic_version set version_num = :form"), {"form": UNKNOWN})
        db.commit()
    return state


def rows(file: Path, query: str) -> list[str]:
    """The first column of an answer."""
    with closing(sqlite3.connect(file)) as opened:
        return [str(row[0]) for row in opened.execute(query)]


def test_a_database_of_todays_form_is_left_alone(state: State) -> None:
    """Each start of the hub looks, and nothing is said or written."""
    before = state.database_file.read_bytes()
    upgrade(state, free_ports(1)[0], pytest.fail)
    assert state.database_file.read_bytes() == before
    assert [file.name for file in state.folder.iterdir()] == [state.database_file.name]


def test_what_cannot_be_upgraded_is_as_it_was_and_has_a_copy(strange: State) -> None:
    """The sentence says why, where the copy is, and how the hub runs again."""
    with pytest.raises(ConfigError) as error:
        upgrade(strange, free_ports(1)[0], pytest.fail)
    (copy,) = strange.folder.glob("before-upgrade-*.sqlite")
    said = str(error.value)
    assert f"Can't locate revision identified by '{UNKNOWN}'" in said
    assert f"It is as it was; a copy is {copy}. Install the JupyterHub that has made it" in said
    for file in (strange.database_file, copy):
        assert rows(file, "select version_num from alembic_version") == [UNKNOWN]
        assert rows(file, "select name from users") == ["anna"]
    assert sorted(strange.folder.iterdir()) == sorted((copy, strange.database_file))
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_hub_that_runs_keeps_its_database(strange: State) -> None:
    """Whoever starts a second one, with a new version, does not take it away."""
    with socket.create_server(("127.0.0.1", 0)) as hub, pytest.raises(ConfigError) as error:
        upgrade(strange, hub.getsockname()[1], pytest.fail)
    assert "stop it first" in str(error.value)
    assert not list(strange.folder.glob("before-upgrade-*"))

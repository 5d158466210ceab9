"""A token of the house's own hub, for whoever may write into its database anyway."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from jupyterhub import orm
from jupyterhub.orm import DatabaseSchemaMismatch
from jupyterhub.utils import utcnow
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from opendata_hub.errors import ConfigError
from opendata_hub.settings.accounts import hub_database
from opendata_hub.settings.state import State

_AT_ONCE = timedelta(seconds=1)
_LASTS = 2 * 3600  # seconds, should nobody be left to revoke it


@contextmanager
def lent(state: State, service: str, scopes: Sequence[str]) -> Iterator[str]:
    """
    Make a token of one of the hub's services, and revoke it in the end, with what others left.

    Args:
        scopes: what it may do; never more than the service itself.

    Raises:
        ConfigError: there is no such hub, it is another user's, or it does not know the service.
    """
    with _database(state) as db:
        found = _find(db, service)
        _revoke(db, found)
        token = str(found.new_api_token(scopes=list(scopes), expires_in=_LASTS))
    try:
        yield token
    finally:
        with _database(state) as db:
            _revoke(db, _find(db, service))


@contextmanager
def _database(state: State) -> Iterator[Session]:
    file = require(state)
    try:
        with hub_database(state.database) as db:
            yield db
    except DatabaseSchemaMismatch:
        raise ConfigError(
            f"{file} is of another version of JupyterHub; start the hub, which upgrades it."
        ) from None
    except SQLAlchemyError as error:
        raise ConfigError(f"{file} cannot be used: {error}") from None


def require(state: State) -> Path:
    """
    Return the file of the hub's database.

    Raises:
        ConfigError: there is none, or this user may not write into it.
    """
    if state.folder.is_dir() and not os.access(state.folder, os.R_OK | os.W_OK | os.X_OK):
        raise ConfigError(
            f"{state.folder} is closed to you; run this as the user who runs the hub, such as with "
            "sudo."
        )
    database = state.folder / "jupyterhub.sqlite"
    if not database.is_file():
        raise ConfigError(f"No hub has run with the settings in {state.folder.parent} yet.")
    return database


def _find(db: Session, service: str) -> orm.Service:
    found = orm.Service.find(db, service)
    if found is None:
        raise ConfigError(
            f"The hub does not know the service '{service}'; it was started by an older version of "
            "opendata-hub. Stop it, and start it again."
        )
    return found


def _revoke(db: Session, service: orm.Service) -> None:
    """
    Let the service's tokens expire now; the hub removes them in time.

    Removed by us, their numbers would be given out anew, and the hub, which remembers what it read,
    would take a new token for an old one.
    """
    for token in service.api_tokens:
        token.expires_at = utcnow(with_tz=False) - _AT_ONCE
    db.commit()

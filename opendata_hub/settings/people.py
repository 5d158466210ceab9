"""Whom the hub knows, asked in its database: also of a hub that does not run."""

from jupyterhub import orm
from jupyterhub.orm import DatabaseSchemaMismatch
from sqlalchemy.exc import SQLAlchemyError

from opendata_hub.errors import ConfigError
from opendata_hub.settings import tokens
from opendata_hub.settings.accounts import hub_database
from opendata_hub.settings.state import State


def known_users(state: State) -> set[str]:
    """
    Return the names of the hub's users.

    Raises:
        ConfigError: there is no such hub, or its database cannot be read.
    """
    file = tokens.require(state)
    try:
        with hub_database(state.database) as db:
            return {name for (name,) in db.query(orm.User.name)}
    except (DatabaseSchemaMismatch, SQLAlchemyError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from None

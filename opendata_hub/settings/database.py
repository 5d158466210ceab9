"""The hub's database: SQLite, as quick as it may be without forgetting anything."""

import gc
import sqlite3
from functools import cache
from typing import Any

from jupyterhub import __version__

_TRIED = ("5.4.", "6.1.")
"""Versions of JupyterHub; any other asks its database as it always does."""


class _Connection(sqlite3.Connection):
    """
    Writes ahead: one wait for the disk at each commit instead of three.

    A login to a server is some five commits, for each of which the hub answers nobody.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute("PRAGMA journal_mode=WAL").close()


OPTIONS = {"connect_args": {"check_same_thread": False, "factory": _Connection}}
"""For ``JupyterHub.db_kwargs``."""


@cache
def quicken() -> None:
    """
    Spare the hub in this process what it asks its database although it knows the answer.

    A class that opens its servers at once waits for the hub's one process, and more than half of
    its work for a login to a server was such questions. What is checked and what is stored stay
    the same. The hub is the only one who writes there: that much JupyterHub relies on as well.
    """
    if __version__.startswith(_TRIED):
        from jupyterhub import orm
        from jupyterhub.oauth.provider import JupyterHubOAuthServer, JupyterHubRequestValidator
        from sqlalchemy import event
        from sqlalchemy.orm import Session

        from opendata_hub.settings.clients import remembered

        orm.register_ping_connection = _ping_all_but_files(orm.register_ping_connection)
        event.listen(Session, "do_orm_execute", _load_what_is_missing)
        event.listen(orm.APIToken, "before_insert", _count_as_used)
        JupyterHubOAuthServer.db = JupyterHubRequestValidator.db = remembered
    _set_imports_aside()


def _set_imports_aside() -> None:
    """
    Have garbage collection look no more at what has been imported, which stays anyway.

    Else the hub answers nobody for a tenth of a second when that comes round, now and then.
    """
    gc.collect()
    gc.freeze()


def _ping_all_but_files(ping: Any) -> Any:
    """Ask no file before each transaction whether it is still connected."""
    return lambda engine: None if engine.dialect.name == "sqlite" else ping(engine)


def _load_what_is_missing(query: Any) -> None:
    """
    Load what belongs to a row when it is used, where one row is asked for.

    A user's roles, groups and shares came again with each look at the user, and were thrown away:
    what is loaded stays as it is.
    """
    if query.is_select and getattr(query.statement, "_limit_clause", None) is not None:
        from sqlalchemy.orm import lazyload

        query.statement = query.statement.options(lazyload("*"))


def _count_as_used(mapper: Any, connection: Any, token: Any) -> None:
    """Count a token as used that a server gets when somebody logs in there: it uses it at once."""
    if token.session_id and not token.last_activity:
        token.last_activity = token.now().replace(tzinfo=None)

"""The OAuth clients of the hub, which its servers are, looked up once and not ten times a login."""

from typing import Any

from jupyterhub import orm
from sqlalchemy import inspect
from sqlalchemy.orm.exc import ObjectDeletedError


class _Clients:
    """A query for one of them by its identifier, answered as the database would answer it."""

    def __init__(self, db: Any, known: dict[str, Any]) -> None:
        self._db, self._known = db, known

    def filter_by(self, identifier: str) -> "_Clients":
        """Ask for this one."""
        self._identifier = identifier
        return self

    def first(self) -> Any:
        """
        Return it, or None.

        What is known counts while it is in the hub's session: whatever the hub changes of it is
        changed there, and one that is deleted leaves it.
        """
        known = self._known.pop(self._identifier, None)
        if known is None or not self._is_there(known):
            query = self._db.query(orm.OAuthClient).filter_by(identifier=self._identifier)
            known = query.first()
        if known is not None:
            self._known[self._identifier] = known
        return known

    one_or_none = first

    def _is_there(self, client: Any) -> bool:
        try:
            return bool(inspect(client).persistent and client.identifier == self._identifier)
        except ObjectDeletedError:  # what made it was rolled back
            return False


class _Session:
    """The hub's session, but for queries for OAuth clients."""

    def __init__(self, db: Any) -> None:
        self._db, self._known = db, dict[str, Any]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def query(self, *entities: Any) -> Any:
        """Ask the database, or the memory."""
        if entities == (orm.OAuthClient,):
            return _Clients(self._db, self._known)
        return self._db.query(*entities)


def _keep(owner: Any, db: Any) -> None:
    vars(owner)["db"] = _Session(db)


remembered = property(lambda owner: vars(owner)["db"], _keep)
"""In the place of an attribute that is the hub's session."""

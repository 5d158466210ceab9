"""
The one door of every login with a password: failures are counted, and guessing takes for ever.

Whatever authenticator stands behind it, and whether the form or the API was used.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from jupyterhub.auth import Authenticator
from tornado import web

from opendata_hub.login.attempts import Attempts, Wait

_AT_ONCE = 16
_MOST_WAITING = 500


class Told(web.HTTPError):
    """
    A refusal whose text people read, on the login page or as the API's answer.

    Args:
        user: who that is, where a provider has said so.
    """

    def __init__(self, status: int, message: str, user: str | None = None) -> None:
        super().__init__(status, message.replace("%", "%%"))
        self.jupyterhub_message, self.user = message, user


class TooManyFailures(Told):
    """Wait before you try again; the text says how long."""

    def __init__(self, wait: Wait) -> None:
        who = f"as {_shown(wait.name)}" if wait.name else "from your network"
        said = f"Too many failed logins {who}. Wait {wait.seconds} seconds, then try again."
        super().__init__(429, said)
        self.headers = {"Retry-After": str(wait.seconds)}


class NotYet(Told):
    """The password is right, and yet this user may not come in; the text says why."""

    def __init__(self, message: str) -> None:
        super().__init__(403, message)


@dataclass
class Attempt:
    """One password."""

    is_right: bool = False


class Guarded(Authenticator):
    """Mixin of an authenticator: counts its failed logins."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.attempts = Attempts()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def get_authenticated_user(self, handler: Any, data: Any) -> Any:
        """
        Return the user's model, or None where name and password do not belong together.

        Raises:
            TooManyFailures: nothing was tried.
            NotYet: the password is right.
        """
        if not _has_password(data):
            return await super().get_authenticated_user(handler, data)
        async with self.attempt(handler, data["username"]) as attempt:
            found = await super().get_authenticated_user(handler, data)
            attempt.is_right = found is not None
        return found

    @asynccontextmanager
    async def attempt(self, handler: Any, name: str) -> AsyncIterator[Attempt]:
        """
        Try a password: it counts as a failure unless it is said to be right, or the user is told.

        Raises:
            TooManyFailures: it must not be tried now.
            Told: too many others are trying theirs.
        """
        who = (name.strip().lower(), handler.request.remote_ip)
        self._refuse(*who)
        async with self._turn():
            self._refuse(*who)  # others may have failed meanwhile
            self.attempts.begin(*who)
            attempt = Attempt()
            try:
                yield attempt
            except NotYet:
                self.attempts.unsaid(*who)
                raise
            if attempt.is_right:
                self.attempts.succeeded(*who)

    def _refuse(self, name: str, address: str) -> None:
        if wait := self.attempts.wait(name, address):
            raise TooManyFailures(wait)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= _MOST_WAITING:
            raise Told(503, "Too many people log in at this moment. Try again in a minute.")
        self._waiting += 1
        try:
            async with self._turns:
                yield
        finally:
            self._waiting -= 1


def _shown(name: str) -> str:
    """What somebody typed, for a page and a line of the log."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[:64])


def _has_password(data: Any) -> bool:
    return isinstance(data, dict) and all(
        isinstance(data.get(key), str) for key in ("username", "password")
    )


def guarded(cls: type[Authenticator]) -> type[Authenticator]:
    """Return this authenticator behind the guard; it takes the same settings."""
    if issubclass(cls, Guarded):
        return cls
    return type(cls.__name__, (Guarded, cls), {"__doc__": cls.__doc__, "__module__": __name__})

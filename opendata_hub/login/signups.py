"""Signing up: as many as a class has students, and no flood of them."""

from contextvars import ContextVar
from math import ceil

from nativeauthenticator import handlers as native
from nativeauthenticator.orm import UserInfo
from sqlalchemy import func

from opendata_hub.login import passwords
from opendata_hub.login.attempts import Leaking, network
from opendata_hub.login.guard import Told

HASHED: ContextVar[bytes | None] = ContextVar("HASHED", default=None)
"""What is kept of the password that is being taken: nativeauthenticator would stop the hub."""

MOST_WAITING = 300
"""Accounts that wait for approval; who would be the next is told to ask an admin."""


class SignUps:
    """How many may come from one address: a class at once, then one a minute."""

    def __init__(self) -> None:
        self._addresses = Leaking(100, 60)

    def refuse_flood(self, address: str, waiting: int) -> None:
        """
        Count one more.

        Raises:
            Told: there are too many.
        """
        if waiting >= MOST_WAITING:
            raise Told(
                429,
                "So many accounts wait for approval that no further one is taken. Ask an admin of "
                "this hub to look through them.",
            )
        if seconds := self._addresses.wait(network(address)):
            raise Told(
                429,
                "Too many accounts were made from your network. "
                f"Wait {ceil(seconds)} seconds, then try again.",
            )
        self._addresses.add(network(address))


class SignUpHandler(native.SignUpHandler):
    """The sign-up page."""

    async def post(self) -> None:
        """Take a sign-up, or show the page again with the reason."""
        authenticator = self.authenticator
        if authenticator.enable_signup and not authenticator.open_signup:
            waiting = self.db.query(func.count(UserInfo.id)).filter_by(is_authorized=False)
            authenticator.sign_ups.refuse_flood(self.request.remote_ip, waiting.scalar())
        password, again = (
            self.get_body_argument(f"signup_password{more}", strip=False)
            for more in ("", "_confirmation")
        )
        if password == again and authenticator.is_password_strong(password):
            HASHED.set(await passwords.hashed(password))
        await super().post()

"""What admins and owners do with accounts: only by buttons of this hub's own pages."""

from jupyterhub.scopes import needs_scope
from nativeauthenticator import handlers as native
from nativeauthenticator.orm import UserInfo
from tornado import web

from opendata_hub.login import passwords
from opendata_hub.login.guard import Told


class _Decision(native.LocalBase):
    """A link to it, in a mail or as an image, shows the list and decides nothing."""

    @needs_scope("admin:users")
    async def get(self, name: str) -> None:
        """Show the list."""
        self._back(name)

    def _account(self, name: str) -> UserInfo:
        account = UserInfo.find(self.db, name)
        if account is None:
            raise Told(404, f"There is no account {name}; perhaps it was discarded meanwhile.")
        return account

    def _back(self, name: str) -> None:
        self.redirect(f"{self.hub.base_url}authorize#{name}")


class ApprovalHandler(_Decision):
    """Let an account in, or no longer."""

    @needs_scope("admin:users")
    async def post(self, name: str) -> None:
        """The field ``approve`` is ``yes`` or ``no``."""
        self._account(name).is_authorized = self.get_body_argument("approve") == "yes"
        self.db.commit()
        self._back(name)


class DiscardHandler(_Decision):
    """Remove an account that waits."""

    @needs_scope("admin:users")
    async def post(self, name: str) -> None:
        """An account that was approved stays."""
        account = self._account(name)
        if not account.is_authorized:
            self.db.delete(account)
            self.db.commit()
        self._back("")


class ChangePasswordHandler(native.ChangePasswordHandler):
    """A new password for whoever knows the old one; guesses at it count as failed logins."""

    @web.authenticated
    async def post(self) -> None:
        """Check the old password behind the guard, then go on as ever."""
        user, old = self.current_user, self.get_body_argument("old_password", strip=False)
        async with self.authenticator.attempt(self, user.name) as attempt:
            account = self.authenticator.get_user(user.name)
            attempt.is_right = account is not None and await passwords.is_right(
                user.name, old, account.password
            )
        await super().post()

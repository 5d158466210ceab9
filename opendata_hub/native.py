"""
Login with a password each: nativeauthenticator, mended where version 1.3 fails us.

Its login page needs ``statsd``, which JupyterHub 6 no longer has; passwords over 72 bytes end in
errors of bcrypt 5; a check of a password stops the hub for a third of a second; and a sign-up under
a name that the configuration trusts is let in at once, whoever it is.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import nativeauthenticator
from jupyterhub.handlers.login import LoginHandler as HubLoginHandler
from nativeauthenticator.handlers import LoginHandler as NativeLoginHandler
from nativeauthenticator.orm import UserInfo
from tornado.escape import url_escape
from tornado.httputil import url_concat

LONGEST_PASSWORD = 72
"""Bytes; bcrypt takes no more."""


class LoginHandler(NativeLoginHandler):
    """The login page."""

    async def post(self) -> None:
        """Log in, or show the page again with the reason."""
        data = {
            name: self.get_body_argument(name, strip=False)
            for name in self.request.body_arguments
            if name != "_xsrf"
        }
        user = await self.login_user(data)
        if user:
            self._jupyterhub_user = user  # who this request is by, in the hub's log
            self.redirect(self.get_next_url(user))
            return
        self.set_status(403)
        reason = await self.authenticator.refusal(data)
        self.finish(await self._render(login_error=reason, username=data.get("username")))

    def _render(
        self, login_error: str | None = None, username: str | None = None, **more: Any
    ) -> Any:
        """Take ``more`` as well: JupyterHub shows its own errors on this page, too."""
        after = self.get_argument("next", "")
        login_url = self.authenticator.login_url(self.hub.base_url)
        context = {
            "next": url_escape(after),
            "username": username,
            "login_error": login_error,
            "custom_html": self.authenticator.custom_html,
            "login_url": self.settings["login_url"],
            "enable_signup": self.authenticator.enable_signup,
            "two_factor_auth": self.authenticator.allow_2fa,
            "authenticator_login_url": url_concat(login_url, {"next": after}),
        }
        return self.render_template("native-login.html", **{**more, **context})


class NativeAuthenticator(nativeauthenticator.NativeAuthenticator):
    """Accounts with a password each, kept in the hub's database; sign-ups wait for approval."""

    async def authenticate(self, handler: HubLoginHandler, data: Mapping[str, str]) -> str | None:
        """Return the user's name, or None where name, password or approval is missing."""
        account = self.get_user(data.get("username", ""))
        if account is None or self._locked(account):
            return None
        # before the wait below, else guesses that are sent all at once would all be tried
        self.add_login_attempt(account.username)
        right = await _is_password(account, data.get("password", ""))
        right = right and (not account.has_2fa or account.is_valid_token(data.get("2fa")))
        if right:
            self.successful_login(account.username)
        return str(account.username) if right and account.is_authorized else None

    async def refusal(self, data: Mapping[str, str]) -> str:
        """Say why a login failed, without telling strangers which half was wrong."""
        account = self.get_user(data.get("username", ""))
        if account is not None and self._locked(account):
            return (
                f"Too many failed logins as {account.username}. "
                f"Wait {self.seconds_before_next_try} seconds, then try again."
            )
        waits = account is not None and not account.is_authorized
        if waits and await _is_password(account, data.get("password", "")):
            return f"The account {account.username} waits for an admin to approve it."
        return "Invalid username or password."

    def _locked(self, account: UserInfo) -> bool:
        return bool(self.allowed_failed_logins) and bool(self.is_blocked(account.username))

    def is_password_strong(self, password: str) -> bool:
        """Whether a new password may be taken: long enough, not too long, not common."""
        return not _too_long(password) and bool(super().is_password_strong(password))

    def get_authed_users(self) -> set[str]:
        """
        Whom an admin has approved.

        Nobody else: names in ``admin_users`` and ``allowed_users`` would let in whoever is the
        first to sign up under them.
        """
        return {
            account.username for account in UserInfo.all_users(self.db) if account.is_authorized
        }

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """Pages of nativeauthenticator, with our login page."""
        pages: list[tuple[str, type]] = super().get_handlers(app)
        return [(path, LoginHandler if path == "/login" else page) for path, page in pages]


async def _is_password(account: UserInfo, password: str) -> bool:
    """Compare in a thread: it takes a third of a second, and a class logs in at once."""
    if _too_long(password):
        return False
    return bool(await asyncio.to_thread(account.is_valid_password, password))


def _too_long(password: str) -> bool:
    return len(password.encode()) > LONGEST_PASSWORD

"""
Login with a password each: nativeauthenticator, mended where version 1.3 fails us.

Its login page needs ``statsd``, which JupyterHub 6 no longer has; passwords over 72 bytes end in
errors of bcrypt 5; a check of a password stops the hub for a third of a second; its throttle knows
names only, and tells which ones there are; a link is enough to let somebody in; and a sign-up under
a name that the configuration trusts is let in at once, whoever it is.
"""

import re
from collections.abc import Mapping
from typing import Any

import nativeauthenticator
from jupyterhub.handlers.login import LoginHandler as HubLoginHandler
from nativeauthenticator.handlers import LoginHandler as NativeLoginHandler
from nativeauthenticator.orm import UserInfo
from tornado.escape import url_escape
from tornado.httputil import url_concat

from opendata_hub.login import passwords
from opendata_hub.login.approval import ApprovalHandler, ChangePasswordHandler, DiscardHandler
from opendata_hub.login.guard import Guarded, NotYet
from opendata_hub.login.signups import HASHED, SignUpHandler, SignUps

LONGEST_NAME = 128
WRONG = "Invalid username or password."


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
        self.finish(await self._render(login_error=WRONG, username=data.get("username")))

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


_PAGES = {
    "/login": LoginHandler,
    "/signup": SignUpHandler,
    "/authorize/([^/]*)": ApprovalHandler,
    "/discard/([^/]*)": DiscardHandler,
    "/change-password": ChangePasswordHandler,
}


class NativeAuthenticator(Guarded, nativeauthenticator.NativeAuthenticator):
    """Accounts with a password each, kept in the hub's database; sign-ups wait for approval."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sign_ups = SignUps()

    async def authenticate(self, handler: HubLoginHandler, data: Mapping[str, str]) -> str | None:
        """
        Return the user's name, or None where name and password do not belong together.

        Raises:
            NotYet: they do, but no admin has approved the account.
        """
        name = data.get("username", "")
        account = self.get_user(name)
        right = await passwords.is_right(
            name, data.get("password", ""), None if account is None else account.password
        )
        if not right or (account.has_2fa and not account.is_valid_token(data.get("2fa"))):
            return None
        if not account.is_authorized:
            raise NotYet(f"The account {account.username} waits for an admin to approve it.")
        return str(account.username)

    def is_password_strong(self, password: str) -> bool:
        """Whether a new password may be taken: long enough, not too long, not common."""
        return not passwords.is_too_long(password) and bool(super().is_password_strong(password))

    def create_user(self, username: str, password: str, **more: Any) -> UserInfo | None:
        """Make an account that waits for approval, or None: name, password or mail are refused."""
        name, hashed = self.normalize_username(username), HASHED.get()
        if self.user_exists(name) or not self.validate_username(name) or not self.enable_signup:
            return None
        if hashed is None or not self.is_password_strong(password):
            return None
        if len(name) > LONGEST_NAME or not name.isprintable():
            return None
        try:
            account = UserInfo(
                username=name, password=hashed, is_authorized=self.open_signup, **more
            )
        except AssertionError:  # that is no mail address
            return None
        self._mail(account)
        self.db.add(account)
        self.db.commit()
        return account

    def _mail(self, account: UserInfo) -> None:
        wanted = not account.is_authorized and self.allow_self_approval_for
        if wanted and re.match(wanted, account.email):
            self.send_approval_email(account.email, self.generate_approval_url(account.username))
            account.login_email_sent = True

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
        """Pages of nativeauthenticator, with ours instead where we have one."""
        pages: list[tuple[str, type]] = super().get_handlers(app)
        return [(path, _PAGES.get(path, page)) for path, page in pages]

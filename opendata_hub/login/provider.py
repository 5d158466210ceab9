"""Login at somebody else's: what people see on the way there and back, and when nobody answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jupyterhub.handlers import BaseHandler
from oauthenticator.github import GitHubOAuthenticator as PlainGitHub
from oauthenticator.google import GoogleOAuthenticator as PlainGoogle
from oauthenticator.oauth2 import (
    OAuthCallbackHandler,
    OAuthenticator,
    OAuthLoginHandler,
    OAuthLogoutHandler,
)
from tornado import web
from tornado.httpclient import HTTPClientError
from traitlets import List, Unicode

from opendata_hub.login.guard import Told

_LOG = "If that goes on, the hub's admin finds the reason in its log."
_TOO_LATE = "This login began in another tab, or too long ago. Begin it again."


class TellingHandler(BaseHandler):
    """Shows why nobody was let in as a page with a way on."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Show what is to be told; everything else as the hub shows it."""
        error = kwargs.get("exc_info", (None, None))[1]
        if not isinstance(error, Told):
            super().write_error(status_code, **kwargs)
            return
        self.set_header("Content-Type", "text/html")
        page = self.render_template(
            "login-refused.html",
            sync=True,
            message=error.jupyterhub_message,
            can_change=status_code == 403,
        )
        self.finish(page)


class LoginHandler(TellingHandler, OAuthLoginHandler):
    """The way to the provider."""

    async def get(self) -> None:
        """Go there, or say that it does not answer."""
        with self.authenticator.telling():
            await self.authenticator.ready()
        super().get()


class CallbackHandler(TellingHandler, OAuthCallbackHandler):
    """The way back."""

    async def get(self) -> None:
        """Come in, or be told why not."""
        self.check_arguments()
        with self.authenticator.telling():
            await self.authenticator.ready()
            user = await self.login_user()
        if user is None:
            raise Told(403, self.authenticator.custom_403_message)
        self.redirect(self.get_next_url(user))

    def check_error(self) -> None:
        """Tell that it refused. Its words are for the log: anybody can make such a link."""
        if error := self.get_argument("error", ""):
            self.log.warning(
                "Login refused: %r %r", error, self.get_argument("error_description", "")
            )
            raise Told(403, f"{self.authenticator.named} did not let you in. {_LOG}")

    def check_state(self) -> None:
        """Tell that it took too long: what was kept of the way there is not here any more."""
        try:
            super().check_state()
        except web.HTTPError:
            raise Told(400, _TOO_LATE) from None


class LogoutHandler(OAuthLogoutHandler):
    """Out of the hub, and out of the provider where it can be asked to."""

    _after = ""

    async def handle_logout(self) -> None:
        """Note the way while it is still known who leaves."""
        await super().handle_logout()
        self._after = await self.authenticator.end_url(self.current_user)

    async def render_logout_page(self) -> None:
        """Go there, or to the login page."""
        if self._after:
            self.redirect(self._after)
        else:
            await super().render_logout_page()


class AtProvider(OAuthenticator):
    """Mixin of an authenticator of OAuthenticator: it tells, and asks again who may come in."""

    login_handler = LoginHandler
    callback_handler = CallbackHandler
    logout_handler = LogoutHandler

    contact = Unicode(
        "whoever gave you its address",
        config=True,
        help="Whom people who were not let in are told to ask.",
    )

    async def ready(self) -> None:
        """Know where the provider is. Those who need more than the address ask it here."""

    async def end_url(self, user: Any) -> str:
        """Where to end the session at the provider; nothing where there is no such place."""
        return ""

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Turn what goes wrong at the provider into a sentence; the log has the rest."""
        try:
            yield
        except (HTTPClientError, OSError, ValueError) as error:
            self.log.error("Login by %s failed: %s", self.login_service, error)
            raise self._told(error) from None

    @property
    def named(self) -> str:
        """The provider as the first words of a sentence."""
        return str(self.login_service[:1].upper() + self.login_service[1:])

    def _told(self, error: Exception) -> Told:
        if isinstance(error, ValueError):
            return Told(502, f"{self.named} did not say who you are. {_LOG}")
        if isinstance(error, HTTPClientError) and error.code < 500:
            return Told(502, f"{self.named} refused this login. Begin it again. {_LOG}")
        return Told(
            503,
            f"{self.named} does not answer. Try again in a minute. Who is logged in "
            "already can go on working.",
        )

    async def may_come(self, name: str, model: dict[str, Any]) -> bool:
        """Whether whoever the provider says this is may use the hub."""
        return bool(await super().check_allowed(name, model))

    async def check_allowed(self, username: str, auth_model: dict[str, Any] | None) -> bool:
        """
        Let in who may come.

        Raises:
            Told: who is not let in reads under which name, and whom to ask.
        """
        if auth_model is None or await self.may_come(username, auth_model):
            return True
        raise Told(
            403,
            f"{self.named} knows you as {username}. That is nobody whom this hub lets in. "
            f"Ask {self.contact}, and say this name.",
            username,
        )

    async def refresh_user(self, user: Any, handler: Any = None, **more: Any) -> Any:
        """
        Ask the provider again: True if nothing is new, a model of what is, False to log in again.

        While it does not answer, whoever is in stays in.
        """
        if handler is not None and not hasattr(handler, "_token_authenticated"):
            handler._token_authenticated = False  # JupyterHub 6.1 asks for it and forgets to set it
        try:
            await self.ready()
            model = await super().refresh_user(user, handler, **more)
        except (HTTPClientError, OSError) as error:
            self.log.warning(
                "%s does not answer, %s stays: %s", self.login_service, user.name, error
            )
            return True
        except ValueError:
            return False
        if isinstance(model, dict) and not self.allow_all:
            return model if await self.may_come(user.name, model) else False
        return model


class GitHubOAuthenticator(AtProvider, PlainGitHub):
    """Accounts of GitHub."""


class GoogleOAuthenticator(AtProvider, PlainGoogle):
    """Accounts of Google, those of an organisation's domain among them."""

    allowed_domains = List(
        Unicode(),
        config=True,
        help="Let in everybody whose account Google says to belong to one of these organisations.",
    )

    async def may_come(self, name: str, model: dict[str, Any]) -> bool:
        """Ask for the organisation: an address of that domain can be anybody's."""
        if await super().may_come(name, model):
            return True
        return model["auth_state"][self.user_auth_state_key].get("hd") in self.allowed_domains

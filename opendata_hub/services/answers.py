"""What all answers of our services have in common, those to strangers and to mistakes, too."""

from typing import Any

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler
from tornado import web

_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; "
    "form-action 'self'",
    "Cross-Origin-Opener-Policy": "noopener-allow-popups",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Server": "opendata-hub",
}
_TRUSTED_FOR = 3
"""Seconds; by the hub's own default a service lets a revoked token in for five minutes."""


class Answer(web.RequestHandler):
    """A handler whose answers no page of a server frames, opens or fetches, and no cache keeps."""

    def prepare(self) -> None:
        """Refuse the one kind of request that JupyterHub lets in unproven and scripts can read."""
        if self.request.headers.get("Sec-Fetch-Mode") == "no-cors":
            raise web.HTTPError(403)

    def set_default_headers(self) -> None:
        """Set them on errors, too."""
        for name, value in _HEADERS.items():
            self.set_header(name, value)


class Callback(Answer, HubOAuthCallbackHandler):
    """Where the hub sends people back to after their login."""


class _Nothing(Answer):
    def prepare(self) -> None:
        raise web.HTTPError(404)


def settings() -> dict[str, Any]:
    """Return what each application of a service is told; the hub's answers are trusted briefly."""
    HubOAuth.instance().cache_max_age = _TRUSTED_FOR
    closed_to_scripts = {"httponly": True}
    return {"default_handler_class": _Nothing, "xsrf_cookie_kwargs": closed_to_scripts}

"""
The hub's pages, kept apart from those of people's servers, which have the same address.

Whoever opens the server of somebody else runs that one's scripts in their own browser. What such a
script fetches of the hub's pages does not hold what proves its reader's will, no script reads that
from the hub's cookies, and none can reach into a page of the hub in another tab. Browsers take part
over HTTPS, and on the machine itself.
"""

from typing import Any

from jupyterhub.handlers.base import BaseHandler

_ALONE = {"Cross-Origin-Opener-Policy": "noopener-allow-popups"}
_PROOFS = ("xsrf", "xsrf_token")

_render = BaseHandler.render_template
_set_cookie = BaseHandler.set_cookie


def keep_apart() -> None:
    """Have all pages of the hub in this process be so."""
    BaseHandler.render_template = _rendered
    # Not by `tornado_settings`: a line in jupyterhub_config.py that sets them undoes what is there.
    BaseHandler.set_cookie = _closed_to_scripts


def _rendered(handler: Any, name: str, sync: bool = False, **values: Any) -> Any:
    for header, value in _ALONE.items():
        handler.set_header(header, value)
    if handler.request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        values |= dict.fromkeys(_PROOFS, "")
    return _render(handler, name, sync, **values)


def _closed_to_scripts(handler: Any, name: str, *value: Any, **options: Any) -> None:
    if name == "_xsrf":  # the cookie is the token
        options["httponly"] = True
    _set_cookie(handler, name, *value, **options)

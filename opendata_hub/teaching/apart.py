"""
The hub's pages, kept apart from those of people's servers, which have the same address.

Whoever opens the server of somebody else runs that one's scripts in their own browser. What such a
script fetches of the hub's pages does not hold what proves its reader's will, and it cannot reach
into a page of the hub in another tab. Browsers take part over HTTPS, and on the machine itself.
"""

from typing import Any

from jupyterhub.handlers.base import BaseHandler

_ALONE = {"Cross-Origin-Opener-Policy": "noopener-allow-popups"}
_PROOFS = ("xsrf", "xsrf_token")

_render = BaseHandler.render_template


def keep_apart() -> None:
    """Have all pages of the hub in this process be so."""
    BaseHandler.render_template = _rendered


def _rendered(handler: Any, name: str, sync: bool = False, **values: Any) -> Any:
    for header, value in _ALONE.items():
        handler.set_header(header, value)
    if handler.request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        values |= dict.fromkeys(_PROOFS, "")
    return _render(handler, name, sync, **values)

"""How one gets into a notebook server of this machine: its token, its own one, or none at all."""

import re
import urllib.request
from http.client import HTTPException
from urllib.error import HTTPError

# A site's web proxy is not the way to this machine.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_PATIENCE = 5  # seconds for one answer
_OWN_TOKEN = re.compile(r"[?&]token=([\w.~-]+)")

OPEN = "It asks for no password: whoever works on this machine can open it while it runs."
LOCKED = "It asks for a password of its own; whoever made the image knows which."


def answers(base: str) -> bool:
    """Whether a server answers at ``base``, such as ``http://127.0.0.1:8888``."""
    status = _status(base)
    return status is not None and status < 500


def opened(base: str, page: str, token: str, log: str) -> tuple[str, str]:
    """
    Find out how one gets in.

    Args:
        page: the one to land on, where the server has it.
        token: the one that the server was told to ask for.
        log: what it printed, perhaps with a token of its own choice.

    Returns:
        (url, remark): what to open, and what to know about it.
    """
    if _gets_in(base, None):
        return base + _page(base, page, None), OPEN
    for known in (token, *reversed(_OWN_TOKEN.findall(log))):
        if _gets_in(base, known):
            return f"{base}{_page(base, page, known)}?token={known}", ""
    return base, LOCKED


def _gets_in(base: str, token: str | None) -> bool:
    return _status(f"{base}/api/contents?content=0", token) == 200


def _page(base: str, page: str, token: str | None) -> str:
    return page if _status(base + page, token) == 200 else "/"


def _status(url: str, token: str | None = None) -> int | None:
    request = urllib.request.Request(url)  # noqa: S310  # an address of this machine
    if token:
        request.add_header("Authorization", f"token {token}")
    try:
        with _DIRECT.open(request, timeout=_PATIENCE) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code
    except (OSError, HTTPException):
        return None

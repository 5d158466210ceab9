"""What a Jupyter server tells of itself."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from math import inf
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from opendata_hub.services import seal

_PATIENCE = 10.0  # seconds; one under load takes a few
_LONGEST = 2**20  # bytes of an answer; a thousand kernels take a third of it


_NONSENSE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What comes of reading an answer that somebody has made up."""


class Silent(Exception):
    """Nobody can tell what a server does. The text is the reason, as the end of a sentence."""


@dataclass(frozen=True)
class Life:
    """
    What goes on in a server.

    Attributes:
        busy: how many kernels run something.
        used: seconds since somebody's page asked it for anything; None where a kernel or a
            terminal moved after that, which hides it. JupyterLab asks every few seconds while
            its page can be seen, and not while it is in the background.
        moved: seconds since a kernel or a terminal had output or input; infinity for never.
    """

    busy: int
    used: float | None
    moved: float


async def ask(url: str, token: str) -> Life:
    """
    Ask a server what goes on in it, in a way that it does not count as use.

    Args:
        url: its own address, past the proxy: what the proxy passes on counts as use in the hub.
        token: one that the server's owner may know, who may be all that answers there.

    Raises:
        Silent: it does not answer, or not as a Jupyter server does.
    """
    try:
        # This first: what moves meanwhile then hides it, and is not taken for somebody's use.
        status = await _get(url, "status", token)
        kernels, terminals = await asyncio.gather(
            _get(url, "kernels", token), _terminals(url, token)
        )
        return read(status, kernels, terminals, datetime.now(timezone.utc))
    except (HTTPClientError, OSError) as error:
        raise Silent(f"its server does not answer ({error})") from None
    except _NONSENSE as error:
        raise Silent(f"its server answers what no Jupyter server does ({error!r})") from None


def read(
    status: Mapping[str, Any],
    kernels: list[Mapping[str, Any]],
    terminals: list[Mapping[str, Any]],
    now: datetime,
) -> Life:
    """
    Make sense of three answers.

    A kernel that nobody has ever connected to is told to be ``starting`` for ever, so only
    ``busy`` is busy.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: they are none of a Jupyter server.
    """
    moves = [_age(one["last_activity"], now) for one in (*kernels, *terminals)]
    moved, used = min(moves, default=inf), _age(status["last_activity"], now)
    busy = sum(kernel["execution_state"] == "busy" for kernel in kernels)
    return Life(busy, used if used < moved else None, moved)


def _age(moment: str, now: datetime) -> float:
    return max(0.0, (now - datetime.fromisoformat(moment.replace("Z", "+00:00"))).total_seconds())


async def _terminals(url: str, token: str) -> Any:
    try:
        return await _get(url, "terminals", token)
    except HTTPClientError as error:
        if error.code == 404:  # it has none
            return []
        raise


async def _get(url: str, what: str, token: str) -> Any:
    request = HTTPRequest(
        f"{url}api/{what}?no_track_activity=1",
        headers={"Authorization": f"token {token}"},
        connect_timeout=_PATIENCE,
        request_timeout=_PATIENCE,
        follow_redirects=False,
        ssl_options=seal.for_servers(),
    )
    client = SimpleAsyncHTTPClient(force_instance=True, max_body_size=_LONGEST)
    try:
        return json.loads((await client.fetch(request)).body)
    finally:
        client.close()

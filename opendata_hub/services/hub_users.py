"""Who has a server in the hub, as its API tells services."""

import json
from collections.abc import AsyncIterator
from typing import Any

from jupyterhub.utils import url_path_join
from tornado.httpclient import AsyncHTTPClient

_PAGE = 200  # users an answer; the most that the hub gives
_PATIENCE = 10.0  # seconds
_PAGED = "application/jupyterhub-pagination+json"


async def active_users(url: str, token: str) -> AsyncIterator[dict[str, Any]]:
    """
    Yield the users with a server that runs or is on its way, as the hub's API has them.

    Args:
        url: the API's, such as ``http://127.0.0.1:8081/hub/api``.
        token: with the scopes ``list:users`` and ``read:servers``.

    Raises:
        HTTPClientError, OSError: the hub does not answer.
    """
    headers = {"Authorization": f"token {token}", "Accept": _PAGED}
    offset: int | None = 0
    while offset is not None:
        answer = await AsyncHTTPClient().fetch(
            f"{url_path_join(url, 'users')}?state=active&limit={_PAGE}&offset={offset}",
            headers=headers,
            request_timeout=_PATIENCE,
        )
        page = json.loads(answer.body)
        for user in page["items"]:
            yield user
        following = page["_pagination"]["next"]
        offset = following and following["offset"]

"""Who waits for an image, as the hub tells it."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

from jupyterhub.utils import url_path_join
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from opendata_hub.catalogue import Catalogue, default_of

_PAGE = 200  # users an answer; the most that the hub gives
_PATIENCE = 10.0  # seconds
_PAGED = "application/jupyterhub-pagination+json"

log = logging.getLogger(__name__)


class Students:
    """
    Asks the hub's API, with a token that may list users and read their servers.

    Args:
        url: the API's, such as ``http://127.0.0.1:8081/hub/api``.
        token: with the scopes ``list:users`` and ``read:servers``.
    """

    def __init__(self, url: str, token: str) -> None:
        self._users = url_path_join(url, "users")
        self._headers = {"Authorization": f"token {token}", "Accept": _PAGED}

    async def wait_for(self, catalogue: Catalogue) -> set[str]:
        """
        Return the references of the images whose servers are starting now.

        Empty where the hub does not answer: it may be starting itself.
        """
        try:
            starting = {
                _reference(server["user_options"], catalogue)
                async for user in self._active()
                for server in user["servers"].values()
                if server["pending"] == "spawn"
            }
        except (HTTPClientError, OSError) as error:
            log.warning("The hub does not tell who waits: %s", error)
            return set()
        return starting - {""}

    async def _active(self) -> AsyncIterator[dict[str, Any]]:
        offset: int | None = 0
        while offset is not None:
            answer = await AsyncHTTPClient().fetch(
                f"{self._users}?state=active&limit={_PAGE}&offset={offset}",
                headers=self._headers,
                request_timeout=_PATIENCE,
            )
            page = json.loads(answer.body)
            for user in page["items"]:
                yield user
            following = page["_pagination"]["next"]
            offset = following and following["offset"]


def _reference(options: object, catalogue: Catalogue) -> str:
    """What a start's options mean: the default image where they name none, nothing where they are
    such as the spawner refuses; it may not have looked at them yet.
    """
    given = options if isinstance(options, dict) else {}
    own, slug = given.get("custom_image", ""), given.get("image", "")
    if own:
        return own if isinstance(own, str) else ""
    default = default_of(catalogue.images)
    image = next((image for image in catalogue.images if image.slug == slug), default)
    return image.reference if image else ""

"""Who waits for an image, as the hub tells it."""

import logging

from tornado.httpclient import HTTPClientError

from opendata_hub.catalogue import Catalogue, default_of
from opendata_hub.services.hub_users import active_users

log = logging.getLogger(__name__)


class Students:
    """
    Asks the hub's API, with a token that may list users and read their servers.

    Args:
        url: the API's, such as ``http://127.0.0.1:8081/hub/api``.
        token: with the scopes ``list:users`` and ``read:servers``.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token

    async def wait_for(self, catalogue: Catalogue) -> set[str]:
        """
        Return the references of the images whose servers are starting now.

        Empty where the hub does not answer: it may be starting itself.
        """
        try:
            starting = {
                _reference(server["user_options"], catalogue)
                async for user in active_users(self._url, self._token)
                for server in user["servers"].values()
                if server["pending"] == "spawn"
            }
        except (HTTPClientError, OSError) as error:
            log.warning("The hub does not tell who waits: %s", error)
            return set()
        return starting - {""}


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

"""The work of the service: it asks the hub for servers, as if their owners had."""

import asyncio
import json
import logging
from datetime import datetime, timezone

from jupyterhub.utils import url_escape_path, url_path_join
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from opendata_hub.services.classes.roster import Roster, Task
from opendata_hub.services.hub_users import active_users

_LOOK = 15.0  # seconds between two looks at clock and hub
_APART = 0.2  # seconds between two starts, for the hub to put them in line one by one
_PATIENCE = 60.0  # seconds; the hub answers a start within ten, however long that takes

log = logging.getLogger("opendata_hub.classes")


class Warmer:
    """
    Starts what is due.

    Args:
        url: of the hub's API.
        token: with the scopes ``list:users``, ``read:servers`` and ``servers``.
    """

    def __init__(self, roster: Roster, url: str, token: str) -> None:
        self._roster, self._url, self._token = roster, url, token

    async def run(self) -> None:
        """Work for ever."""
        while True:
            await self.step()
            await asyncio.sleep(_LOOK)

    async def step(self) -> None:
        """Ask for every server that is due, in order; a hub that does not answer is asked again."""
        try:
            active = {user["name"] async for user in active_users(self._url, self._token)}
        except (HTTPClientError, OSError) as error:
            log.warning("The hub does not tell who is here: %s", error)
            return
        tasks = self._roster.due(datetime.now(timezone.utc), active)
        started = []
        for task in tasks:
            started.append(asyncio.create_task(self._start(task)))
            await asyncio.sleep(_APART)
        await asyncio.gather(*started)

    async def _start(self, task: Task) -> None:
        try:
            await AsyncHTTPClient().fetch(
                url_path_join(self._url, "users", url_escape_path(task.user), "server"),
                method="POST",
                headers={"Authorization": f"token {self._token}"},
                body=json.dumps({"image": task.image}) if task.image else "",
                request_timeout=_PATIENCE,
            )
        except HTTPClientError as error:
            # Refused, and will be again: the student's own click tells why.
            log.warning("No server of %s for %s: %s", task.user, task.lesson, error)
        except OSError as error:
            log.warning("The hub does not answer: %s", error)
            return
        else:
            log.info("Server of %s is on its way for %s", task.user, task.lesson)
        self._roster.done(task)

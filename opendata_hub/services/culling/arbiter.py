"""The hook of jupyterhub-idle-culler: it is shown each server, and says whether to stop it."""

import json
import logging
import re
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from math import inf
from typing import Any
from urllib.parse import unquote

from jupyterhub.utils import url_escape_path, url_path_join
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from opendata_hub.engine import Engine
from opendata_hub.errors import EngineError
from opendata_hub.services.culling import container, jupyter, patience
from opendata_hub.services.culling.config import Config
from opendata_hub.services.culling.kept import Kept
from opendata_hub.services.culling.notice import Notice, warn
from opendata_hub.services.culling.patience import ENDLESS, Patience
from opendata_hub.services.culling.record import Look, Record
from opendata_hub.services.culling.verdict import Verdict, judge, spell
from opendata_hub.services.culling.watched import Watched

_OWNER = re.compile(r"/users/([^/]+)/servers?/")
_PATIENCE = 20.0  # seconds for the hub
_LOOKS = 3  # pauses without a look, after which a server is taken to be gone

log = logging.getLogger("opendata_hub.culling")


class Arbiter:
    """
    Decides on servers, and logs one line for each decision.

    Args:
        url: of the hub's API.
        token: with the scope ``read:users:groups``; no server ever sees it.
    """

    def __init__(self, config: Config, engine: Engine, url: str, token: str) -> None:
        self._config, self._engine = config, engine
        self._url, self._token = url, token
        self._servers: dict[tuple[str, str], Watched] = {}
        self._kept = Kept(config.kept, time.monotonic(), config.keep)

    async def __call__(self, server: Mapping[str, Any], **_: Any) -> bool:
        """
        Whether to stop a server now.

        Whatever cannot be found out keeps it.

        Args:
            server: as the hub's API has it.
        """
        user, name = owner(server), server["name"]
        verdict = await self._verdict(user, name)
        would = "would stop, but for dry_run" if self._config.dry_run else "stops"
        log.info(
            "%s %s: %s",
            _shown(user, name),
            would if verdict.stop else "stays",
            verdict.reason,
        )
        if not verdict.stop or self._config.dry_run:
            return False
        self._servers.pop((user, name), None)  # its pages have nothing to hear of any more
        return True

    async def _verdict(self, user: str, name: str) -> Verdict:
        try:
            return await self._look(user, name)
        except jupyter.Silent as silence:
            reason = str(silence)
        except EngineError as error:
            reason = f"the engine does not tell of it ({error})"
        except (HTTPClientError, OSError) as error:
            reason = f"the hub does not tell the groups of its owner ({error})"
        if (user, name) in self._servers:
            self._servers[user, name].record.miss(time.monotonic())
        return Verdict(False, reason)

    async def _look(self, user: str, name: str) -> Verdict:
        found = await container.find(self._engine, user, name)
        life = await jupyter.ask(found.url, found.token)
        lesson, known = self._lesson(user), self._servers.get((user, name))
        clock = time.monotonic()
        if known and known.container == found.id:
            used = known.presence.used(clock, life.used)
        else:
            known, used = None, life.used
        look = Look(clock, life.busy, 0.0 if lesson else used, life.moved, found.cpu)
        if known is None:
            self._servers[user, name] = self._meet(found.id, look)
            return Verdict(False, "this is the first look at it")
        known.record.take(look)
        if lesson:
            known.patience = ENDLESS
            return Verdict(False, f"the class {lesson} is in session")
        known.patience = patience.of(self._config, found.image, await self._groups(user))
        return self._decide(known)

    def _meet(self, container: str, look: Look) -> Watched:
        server = Watched(container, Record(look))
        server.presence.keep(self._kept.until(container))
        return server

    def _decide(self, server: Watched) -> Verdict:
        clock, ahead = time.monotonic(), self._ahead(server.patience)
        kept, watched = server.is_kept(clock), clock - server.since
        if kept:
            return Verdict(False, f"somebody keeps it, for {spell(kept)} more")
        verdict = judge(server.record, server.patience)
        if verdict.stop and watched < ahead:
            return Verdict(False, f"it has been looked at for {spell(watched)}, of {spell(ahead)}")
        return verdict

    def _ahead(self, patience: Patience) -> float:
        """Seconds before a stop at which pages are warned."""
        idle = self._config.idle if patience.idle == inf else patience.idle
        return min(self._config.warn, idle / 2)

    def hear(self, user: str, name: str, focused: bool | None, keep: bool) -> Notice:
        """
        Take what a page tells of a server, and return what it shall say.

        Args:
            focused: whether somebody has it in front; None for a page that is none of the server's.
            keep: somebody has pressed the button.
        """
        clock, config = time.monotonic(), self._config
        server = self._servers.get((user, name))
        if server is None or clock - server.record.clock > _LOOKS * config.check_every:
            return warn(inf, self._ahead(ENDLESS), config.keep)
        if focused is not None:
            server.presence.hear(clock, focused)
        if keep:
            server.presence.keep(clock + config.keep)
            self._kept.keep(server.container, clock, clock + config.keep)
            log.info("%s: somebody keeps it for %s", _shown(user, name), spell(config.keep))
        ahead = self._ahead(server.patience)
        return warn(inf if config.dry_run else server.stops_in(clock, ahead), ahead, config.keep)

    def _lesson(self, user: str) -> str:
        """Name of the class in session that a user is in, or nothing."""
        now = datetime.now(timezone.utc)
        on = (session for session in self._config.sessions if session.start <= now < session.end)
        # capitals are lowered at login, and may stand in a list
        names = (one.name for one in on if user.lower() in map(str.lower, one.users))
        return next(names, "")

    async def _groups(self, user: str) -> list[str]:
        if not self._config.groups:
            return []
        answer = await AsyncHTTPClient().fetch(
            url_path_join(self._url, "users", url_escape_path(user)),
            headers={"Authorization": f"token {self._token}"},
            request_timeout=_PATIENCE,
        )
        groups: list[str] = json.loads(answer.body)["groups"]
        return groups


def _shown(user: str, name: str) -> str:
    return f"{user}/{name}" if name else user


def owner(server: Mapping[str, Any]) -> str:
    """Return whose a server is: its model in the hub's API tells it in an address only."""
    match = _OWNER.search(server["progress_url"])
    if not match:
        raise ValueError(f"The hub's address of a server names no user: {server['progress_url']}")
    return unquote(match[1])

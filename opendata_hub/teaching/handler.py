"""
The page of a class: how its students' servers are, with buttons to open, start and stop them.

The hub itself decides who may: its roles say whose servers somebody looks after. The page works
without JavaScript; its forms carry the hub's token against forgery.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

from jupyterhub.handlers.base import BaseHandler
from jupyterhub.scopes import needs_scope
from jupyterhub.user import User
from jupyterhub.utils import url_escape_path, url_path_join
from tornado import web

from opendata_hub.own_page import OwnPage
from opendata_hub.teaching import standing

PAGE = "class"
"""Where it is, below the hub's own address; followed by the group of the class."""

_SOON, _LATER = 3, 30  # seconds after which the page looks again; soon while something happens

_under_way: set[asyncio.Future[None]] = set()


class _Handler(BaseHandler):
    def initialize(self, classes: Sequence[str]) -> None:
        self.classes = classes

    def taught(self) -> list[str]:
        """Return the classes that this user looks after; for admins, all."""
        return [name for name in self.classes if self.has_scope(f"servers!group={name}")]

    def require(self, name: str) -> None:
        """Answer that there is no such class, as to anybody who may not see it."""
        if name not in self.taught():
            raise web.HTTPError(404)

    def page(self, name: str) -> str:
        """Return the address of a class's page."""
        return str(url_path_join(self.hub.base_url, PAGE, url_escape_path(name)))


class ClassesHandler(_Handler):
    """``/hub/class``: on to one's class; where there are several, the first."""

    @web.authenticated
    async def get(self) -> None:
        """Go to the first class."""
        taught = self.taught()
        if not taught:
            raise web.HTTPError(404)
        self.redirect(self.page(taught[0]))


class ClassHandler(_Handler, OwnPage):
    """``/hub/class/<group>``."""

    template = "class.html"

    @web.authenticated
    async def get(self, name: str) -> None:
        """Show the students and their servers."""
        self.require(name)
        rows = [
            row
            for student in standing.students(self.db, name)
            for row in standing.standings(self.users[student])
        ]
        busy = any(row.state in (standing.STARTING, standing.STOPPING) for row in rows)
        self.set_header("Cache-Control", "no-store")
        page = await self.render_template(
            self.template,
            group=name,
            rows=rows,
            tabs=[(other, self.page(other)) for other in self.taught()],
            here=self.page(name),
            running=sum(row.state == standing.RUNNING for row in rows),
            look_again=_SOON if busy else _LATER,
        )
        self.finish(page)


class ServerHandler(_Handler):
    """``POST /hub/class/<group>/<user>/start``, or ``stop`` or ``restart``; ``server`` names it."""

    @web.authenticated
    async def post(self, name: str, user: str, action: str) -> None:
        """Begin it, and go back to the page, which shows how it goes on."""
        self.require(name)
        if user not in [student.name for student in standing.students(self.db, name)]:
            raise web.HTTPError(404)
        await self._do(action, self.get_body_argument("server", ""), user_name=user)
        self.redirect(self.page(name), status=303)

    @needs_scope("servers")
    async def _do(self, action: str, server: str, user_name: str) -> None:
        user = self.find_user(user_name)
        if user is None or server not in ("", *user.orm_spawners):
            raise web.HTTPError(404)
        spawner = user.spawners[server]
        if action != "start" and spawner.pending != "stop":
            self._begin(self._stopped(user, server, again=action == "restart"))
        elif action == "start" and not spawner.active:
            self._begin(self._started(user, server))
        await asyncio.sleep(0)  # begun now, the page shows it

    def _begin(self, work: Awaitable[None]) -> None:
        """Do it after the answer: a stop takes ten seconds, a start may wait in line."""
        task = asyncio.ensure_future(work)
        _under_way.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Future[None]) -> None:
        _under_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.log.warning("Asked for by an instructor, and failed: %s", error)

    async def _started(self, user: User, server: str) -> None:
        """Start it with what it was last started with."""
        user.get_spawner(server, replace_failed=True)
        await self.spawn_single_user(user, server)

    async def _stopped(self, user: User, server: str, again: bool) -> None:
        spawner = user.spawners[server]
        if spawner.pending == "spawn" and spawner._spawn_future:
            spawner._spawn_future.cancel()
            await asyncio.wait([spawner._spawn_future])
        if spawner.ready:
            await (await self.stop_single_user(user, server))
        if again and not spawner.active:
            await self._started(user, server)


def handlers(classes: Sequence[str]) -> list[tuple[str, type, dict[str, Any]]]:
    """
    Return the pages, for ``c.JupyterHub.extra_handlers``.

    Args:
        classes: groups of the classes that there are.
    """
    given = {"classes": classes}
    return [
        (f"/{PAGE}", ClassesHandler, given),
        (rf"/{PAGE}/([^/]+)", ClassHandler, given),
        (rf"/{PAGE}/([^/]+)/([^/]+)/(start|stop|restart)", ServerHandler, given),
    ]

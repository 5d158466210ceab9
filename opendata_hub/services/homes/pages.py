"""The service's address: a page for each user, a table for admins, JSON for JupyterLab."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jupyterhub.services.auth import HubAuth, HubOAuthenticated
from jupyterhub.utils import url_path_join
from tornado import web

from opendata_hub.errors import EngineError, StorageError
from opendata_hub.fields import format_size
from opendata_hub.services import answers
from opendata_hub.services.answers import Answer, Callback
from opendata_hub.services.homes import paths
from opendata_hub.services.homes.hands import Hands, Names
from opendata_hub.services.homes.install import ALL
from opendata_hub.services.homes.meter import Meter
from opendata_hub.services.homes.table import Table, table

_TEMPLATES = Path(__file__).parent / "templates"


def application(prefix: str, meter: Meter, hands: Hands, cookie_secret: bytes) -> web.Application:
    """
    Return the pages below ``prefix``; the hub decides who may see them.

    ``GET /`` is one's own home, or with ``path`` a folder of it; ``POST /delete`` asks whether to
    delete what it is given, and does so where that is ``sure``. ``GET /all`` is for admins, as is
    ``GET /api``, its JSON. ``GET /user/<name>/`` or ``/user/<name>/<server>/``, with a token of the
    hub that opens this server, gives the fields of :class:`.gauge.Gauge`.
    """
    given = {"meter": meter, "hands": hands}
    pages = [
        ("", _Own, given),
        ("delete", _Delete, given),
        ("all", _All, given),
        ("api", _Json, given),
        (r"user/([^/]+)/(?:([^/]+)/)?", _Server, {"meter": meter, "auth": HubAuth()}),
        ("oauth_callback", Callback, {}),
    ]
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= {"size": format_size, "show": paths.show, "write": paths.write}
    return web.Application(
        [(url_path_join(prefix, path), handler, more) for path, handler, more in pages],
        cookie_secret=cookie_secret,
        **answers.settings(),
        templates=environment,
    )


class _Handler(HubOAuthenticated, Answer):
    def initialize(self, meter: Meter, hands: Hands) -> None:
        self.meter, self.hands = meter, hands

    @property
    def user(self) -> str:
        name: str = self.current_user["name"]
        return name

    @property
    def sees_all(self) -> bool:
        return bool(self.hub_auth.check_scopes(ALL, self.current_user))

    def show(self, template: str, **values: Any) -> None:
        page = self.settings["templates"].get_template(template)
        self.finish(
            page.render(
                hub=self.hub_auth.hub_prefix,
                prefix=self.hub_auth.base_url,
                xsrf=self.xsrf_token.decode(),
                sees_all=self.sees_all,
                **values,
            )
        )

    async def show_own(self, path: Names, said: str = "", faults: list[str] | None = None) -> None:
        """Show a folder of one's own home, and what was just done there."""
        gauge, found, reason = None, None, ""
        try:
            if await self.meter.storage.has(self.user):
                found = await self.hands.look(self.user, path)
                if not path:
                    self.meter.note(self.user, found["total"])
                gauge = await self.meter.look(self.user)
        except (StorageError, EngineError) as error:
            reason = str(error)
        self.show(
            "own.html",
            gauge=gauge,
            found=found,
            path=path,
            said=said,
            faults=faults or (),
            reason=reason,
        )


class _Own(_Handler):
    @web.authenticated
    async def get(self) -> None:
        await self.show_own(paths.read(self.get_query_argument("path", "")))


class _Delete(_Handler):
    @web.authenticated
    async def post(self) -> None:
        chosen = [paths.read(text) for text in self.get_body_arguments("chosen")]
        path = paths.read(self.get_body_argument("path", ""))
        if not chosen:
            await self.show_own(path, said="Nothing was chosen.")
        elif self.get_body_argument("sure", ""):
            await self._delete(path, chosen)
        else:
            self.show("sure.html", path=path, chosen=chosen)

    async def _delete(self, path: Names, chosen: list[Names]) -> None:
        try:
            faults = await self.hands.remove(self.user, chosen)
            await self.meter.measure_anew(self.user)
        except (StorageError, EngineError) as error:
            faults = [str(error)]
        said = "Some of it could not be deleted:" if faults else "Deleted."
        await self.show_own(path, said, faults)


class _All(_Handler):
    @web.authenticated
    async def get(self) -> None:
        self.show("all.html", **(await _table(self))._asdict())


class _Json(_Handler):
    @web.authenticated
    async def get(self) -> None:
        self.finish((await _table(self)).plain())


async def _table(handler: _Handler) -> Table:
    if not handler.sees_all:
        raise web.HTTPError(403)
    return await table(handler.meter)


class _Server(Answer):
    """Pages ask here with a token in a header: there is no cookie to forge."""

    def initialize(self, meter: Meter, auth: HubAuth) -> None:
        self.meter, self.auth = meter, auth

    async def get(self, user: str, name: str | None) -> None:
        if not await self._may_open(f"{user}/{name or ''}"):
            raise web.HTTPError(403)
        try:
            self.finish((await self.meter.look(user))._asdict())
        except (StorageError, EngineError) as error:
            raise web.HTTPError(503) from error

    async def _may_open(self, server: str) -> bool:
        token = self.auth.get_token(self, in_cookie=False)
        model: dict[str, Any] | None = token and await self.auth.user_for_token(token, sync=False)
        return bool(model and self.auth.check_scopes(f"access:servers!server={server}", model))

"""The service's address: a page for people, JSON for scripts, metrics for Prometheus."""

from collections import Counter
from pathlib import Path
from time import monotonic
from typing import Any

import docker
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jupyterhub.services.auth import HubOAuthenticated
from jupyterhub.utils import url_path_join
from tornado import web

from opendata_hub.engine import translated
from opendata_hub.engine.lanes import in_background
from opendata_hub.errors import EngineError
from opendata_hub.fields import format_size
from opendata_hub.homes import LABEL, SERVERS
from opendata_hub.services import answers
from opendata_hub.services.answers import Answer, Callback
from opendata_hub.services.images.keeper import Keeper
from opendata_hub.services.images.report import Report

_TEMPLATES = Path(__file__).parent / "templates"


def application(
    prefix: str, keeper: Keeper, client: docker.DockerClient, cookie_secret: bytes
) -> web.Application:
    """
    Return the pages below ``prefix``; the hub decides who may see them.

    ``GET /`` is the page, ``GET /api`` its JSON, ``POST /api/<slug>`` asks for an image and
    ``GET /metrics`` is for Prometheus. Scripts send a token of the hub's.
    """
    given = {"keeper": keeper, "client": client}
    pages = [
        ("", _Page, given),
        ("pull", _Button, given),
        ("api", _Json, given),
        (r"api/([a-z0-9-]+)", _Ask, given),
        ("metrics", _Metrics, given),
        ("oauth_callback", Callback, {}),
    ]
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= {"size": format_size, "duration": _duration}
    return web.Application(
        [(url_path_join(prefix, path), handler, more) for path, handler, more in pages],
        cookie_secret=cookie_secret,
        **answers.settings(),
        template=environment.get_template("images.html"),
    )


class _Handler(HubOAuthenticated, Answer):
    def initialize(self, keeper: Keeper, client: docker.DockerClient) -> None:
        self.keeper, self.client = keeper, client

    async def report(self) -> Report:
        try:
            users = await in_background(lambda: _users(self.client), "images-users")
        except EngineError:
            users = Counter()  # the page says that the engine does not answer
        return Report(self.keeper, users, monotonic())

    def ask(self, slug: str) -> bool:
        """Ask for an image; where there is none of this name, answer so."""
        known = self.keeper.ask(slug)
        if not known:
            names = ", ".join(self.keeper.shelf.entries)
            self.set_status(404)
            self.finish({"status": 404, "message": f"No image '{slug}'; there are: {names}."})
        return known


class _Page(_Handler):
    @web.authenticated
    async def get(self) -> None:
        report = await self.report()
        page = self.settings["template"].render(
            report.plain(),
            hub=self.hub_auth.hub_prefix,
            prefix=self.hub_auth.base_url,
            xsrf=self.xsrf_token.decode(),
        )
        self.finish(page)


class _Button(_Handler):
    @web.authenticated
    def post(self) -> None:
        if self.ask(self.get_body_argument("slug")):
            self.redirect(self.hub_auth.base_url)


class _Json(_Handler):
    @web.authenticated
    async def get(self) -> None:
        self.finish((await self.report()).plain())


class _Ask(_Handler):
    @web.authenticated
    def post(self, slug: str) -> None:
        if self.ask(slug):
            self.set_status(202)


class _Metrics(_Handler):
    @web.authenticated
    async def get(self) -> None:
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.finish((await self.report()).metrics())


def _users(client: docker.DockerClient) -> Counter[str]:
    with translated():
        servers: list[dict[str, Any]] = client.api.containers(filters={"label": SERVERS})
    return Counter(server["Labels"].get(f"{LABEL}.image", "") for server in servers)


def _duration(seconds: float) -> str:
    """Write a time to wait for people."""
    if seconds < 60:
        return "less than a minute"
    minutes = round(seconds / 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'}"

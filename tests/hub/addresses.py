"""Every address that the hub and our services answer, taken from their own code."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from jupyterhub import apihandlers, handlers
from tornado.web import Application, RequestHandler

from opendata_hub import services
from opendata_hub.lessons import HANDLERS
from opendata_hub.login.native import NativeAuthenticator
from opendata_hub.services.culling.pages import application as culling
from opendata_hub.services.homes.pages import application as homes
from opendata_hub.services.images.pages import application as images
from opendata_hub.teaching.handler import handlers as teaching

SAFE = ("get", "head", "options")
_ANY: Any = None
_SERVICES = {
    "culling": lambda prefix: culling(prefix, _ANY, _ANY),
    "homes": lambda prefix: homes(prefix, _ANY, _ANY, b"secret"),
    "images": lambda prefix: images(prefix, _ANY, _ANY, b"secret"),
}


class Address(NamedTuple):
    """A path, as somebody named ``user`` would ask for it, and what may be done with it."""

    path: str
    method: str

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


def with_pages() -> set[str]:
    """Return the services that have pages, as the package has them."""
    found = (module.name for module in pkgutil.iter_modules(services.__path__) if module.ispkg)
    return {name for name in found if _has_pages(name)}


def _has_pages(name: str) -> bool:
    package = importlib.import_module(f"opendata_hub.services.{name}")
    return "pages" in {module.name for module in pkgutil.iter_modules(package.__path__)}


def of_services() -> Iterator[Address]:
    """Return each service's addresses."""
    for name, application in _SERVICES.items():
        yield from _of(application(f"/services/{name}/"))


def known() -> set[str]:
    """Return the services whose addresses are told."""
    return set(_SERVICES)


def _of(application: Application) -> Iterator[Address]:
    for rule in application.wildcard_router.rules:
        for method in _methods(rule.target):
            yield Address(_example(rule.matcher.regex.pattern), method)


def of_hub() -> Iterator[Address]:
    """Return the hub's addresses: JupyterHub's own, those of the login, and ours."""
    login = NativeAuthenticator.get_handlers(NativeAuthenticator.__new__(NativeAuthenticator), None)
    pages = (*login, *HANDLERS, *teaching(["user"]))
    ours = {path for path, *_ in pages}
    theirs = (one for one in (*handlers.default_handlers, *apihandlers.default_handlers))
    for path, handler, *_ in (*pages, *(one for one in theirs if one[0] not in ours)):
        for method in _methods(handler):
            yield Address(f"/hub{_example(path)}", method)


def _methods(handler: type[RequestHandler]) -> Iterator[str]:
    for method in ("get", "post", "put", "patch", "delete"):
        if getattr(handler, method) is not getattr(RequestHandler, method):
            yield method


def _example(pattern: str) -> str:
    """``/users/([^/]+)/server$`` -> ``/users/user/server``."""
    path = pattern.rstrip("$").replace("(?P<user_name>[^/]+)(?P<user_path>/.*)?", "user/")
    path = re.sub(r"\(\?:\(\[\^/\]\+\)/\)\?|\(\?:/\(\[\^/\]\+\)\)\?|\(\.\*\)\?|/\?$", "", path)
    path = re.sub(r"\((?:\[\^/\]|\[a-z0-9-\])[+*]\)", "user", path)
    path = re.sub(r"\(\\d\+\)", "404", path).replace("(start|stop|restart)", "stop")
    assert not re.search(r"[\[\]()*+?\\^$]", path), path
    return path

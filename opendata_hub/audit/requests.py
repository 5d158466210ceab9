"""Requests that change something on the hub, one place for all of them: where it logs them."""

import re
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from jupyterhub import orm
from jupyterhub.log import log_request
from traitlets.log import get_logger

from opendata_hub.audit.emitting import emit, name_of, typed

_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_NAME = r"([^/]+)"
_SERVER = rf"api/users/{_NAME}/servers?(?:/([^/]*))?"


class _Kind(NamedTuple):
    """Requests of a kind: method, path below the hub's, and what its groups are."""

    methods: tuple[str, ...]
    path: str
    event: str
    groups: tuple[str, ...] = ()


_KINDS = (
    _Kind(("POST",), _SERVER, "server-start-asked", ("user", "server")),
    _Kind(("DELETE",), _SERVER, "server-stop-asked", ("user", "server")),
    _Kind(("POST",), rf"spawn(?:/{_NAME}(?:/{_NAME})?)?", "server-start-asked", ("user", "server")),
    _Kind(("POST",), rf"class/{_NAME}/{_NAME}/start", "server-start-asked", ("group", "user")),
    _Kind(("POST",), rf"class/{_NAME}/{_NAME}/restart", "server-restart-asked", ("group", "user")),
    _Kind(("POST",), rf"class/{_NAME}/{_NAME}/stop", "server-stop-asked", ("group", "user")),
    _Kind(("POST",), "api/users", "user-made"),
    _Kind(("POST",), rf"api/users/{_NAME}", "user-made", ("user",)),
    _Kind(("DELETE",), rf"api/users/{_NAME}", "user-deleted", ("user",)),
    _Kind(("PATCH",), rf"api/users/{_NAME}", "user-changed", ("user",)),
    _Kind(("POST",), rf"api/users/{_NAME}/tokens", "token-made", ("user",)),
    _Kind(("DELETE",), rf"api/users/{_NAME}/tokens/{_NAME}", "token-revoked", ("user", "token")),
    _Kind(("POST",), rf"api/groups/{_NAME}", "group-made", ("group",)),
    _Kind(("DELETE",), rf"api/groups/{_NAME}", "group-deleted", ("group",)),
    _Kind(("PUT",), rf"api/groups/{_NAME}/properties", "group-changed", ("group",)),
    _Kind(("POST",), rf"api/groups/{_NAME}/users", "group-joined", ("group",)),
    _Kind(("DELETE",), rf"api/groups/{_NAME}/users", "group-left", ("group",)),
    _Kind(("POST",), "api/shutdown", "hub-stopped"),
    _Kind(("POST",), "signup", "sign-up"),
    _Kind(("POST",), "change-password", "password-change"),
    _Kind(("POST",), rf"change-password/{_NAME}", "password-change", ("user",)),
    _Kind(("POST",), rf"authorize/{_NAME}", "approval", ("user",)),
    _Kind(("POST",), rf"discard/{_NAME}", "account-discarded", ("user",)),
)
_QUIET = re.compile(
    rf"login|security/csp-report|api/oauth2/token|api/users/{_NAME}/activity|api/authorizations.*"
)
"""Logins have events of their own; servers and browsers send the others without anybody's doing."""


def log(handler: Any) -> None:
    """Log a request as the hub does, and emit the event of one that has changed something."""
    log_request(handler)
    try:
        _note(handler)
    except Exception:  # the request has been answered
        get_logger().exception("A request is not written down")


def _note(handler: Any) -> None:
    hub, method = handler.settings.get("hub"), handler.request.method
    path = handler.request.path
    if handler.get_status() >= 400 or not hub or not path.startswith(hub.base_url):
        return
    path = path.removeprefix(hub.base_url)
    if path == "logout":
        _logged_out(handler)
    elif path == "api/oauth2/authorize":
        _opened(handler)
    elif method == "GET" and _has_started(handler, path):
        _changed(handler, "POST", path)
    else:
        _changed(handler, method, path)


def _changed(handler: Any, method: str, path: str) -> None:
    by = {"by": name_of(_actor(handler)), "through": _through(handler)}
    for kind in _KINDS:
        if method in kind.methods and (match := re.fullmatch(kind.path, path)):
            names = [unquote(name) if name else name for name in match.groups()]
            facts = dict(zip(kind.groups, names, strict=True))
            emit(handler, kind.event, **by, **{**facts, **_told(handler, kind.event, facts)})
            return
    if method in _WRITES and not _QUIET.fullmatch(path):
        emit(handler, "request", **by, method=method, path=handler.request.path)


def _told(handler: Any, event: str, facts: dict[str, Any]) -> dict[str, Any]:
    """What only the body says; nothing where it cannot be read, which hides no event."""
    try:
        return _said(handler, event, facts)
    except Exception:  # the hub has done without the body
        return {}


def _said(handler: Any, event: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Names and rights, nothing else of the body."""
    own = {"user": name_of(_actor(handler))}
    if event == "sign-up":
        return {"user": typed(handler.get_body_argument("username", ""))}
    if event == "approval":
        return {"approved": handler.get_body_argument("approve", "") == "yes"}
    if "group" in facts and event.startswith("server-"):
        return {"server": handler.get_body_argument("server", "")}
    if event in ("password-change", "server-start-asked") and not facts.get("user"):
        return own
    if not event.startswith(("user-", "group-", "token-")):
        return {}
    body = handler.get_json_body() if handler.request.body else None
    return _names(body) if isinstance(body, dict) else {}


def _names(body: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, key in (("users", "users"), ("usernames", "users"), ("scopes", "scopes")):
        if isinstance(body.get(name), list):
            told[key] = [str(one) for one in body[name]]
    if isinstance(body.get("admin"), bool):
        told["admin"] = body["admin"]
    return told


def _logged_out(handler: Any) -> None:
    """The hub forgets who it was before it logs the request; their cookie still tells."""
    if actor := handler.get_current_user_cookie():
        emit(handler, "logout", by=name_of(actor))


def _has_started(handler: Any, path: str) -> bool:
    """Whether a page has started a server without a form, such as a link with its options."""
    place = urlsplit(handler._headers.get("Location", "")).path
    return path.partition("/")[0] == "spawn" and "/spawn-pending/" in place


def _opened(handler: Any) -> None:
    """Somebody's browser gets into a server: of interest where it is not their own."""
    answer = parse_qs(urlsplit(handler._headers.get("Location", "")).query)
    if "code" not in answer:
        return
    asked = handler.get_argument("client_id", "")
    client = handler.db.query(orm.OAuthClient).filter_by(identifier=asked).one_or_none()
    by = name_of(_actor(handler))
    spawner = client and client.spawner
    if spawner and name_of(spawner.user) != by:
        emit(handler, "server-opened", by=by, user=spawner.user.name, server=spawner.name)


def _actor(handler: Any) -> Any:
    return getattr(handler, "_jupyterhub_user", None)


def _through(handler: Any) -> str:
    return "token" if getattr(handler, "_token_authenticated", False) else ""

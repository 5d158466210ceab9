"""Logins that succeed and that fail, whatever people log in with."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from jupyterhub.handlers.base import BaseHandler
from tornado import web

from opendata_hub.audit.emitting import emit, typed, user

_REASONS = {
    403: "not let in",
    429: "too many failures",
    500: "a fault of the login",
    503: "too many at once",
}
_Authenticate = Callable[[Any, Any], Awaitable[Any]]


def watch() -> None:
    """Have the hub of this process emit an event for each login; it has none of its own."""
    if not hasattr(BaseHandler.authenticate, "__wrapped__"):
        BaseHandler.authenticate = _watched(BaseHandler.authenticate)


def _watched(authenticate: _Authenticate) -> _Authenticate:
    @wraps(authenticate)
    async def watched(handler: Any, data: Any) -> Any:
        try:
            model = await authenticate(handler, data)
        except web.HTTPError as error:
            reason = _REASONS.get(error.status_code, "refused")
            _failed(handler, data, reason, getattr(error, "user", None))
            raise
        if model:
            emit(handler, "login", by=user(model["name"]), method=_method(handler))
        else:
            _failed(handler, data)
        return model

    return watched


def _failed(handler: Any, data: Any, reason: str = "", known: str | None = None) -> None:
    name = data.get("username") if isinstance(data, dict) else None
    who = user(known) if known else typed(name)
    emit(handler, "login-failed", user=who, method=_method(handler), reason=reason)


def _method(handler: Any) -> str:
    return type(handler.authenticator).__name__.removesuffix("Authenticator").lower()

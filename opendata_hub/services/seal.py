"""The certificates of a service, where the hub has ``internal_ssl``."""

import os
import ssl
from functools import lru_cache
from pathlib import Path

from jupyterhub.utils import make_ssl_context
from tornado.httpclient import AsyncHTTPClient

_NAMES = ("JUPYTERHUB_SSL_KEYFILE", "JUPYTERHUB_SSL_CERTFILE", "JUPYTERHUB_SSL_CLIENT_CA")


def speak_sealed() -> None:
    """Have whatever this process asks the hub by tornado's client carry its certificate."""
    if _NAMES[0] in os.environ:
        context = make_ssl_context(*(os.environ[name] for name in _NAMES))
        AsyncHTTPClient.configure(None, defaults={"ssl_options": context})


@lru_cache
def for_servers() -> ssl.SSLContext | None:
    """
    Return the certificates that people's servers answer to; None where nothing is encrypted.

    They are the hub's own, beside which those of its services lie: servers answer nobody else.
    """
    place = certificates()
    if place is None:
        return None
    own, authority = place / "hub-internal", place / "hub-ca_trust.crt"
    context: ssl.SSLContext = make_ssl_context(
        str(own / "hub-internal.key"), str(own / "hub-internal.crt"), str(authority)
    )
    return context


def certificates() -> Path | None:
    """Return the folder with all certificates of the hub; None where nothing is encrypted."""
    key = os.environ.get(_NAMES[0])
    return Path(key).parent.parent if key else None

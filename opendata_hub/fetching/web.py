"""The way to servers: by the site's proxy, trusting its authority, and never out of the web."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests import exceptions
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from opendata_hub import __version__
from opendata_hub.errors import DataError
from opendata_hub.machine import trust

TROUBLE = (requests.RequestException, HTTPError)
"""What a request raises, and reading its answer."""

PATIENCE = (10, 30)
"""Seconds: to be connected, and between two pieces of an answer."""

_HOPELESS = (
    exceptions.InvalidSchema,
    exceptions.InvalidURL,
    exceptions.MissingSchema,
    exceptions.TooManyRedirects,
)


@contextmanager
def session(at_a_time: int) -> Iterator[requests.Session]:
    """Open connections, so many at a time; the environment says by which proxy and authority."""
    with requests.Session() as opened:
        for scheme in ("http://", "https://"):
            opened.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=at_a_time))
        # What is asked for are the bytes of files, not some other form of them.
        opened.headers.update(
            {"Accept-Encoding": "identity", "User-Agent": f"opendata-hub/{__version__}"}
        )
        if trust.BUNDLE.exists():
            opened.verify = str(trust.BUNDLE)
        opened.hooks["response"].append(_stay_in_the_web)
        yield opened


def _stay_in_the_web(answer: requests.Response, **_: Any) -> None:
    if not answer.is_redirect:
        return
    try:
        scheme = urlsplit(urljoin(answer.url, answer.headers["location"])).scheme
        where = f"{scheme}://…"
    except ValueError:
        scheme, where = "", "what is no address"
    if scheme not in {"https", urlsplit(answer.url).scheme}:
        answer.close()
        raise DataError(
            f"{answer.url} leads on to {where}, which is not followed; write the URL of the file "
            "itself."
        )


def is_hopeless(error: Exception) -> bool:
    """Whether another try would end the same way."""
    return isinstance(error, _HOPELESS) or _is_distrust(error)


def reason(error: Exception) -> str:
    """Say what was wrong with a request, for people."""
    if _is_distrust(error):
        return (
            "its certificate is not trusted; where the site has an authority of its own, write "
            "site.ca_bundle into hub.yaml"
        )
    if isinstance(error, exceptions.ProxyError):
        return "the web proxy does not let it through; look at site.http_proxy in hub.yaml"
    if isinstance(error, exceptions.Timeout):
        return "it does not answer"
    if isinstance(error, exceptions.ConnectionError):
        return "it cannot be reached, for want of a network or by a wrong name"
    if isinstance(error, HTTPError):
        return "the line broke off"
    return str(error).rstrip(".")


def _is_distrust(error: Exception) -> bool:
    return isinstance(error, exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)

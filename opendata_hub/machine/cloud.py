"""What the cloud below this machine says of it, if there is one: nobody else is asked."""

import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException

PLACE = ("169.254.169.254", 80)
"""The metadata service: of AWS, OpenStack and Google, and never of the internet."""

_PATIENCE = 1.0  # seconds; it answers at once, or nobody is there
_AWS = "/latest/meta-data/public-ipv4"  # OpenStack's, too
_GOOGLE = "/computeMetadata/v1/instance/network-interfaces/0/access-configs/0/external-ip"


def addresses() -> tuple[str, ...]:
    """Return the public addresses that lead to this machine without being its own."""
    return tuple(dict.fromkeys(_told()))


def _told() -> Iterator[str]:
    try:
        token = _ask("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
        yield from _address(_ask("GET", _AWS, {"X-aws-ec2-metadata-token": token} if token else {}))
        yield from _address(_ask("GET", _GOOGLE, {"Metadata-Flavor": "Google"}))
    except (OSError, HTTPException):
        return


def _ask(method: str, path: str, headers: Mapping[str, str]) -> str:
    with closing(HTTPConnection(*PLACE, timeout=_PATIENCE)) as connection:
        connection.request(method, path, headers=dict(headers))
        answer = connection.getresponse()
        body = answer.read(4096)
    return body.decode("ascii", "replace").strip() if answer.status == 200 else ""


def _address(text: str) -> Iterator[str]:
    try:
        yield str(ipaddress.ip_address(text))
    except ValueError:
        return

"""Who sends a request: what the hub's own proxy says of them, and nothing they say themselves."""

import socket
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from tornado.httpserver import _HTTPRequestContext

_FORGED = ("X-Real-Ip", "X-Scheme")
"""Headers that tornado believes before all others, and that our proxy passes on as they came."""
_CHAIN = "X-Forwarded-For"
_ANY_PORT = 9

_apply = _HTTPRequestContext._apply_xheaders


def believe_own_proxy_only(in_front: bool) -> None:
    """
    Have tornado's servers of this process believe in headers what the proxy of this machine adds.

    Else whoever guesses passwords writes another address into each guess, and so does a student's
    server, which reaches the hub past its proxy.

    Args:
        in_front: whether people come through another program of this machine, such as one that
            speaks TLS, which tells the address then.
    """

    def apply(context: Any, headers: Any) -> None:
        if is_of_this_machine(context.remote_ip):
            for name in _FORGED:
                headers.pop(name, None)
            headers[_CHAIN] = _client(headers.get(_CHAIN, ""), context.remote_ip, in_front)
            _apply(context, headers)

    _HTTPRequestContext._apply_xheaders = apply  # type: ignore[assignment, method-assign]


def _client(chain: str, peer: str, in_front: bool) -> str:
    """Who sent it to the last program of this machine: before that, anything may be made up."""
    for told in reversed(chain.split(",")):
        address = told.strip().removeprefix("::ffff:")
        if _number(address) is None:
            break
        peer = address
        if not (in_front and is_of_this_machine(address)):
            break
    return peer


@lru_cache(maxsize=4096)
def is_of_this_machine(address: str) -> bool:
    """Whether it is an address of this machine: to such a one, packets go out from itself."""
    number = _number(address)
    if isinstance(number, IPv6Address):
        number = number.ipv4_mapped or number
    if number is None or number.is_unspecified:
        return False
    return number.is_loopback or _source(number) == number


def _source(number: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address | None:
    """
    What packets to there would go out from; none goes out.

    Of several addresses in one network it is the first, so the others count as strangers.
    To take an address by ``bind`` tells less: where ``ip_nonlocal_bind`` is on, all can be taken.
    """
    family = socket.AF_INET6 if number.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as way:
            way.connect((str(number), _ANY_PORT))
            return _number(way.getsockname()[0])
    except OSError:
        return None


def _number(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None

"""Who a request is from: only what the proxy of this machine adds is believed."""

import socket
from collections.abc import Iterator

import pytest
from tornado.httpserver import _HTTPRequestContext
from tornado.httputil import HTTPHeaders

from opendata_hub import downstream
from opendata_hub.downstream import is_of_this_machine

STRANGER, STUDENT = "203.0.113.7", "203.0.113.8"


@pytest.fixture(autouse=True)
def tornado() -> Iterator[None]:
    """Tornado as it was, for the other tests of this process."""
    yield
    _HTTPRequestContext._apply_xheaders = downstream._apply  # type: ignore[method-assign]


def remote(peer: str, in_front: bool = False, **headers: str) -> tuple[str, str]:
    """Address and protocol that tornado tells of a request from a peer."""
    downstream.believe_own_proxy_only(in_front)
    context = _HTTPRequestContext.__new__(_HTTPRequestContext)
    context.remote_ip, context.protocol, context.trusted_downstream = peer, "http", set()
    told = HTTPHeaders({name.replace("_", "-"): value for name, value in headers.items()})
    context._apply_xheaders(told)
    return context.remote_ip, context.protocol


@pytest.mark.parametrize(
    ("peer", "headers", "address"),
    [
        ("127.0.0.1", {"X_Forwarded_For": STRANGER}, STRANGER),
        ("127.0.0.1", {"X_Forwarded_For": f"::ffff:{STRANGER}"}, STRANGER),
        ("127.0.0.1", {"X_Forwarded_For": f"1.1.1.1, 2.2.2.2,{STRANGER}"}, STRANGER),
        ("127.0.0.1", {"X_Forwarded_For": STRANGER, "X_Real_Ip": "6.6.6.6"}, STRANGER),
        ("127.0.0.1", {"X_Forwarded_For": "6.6.6.6, <script>"}, "127.0.0.1"),
        ("127.0.0.1", {"X_Real_Ip": "6.6.6.6"}, "127.0.0.1"),
        (STUDENT, {"X_Forwarded_For": "6.6.6.6"}, STUDENT),
        (STUDENT, {"X_Real_Ip": "6.6.6.6"}, STUDENT),
    ],
)
@pytest.mark.parametrize("in_front", [True, False])
def test_nobody_makes_up_an_address(
    peer: str, headers: dict[str, str], address: str, in_front: bool
) -> None:
    """Not by any header, through the proxy or past it."""
    assert remote(peer, in_front, **headers)[0] == address


def test_behind_another_proxy_of_this_machine() -> None:
    """Its word counts where people can come through it only; else anybody could be one."""
    for chain in (f"{STRANGER},127.0.0.1", f"6.6.6.6, {STRANGER}, ::1"):
        assert remote("127.0.0.1", True, X_Forwarded_For=chain)[0] == STRANGER
        assert is_of_this_machine(remote("127.0.0.1", False, X_Forwarded_For=chain)[0])
    assert remote("127.0.0.1", True, X_Forwarded_For="127.0.0.1")[0] == "127.0.0.1"


def test_the_protocol_is_what_the_proxy_says() -> None:
    """Not a header that the proxy passes on as it came."""
    assert remote("127.0.0.1", X_Forwarded_Proto="https")[1] == "https"
    assert remote("127.0.0.1", X_Scheme="https")[1] == "http"
    assert remote(STUDENT, X_Forwarded_Proto="https")[1] == "http"


def test_addresses_of_this_machine_are_known() -> None:
    """Of either kind; everybody's is nobody's."""
    assert all(map(is_of_this_machine, ("127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1")))
    assert not any(map(is_of_this_machine, (STUDENT, "2001:db8::1", "::", "", "x\0")))
    assert not any(map(is_of_this_machine, ("::ffff:0.0.0.0", "224.0.0.1", "255.255.255.255")))


def test_an_address_that_can_be_taken_need_not_be_this_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where net.ipv4.ip_nonlocal_bind is on, as for addresses that wander, all can be taken."""
    monkeypatch.setattr(socket.socket, "bind", lambda *_: None)
    is_of_this_machine.cache_clear()

    assert not is_of_this_machine(STUDENT)
    assert is_of_this_machine("127.0.0.1")

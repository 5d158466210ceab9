"""What is open in servers by the engine's or the operator's doing is told in the hub's log."""

import logging
from collections.abc import Iterator

import pytest

from opendata_hub.spawner import holes

HELD = {"Architecture": "x86_64", "SecurityOptions": ["name=seccomp,profile=default"]}


@pytest.fixture(autouse=True)
def untold() -> Iterator[None]:
    """As after the hub's start."""
    holes._told.clear()
    yield
    holes._told.clear()


def test_a_mount_with_the_engines_socket_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """It is the operator's business, but they should know."""
    for _ in range(2):
        holes.tell(logging.getLogger(), HELD, ["/var/run", "/srv/data", "a-volume"])

    (said,) = caplog.messages
    assert said.startswith("Servers mount /var/run, in which the engine's socket is")


def test_an_engine_without_seccomp_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Servers start all the same."""
    holes.tell(logging.getLogger(), {}, [])

    (said,) = caplog.messages
    assert "(seccomp)" in said

"""The https address of a hub that is started: its ports, and whether it answers by now."""

import time
from collections.abc import Iterable, Iterator

from opendata_hub.errors import MachineError
from opendata_hub.machine import handshake, own_command, ports
from opendata_hub.machine.health.https import Address
from opendata_hub.machine.health.outside import Target
from opendata_hub.machine.reach import Door
from opendata_hub.services.https.configuration import AUTHORITY_PATH
from opendata_hub.services.https.places import Places, problem
from opendata_hub.settings import Settings
from opendata_hub.settings.state import State
from opendata_hub.settings.tls import config

_LONG = 90.0  # seconds after which nobody waits for an authority any more


class Gate:
    """
    Caddy's part of a hub.

    Args:
        settings: with an https address.
    """

    def __init__(self, settings: Settings) -> None:
        self._config = config(settings.hub, settings.https, State(settings.folder).caddy)
        self._since = 0.0

    def prepare(self, inner: Iterable[int]) -> None:
        """
        Make sure that Caddy will have its ports, and forget what an earlier run has said.

        Args:
            inner: ports of the hub behind it.

        Raises:
            MachineError: one is taken, or for root only.
        """
        doors = filter(None, (self._config.port, self._config.http_port))
        for port in (*doors, *inner):
            if taken := ports.fault(port):
                needed = f"Port {port} {taken}; {self._config.url} needs it."
                raise MachineError(f"{needed} {_mend(taken)}")
        Places(self._config.folder).problem.unlink(missing_ok=True)

    def is_settled(self) -> bool:
        """Whether it is known how it went: it answers, or there is a reason, or it takes long."""
        self._since = self._since or time.monotonic()
        too_long = time.monotonic() - self._since > _LONG
        return too_long or bool(problem(self._config.folder)) or self._answers()

    def lines(self) -> Iterator[str]:
        """Say what is to be known of the address, as of now."""
        self._since = 0.0  # a hub that is run again has as long
        if not self._answers():
            why = problem(self._config.folder) or "The authority has not answered yet."
            yield f"It does not answer there yet. {why}"
            yield "Once that is mended, it answers there by itself."
        elif self._config.authority == "lan":
            place = f"{self._config.url}{AUTHORITY_PATH}"
            yield f"Browsers trust it when they have its authority: {place}"

    def _answers(self) -> bool:
        told = self._config
        return handshake.answers(told.host, told.port, told.listen or "127.0.0.1", "/hub/health")


def address(settings: Settings) -> Address:
    """Return what ``doctor`` looks at."""
    told = config(settings.hub, settings.https, State(settings.folder).caddy)
    places = Places(told.folder)
    is_own = settings.https.kind == "lan"
    return Address(
        url=told.url,
        host=told.host,
        doors=tuple(port for port in (told.port, told.http_port) if port),
        listen=told.listen or "127.0.0.1",
        root=places.root if is_own and places.root.exists() else None,
        kept=told.certificate or places.certificate(told.host),
        problem=problem(told.folder),
        program=places.configuration,
        renewal=f"see why: {own_command.log()}" if told.is_acme else "put a new one into its place",
    )


def target(settings: Settings) -> Target:
    """Return what ``doctor`` looks for from outside; also of a hub without https."""
    hub = settings.hub
    if not hub.is_https:
        return Target(hub.url, hub.host, (Door(hub.port, encrypted=False),))
    told = config(hub, settings.https, State(settings.folder).caddy)
    doors = [Door(told.port, encrypted=True)]
    if told.http_port:
        doors.append(Door(told.http_port, encrypted=False))
    is_known = told.is_acme and not told.authority
    listen = told.listen or "127.0.0.1"
    return Target(hub.url, hub.host, tuple(doors), listen, is_known)


def _mend(taken: str) -> str:
    if taken == ports.ROOT_ONLY:
        return (
            f"Start the hub as root, as by sudo {own_command.start()}, or write a port from 1024 "
            "on into hub.url, such as https://lab:8443, with https: {authority: lan} or a "
            "certificate of your own."
        )
    if "caddy" in taken:
        return "If that is the distribution's own: sudo systemctl disable --now caddy"
    return "End that program; a service by: sudo systemctl disable --now NAME"

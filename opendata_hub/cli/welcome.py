"""What `opendata-hub start` says when people can come."""

import sys
from pathlib import Path
from socket import gethostname

from opendata_hub.cli.check import absent
from opendata_hub.cli.gate import Gate
from opendata_hub.settings import Settings
from opendata_hub.settings.login import NATIVE
from opendata_hub.settings.state import State

_PROGRAM = Path(sys.executable).with_name("opendata-hub")

PLAIN_HTTP = "It speaks plain HTTP: who can listen on that network reads passwords and work."


def lines(
    settings: Settings, isolated: bool, logins: list[str], gate: Gate | None = None
) -> list[str]:
    """
    Say where the hub is, who can log in, and how it all stops.

    Args:
        isolated: whether servers are containers; else this is a preview.
        logins: those made just now.
        gate: what is in front of the hub, if its address is https.
    """
    hub = settings.hub
    address = hub.at(hub.port) if isolated else f"http://localhost:{hub.ports.pages}"
    said = ["", f"The hub runs at {address}", *(gate.lines() if gate else ())]
    if logins:
        said += ["New logins:", *(f"  {login}" for login in logins)]
    if settings.login.method == NATIVE:
        said += [
            f"Logins made so far are in {State(settings.folder).logins}; only you can read it."
        ]
    said += absent(settings, str(_PROGRAM))
    if not isolated:
        said += ["This is a preview: it isolates nobody and answers on this machine only."]
        said += ["Ctrl-C ends it, with all its servers."]
    else:
        said += _plainly(settings) if not gate else []
        said += ["Ctrl-C stops the hub. Servers keep running; the next start finds them again."]
        said += [f"To stop all servers: {_PROGRAM} stop"]
    return said


def of_service(settings: Settings, gate: Gate | None = None) -> list[str]:
    """Say where a hub is that systemd runs; no passwords, as its journal has many readers."""
    address = settings.hub.at(settings.hub.port)
    said = [f"The hub runs at {address}", *(gate.lines() if gate else ())]
    if settings.login.method == NATIVE:
        said.append(f"Logins made so far are in {State(settings.folder).logins}.")
    return [*said, *absent(settings)]


def _plainly(settings: Settings) -> list[str]:
    if not settings.hub.loopback:
        return [PLAIN_HTTP]
    return [
        "It answers on this machine only. To open it to the lab, write into hub.yaml, under hub:",
        f"  url: http://{gethostname()}:{settings.hub.port}",
        PLAIN_HTTP,
        "With https:// there it is encrypted; docs/howto/https.md says how.",
    ]

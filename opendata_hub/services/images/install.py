"""The lines of a hub's configuration that make it run the service."""

import json
import os
from pathlib import Path
from typing import Any

from opendata_hub.machine.access import DIRECT, Access
from opendata_hub.registries import Login
from opendata_hub.services import door
from opendata_hub.services.images.config import VARIABLE

NAME = "images"
SCOPES = ("list:users", "read:servers")
"""What it may do in the hub: see whose servers are starting, with which image."""

_KEPT = ("HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")


def add(
    c: Any,
    port: int,
    catalogue: str | Path | list[Any],
    folder: Path | None = None,
    lock: Path | None = None,
    check_every: float = 12 * 3600,
    watermark: float = 0.85,
    access: Access = DIRECT,
) -> None:
    """
    Let a hub run the service, for its admins to see at ``/services/images/``.

    Args:
        c: the configuration object of ``jupyterhub_config.py``.
        port: of loopback, for the service alone.
        catalogue: path of its file, or the list.
        folder: where the recipes of such a list are.
        lock: file with the digests; without it, the one beside the catalogue's file.
        check_every: seconds between two looks at an image that is here.
        watermark: share of the engine's disk, 0 to 1, above which images that nothing names and
            nobody uses are removed.
        access: logins of registries, and the site's proxy and authority.
    """
    config = {
        "catalogue": str(catalogue) if isinstance(catalogue, Path) else catalogue,
        "folder": str(folder or Path.cwd()),
        "lock": lock and str(lock),
        "check_every": check_every,
        "watermark": watermark,
        "registries": {host: _plain(login) for host, login in access.logins.items()},
        "site": access.site.model_dump(mode="json"),
        "bundle": access.bundle and str(access.bundle),
    }
    service = {
        "name": NAME,
        "url": f"http://127.0.0.1:{port}",
        "command": door.command(__package__),
        "environment": {
            **_environment(),
            **access.environment,
            **access.site.proxies(*_hub(c)),
            VARIABLE: json.dumps(config),
        },
        "oauth_no_confirm": True,
    }
    c.JupyterHub.services.append(service)
    role = {"name": NAME, "services": [NAME], "scopes": list(SCOPES)}
    c.JupyterHub.load_roles.append(role)


def _plain(login: Login) -> dict[str, str]:
    plain = {
        "username": login.username,
        "password": login.password.get_secret_value() if login.password else None,
        "password_file": str(login.password_file) if login.password_file else None,
    }
    return {key: value for key, value in plain.items() if value}


def _hub(c: Any) -> list[str]:
    """The hub's own address, where it is written: no proxy leads there."""
    address = c.JupyterHub.get("hub_ip")
    return [address] if isinstance(address, str) and address else []


def _environment() -> dict[str, str]:
    """What leads to the engine and out of the site; the hub hands none of it down by itself."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith("DOCKER_") or name.lower().endswith("_proxy")
    }

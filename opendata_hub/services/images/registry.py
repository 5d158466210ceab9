"""How large an image will be, by what its registry tells."""

import re
from collections.abc import Mapping
from typing import Any

import dxf
import requests
from docker.auth import resolve_repository_name
from docker.utils import parse_repository_tag

_HUB = {"docker.io": "registry-1.docker.io"}
_OWN_MACHINE = re.compile(r"(localhost|127\.[\d.]+)(:\d+)?")
_PLATFORM = "linux/amd64"
_PATIENCE = 10.0  # seconds; what is asked for is an order, not an answer that anybody waits for


def compressed_bytes(reference: str, auth: Mapping[str, str] | None = None) -> int | None:
    """
    Ask the registry for the sum of an image's layers, in bytes; blocks.

    Returns:
        int: or None where the registry does not answer or tell, for whatever reason: the pull
            itself is the engine's, which has ways, certificates and logins of its own.
    """
    repository, tag = parse_repository_tag(reference)
    host, name = resolve_repository_name(repository)
    if host in _HUB and "/" not in name:
        name = f"library/{name}"

    def log_in(registry: dxf.DXFBase, response: requests.Response) -> None:
        login = auth or {}
        registry.authenticate(login.get("username"), login.get("password"), response=response)

    insecure = bool(_OWN_MACHINE.fullmatch(host))
    try:
        with dxf.DXF(
            _HUB.get(host, host), name, log_in, insecure=insecure, timeout=_PATIENCE
        ) as registry:
            layers: Any = registry.get_alias(tag or "latest", sizes=True, platform=_PLATFORM)
            return sum(int(size) for _, size in layers)
    except (dxf.exceptions.DXFError, requests.RequestException, KeyError, TypeError, ValueError):
        return None

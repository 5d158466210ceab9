"""Encryption between hub, proxy and a server, where the hub has ``internal_ssl``."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from certipy import Certipy
from jupyterhub.utils import make_ssl_context
from traitlets import Bool
from traitlets.config import Configurable

from opendata_hub import homes
from opendata_hub.engine import archive

FOLDER = "/opt/opendata-hub/certificate"
"""Where the server finds its certificate: in the container, with which it goes."""

_FILES = {"keyfile": "key.pem", "certfile": "certificate.pem", "cafile": "authority.pem"}
_READY = "ready"
_AUTHORITY = "notebooks-ca"  # as the hub names it

# The address that the certificate is for is known when the container runs; so what starts the
# server waits for it.
_WAIT = f'until [ -e {FOLDER}/{_READY} ]; do sleep 0.02; done; exec "$@"'

_turn = asyncio.Lock()  # certificates are kept in one file of all


class Sealed(Configurable):
    """The certificate of a server; a part of spawners that have an ``engine``."""

    use_internal_hostname = Bool(False)
    """The hub and the proxy need not be in containers, where such names are known."""

    object_id: str

    async def create_certs(self) -> dict[str, str]:
        """Make none: it would not be known for which address."""
        return {}

    async def move_certs(self, paths: Mapping[str, str]) -> dict[str, str]:
        """Return where the server will find its certificate."""
        return {kind: f"{FOLDER}/{name}" for kind, name in _FILES.items()}

    @property
    def volume_binds(self) -> dict[str, Any]:
        """The operator's volumes, without one for certificates."""
        binds: dict[str, Any] = dict(super().volume_binds)
        if self.internal_ssl:
            binds.pop(self.format_volume_name(self.certs_volume_name, self), None)
        return binds

    def _sealed(self, command: list[str]) -> list[str]:
        """Return a command, waiting for the certificate where there is to be one."""
        return ["sh", "-c", _WAIT, "--", *command] if self.internal_ssl else command

    @property
    def seal(self) -> ssl.SSLContext | None:
        """The hub's certificates, to ask this server with; None where nothing is encrypted."""
        if not self.internal_ssl:
            return None
        names = ("internal_ssl_key", "internal_ssl_cert", "internal_ssl_ca")
        found: ssl.SSLContext = make_ssl_context(*(self.user.settings[name] for name in names))
        return found

    async def _certify(self, address: str) -> None:
        """Give the server that runs a certificate for its address, for which it waits."""
        if not self.internal_ssl:
            return
        place, trusted = self.internal_certs_location, self.internal_trust_bundles[_AUTHORITY]
        # The proxy asks in the name that somebody has typed.
        names = [f"IP:{address}", "DNS:localhost"]
        names += [name for name in self.trusted_alt_names if name.startswith("DNS:")]
        async with _turn:
            files = await asyncio.to_thread(_make, place, trusted, self.user.name, names)
        packed = archive({**files, _READY: b""}, homes.UID, homes.GID, folder=FOLDER.lstrip("/"))
        await self.engine.put(self.object_id, "/", packed)


def _make(place: str, trusted: str, user: str, names: Sequence[str]) -> dict[str, bytes]:
    """Make a certificate with the hub's authority for servers; it takes a tenth of a second."""
    made = Certipy(store_dir=place).create_signed_pair(
        f"user-{homes.safe_name(user)}",
        _AUTHORITY,
        alt_names=list(dict.fromkeys(names)),
        overwrite=True,
    )["files"]
    paths = {"keyfile": made["key"], "certfile": made["cert"], "cafile": trusted}
    return {name: Path(paths[kind]).read_bytes() for kind, name in _FILES.items()}

"""The way out: what pulls, builds and installations need to get at what others publish."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from opendata_hub.machine import trust
from opendata_hub.registries import Login
from opendata_hub.site import Site


@dataclass(frozen=True)
class Access:
    """
    The site's proxy and authority, and the logins of registries.

    Attributes:
        logins: by the registry's host.
        bundle: file with the authorities that the machine trusts and the site's own; None where
            the site has none.
    """

    site: Site = field(default_factory=Site)
    logins: Mapping[str, Login] = field(default_factory=dict)
    bundle: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Variables for programs of this machine."""
        trusted = trust.variables(self.bundle) if self.bundle else {}
        engine = urlsplit(os.environ.get("DOCKER_HOST", "")).hostname
        return {**self.site.proxies(*filter(None, [engine])), **trusted}

    @property
    def of_engine(self) -> dict[str, str]:
        """Variables for an engine, whose pulls take this way."""
        trusted = {"SSL_CERT_FILE": str(self.bundle)} if self.bundle else {}
        return {**self.site.proxies(), **trusted}

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Let the programs that this process starts meanwhile take this way."""
        before = dict(os.environ)
        os.environ.update(self.environment)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


DIRECT = Access()
"""Straight out, to what is open to everyone."""

"""What the service is told by whoever starts it."""

from pathlib import Path

from pydantic import Field

from opendata_hub.fields import Model

VARIABLE = "OPENDATA_HUB_HTTPS"
"""Environment variable with the configuration as JSON."""

LAN = "lan"
"""The authority that is the hub's own."""


class Config(Model):
    """Which address, what is behind it, and who certifies it."""

    host: str = Field(description="What people type: a name, or the digits of an address.")
    port: int = Field(443, description="Where https:// is answered.")
    http_port: int | None = Field(None, description="Where http:// leads on; None: nowhere.")
    listen: str = Field("", description="Address to answer on; empty for all.")
    hub: int = Field(description="Port of the hub's proxy, on loopback.")
    folder: Path = Field(description="Keys, certificates and the authority; closed to others.")
    certificate: Path | None = Field(None, description="File of a certificate, with its `key`.")
    key: Path | None = None
    authority: str = Field("", description="ACME directory, or `lan`; empty for Let's Encrypt.")
    authority_ca: Path | None = Field(None, description="By which that directory is trusted.")
    email: str | None = None
    pause: float = Field(10.0, gt=0, description="Seconds between two looks at what is missing.")

    @property
    def is_acme(self) -> bool:
        """Whether another authority certifies the address."""
        return not self.certificate and self.authority != LAN

    @property
    def url(self) -> str:
        """The address as people type it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}" if self.port == 443 else f"https://{host}:{self.port}"

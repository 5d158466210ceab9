"""`https` in hub.yaml: where the certificate of an https address comes from."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from opendata_hub.fields import Count, Matching, Model
from opendata_hub.services.https import LAN

_RULE = (
    "write lan, for an authority of this hub's own, or the address of an ACME directory, such as "
    "https://acme.example.org/directory"
)


def _authority(value: str) -> str:
    try:
        parts = urlsplit(value)
    except ValueError:  # brackets that are no IPv6 address
        raise ValueError(_RULE) from None
    if value != LAN and (parts.scheme != "https" or not parts.hostname):
        raise ValueError(_RULE)
    return value


class Https(Model):
    """The certificate of an address that begins with https://."""

    certificate: Path | None = Field(
        None,
        description="File with the hub's certificate and those between it and its authority (PEM, "
        "the hub's own first); relative to hub.yaml. A newer one in its place is taken by itself.",
    )
    key: Path | None = Field(
        None, description="File with the certificate's private key (PEM), closed to other users."
    )
    authority: Annotated[str, AfterValidator(_authority)] | None = Field(
        None,
        description="Who certifies the hub, unless there is a `certificate`: Let's Encrypt unless "
        "written; `lan`, an authority of this hub's own, for a network without the internet; or "
        "the address of another authority's ACME directory.",
    )
    authority_ca: Path | None = Field(
        None,
        description="File with the certificate (PEM) by which that directory's own address is "
        "trusted, where the machine does not trust it; relative to hub.yaml.",
    )
    email: Annotated[str, Matching(r"[^\s@]+@[^\s@]+", "write an e-mail address")] | None = Field(
        None, description="Where the authority writes to, should a certificate be about to end."
    )
    http_port: Annotated[Count, Field(ge=1, le=65535)] = Field(
        80,
        description="Where http:// is answered, which leads on to https://, and where the "
        "authority asks. Other than 80 only behind a router that passes port 80 on to it.",
    )

    @property
    def kind(self) -> Literal["files", "lan", "acme"]:
        """Where the certificate comes from."""
        if self.certificate:
            return "files"
        return "lan" if self.authority == LAN else "acme"

    @model_validator(mode="after")
    def _makes_sense(self) -> "Https":
        for_acme = self.authority_ca or self.email
        if (self.certificate or self.key) and (self.authority or for_acme):
            raise ValueError("write a certificate and its key, or an authority, not both")
        if bool(self.certificate) != bool(self.key):
            raise ValueError("write certificate and key, both or none")
        if self.kind == LAN and for_acme:
            raise ValueError(
                "leave authority_ca and email out with authority: lan, which asks nobody"
            )
        return self

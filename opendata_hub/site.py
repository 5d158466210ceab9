"""The site around this machine: its web proxy, and a certificate authority of its own."""

import ipaddress
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from opendata_hub.fields import Matching, Model, hidden_fault

HERE = ("localhost", "127.0.0.1", "::1")
"""What no proxy leads to, for whoever asks."""

_RULE = "write an address with a port, such as http://proxy.example.org:3128"


def _proxy(value: str) -> str:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:  # brackets that are no IPv6 address, or a port that is no number
        raise ValueError(_RULE) from None
    if parts.username is not None:
        raise hidden_fault(
            f"{_RULE}, without a user and password: every server would show them to its student; "
            "where the proxy asks for them, run one in between that logs in, such as cntlm"
        )
    extras = (parts.query, parts.fragment, parts.path.strip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or not port or any(extras):
        raise ValueError(_RULE)
    if _is_loopback(parts.hostname):
        raise ValueError(
            "write an address that containers reach: in a container, that one is the container's"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Site(Model):
    """What lies between this machine and the internet."""

    http_proxy: Annotated[str, AfterValidator(_proxy)] | None = Field(
        None,
        description="The web proxy that leads to the internet, such as "
        "`http://proxy.example.org:3128`: for downloads of images and packages, for builds, and "
        "in every server.",
    )
    no_proxy: tuple[
        Annotated[
            str,
            Matching(
                r"[^\s,]+",
                "write a host, a domain such as .example.org, or a network such as 10.0.0.0/8",
            ),
        ],
        ...,
    ] = Field(
        (),
        description="Hosts, domains (`.example.org`) and networks (`10.0.0.0/8`) that are reached "
        "without the proxy. This machine and the hub always are.",
    )
    ca_bundle: Path | None = Field(
        None,
        description="File with the certificates of the site's own authority (PEM), relative to "
        "hub.yaml. Servers, builds and downloads trust it beside those that the machine trusts.",
    )

    def proxies(self, *near: str) -> dict[str, str]:
        """
        Return the variables that lead programs to the proxy; none where there is no proxy.

        In capitals and not, as programs differ.

        Args:
            near: hosts and networks that are reached without it too.
        """
        if self.http_proxy is None:
            return {}
        direct = ",".join(dict.fromkeys((*HERE, *near, *self.no_proxy)))
        words = {"http_proxy": self.http_proxy, "https_proxy": self.http_proxy, "no_proxy": direct}
        return {**words, **{name.upper(): value for name, value in words.items()}}

"""What hub.yaml may hold: defaults, checks and reference in one."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from opendata_hub.catalogue import Catalogue, Image
from opendata_hub.datasets import Dataset, DatasetName
from opendata_hub.fields import Count, Matching, Model, Number, Size

PORTS_ABOVE = 81
"""The hub's own ports are the public one plus 1 (the proxy's) and plus 81 (for the servers)."""

_URL_RULE = "write an address such as http://localhost:8000 or http://lab.example.org"


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
    except ValueError:  # brackets that are no IPv6 address
        raise ValueError(_URL_RULE) from None
    if parts.scheme == "https":
        raise ValueError(
            "HTTPS is not built in yet; write http:// here, and put a proxy that speaks TLS, such "
            "as Caddy, in front of this port"
        )
    extras = (parts.username, parts.query, parts.fragment, parts.path.strip("/"))
    if parts.scheme != "http" or not parts.hostname or any(extras):
        raise ValueError(_URL_RULE)
    return f"http://{parts.netloc}"


def _free_ports(value: str) -> str:
    try:
        port = urlsplit(value).port
    except ValueError:
        port = 0
    if port is not None and not 0 < port <= 65535 - PORTS_ABOVE:
        raise ValueError(f"write a port from 1 to {65535 - PORTS_ABOVE}")
    return value


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"write a regular expression: {error}") from None
    return value


def _path_or_list(value: object) -> object:
    if isinstance(value, str) and value:
        return Path(value)
    if isinstance(value, list):
        return value
    raise ValueError("write the path of a catalogue file, or a list of images")


def _path_alone(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


HubUrl = Annotated[str, AfterValidator(_http_url), AfterValidator(_free_ports)]
UserName = Annotated[
    str, Matching(r"[^\s,/]+", "write a user name, without spaces, commas and slashes")
]
Images = Annotated[
    Path | list[Any], BeforeValidator(_path_or_list, json_schema_input_type=str | list[Image])
]
DatasetEntry = Annotated[
    Dataset, BeforeValidator(_path_alone, json_schema_input_type=str | Dataset)
]


class Hub(Model):
    """The hub itself: its name and its address."""

    title: str = Field("Notebooks", description="Name of this hub on its pages.", min_length=1)
    url: HubUrl = Field(
        "http://localhost:8000",
        description="What people type. With `localhost` the hub answers on this machine only; with "
        "any other name or address it answers everyone who reaches its port, over plain HTTP.",
    )

    @property
    def port(self) -> int:
        """Where the hub answers."""
        return urlsplit(self.url).port or 80

    @property
    def loopback(self) -> str | None:
        """The loopback address to answer on, or None where other machines shall reach the hub."""
        host = urlsplit(self.url).hostname or ""
        if host == "localhost":
            return "127.0.0.1"
        try:
            return host if ipaddress.ip_address(host).is_loopback else None
        except ValueError:
            return None

    def at(self, port: int) -> str:
        """Return the address with another port."""
        host = urlsplit(self.url).hostname or ""
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Login(Model):
    """Who gets in."""

    method: str = Field(
        "native",
        description="How people log in: `native` (a password each; people sign up and wait for an "
        "admin's approval), `shared-password` (for trusted rooms: whoever knows the class password "
        "can be any student), or any other authenticator that is installed, by its entry point.",
    )
    admins: tuple[UserName, ...] = Field(
        ("admin",),
        description="Users who may approve sign-ups and manage everybody's servers. With `native`, "
        "each gets a random password at the next start, and who is not listed is no admin.",
    )
    options: dict[str, Any] = Field(
        {}, description="Settings of that authenticator, by the names of its traits."
    )


class Homes(Model):
    """People's files, one volume each."""

    welcome: Path | None = Field(
        None,
        description="Folder whose files are copied into each new home; relative to hub.yaml. "
        "Homes that exist are not touched.",
    )


class Limits(Model):
    """What one server may use; an image's own `memory` and `cpu` go first."""

    memory: Size = Field(
        2 * 2**30,
        description="Memory of a server, without swap.",
        json_schema_extra={"default": "2G"},
    )
    cpu: Number | None = Field(
        None, gt=0, description="CPU cores of a server, such as 0.5 or 2; without it, all."
    )
    processes: Count = Field(
        1024,
        ge=32,
        description="Processes and threads of a server, kernels and terminals included.",
    )


class HubFile(Model):
    """Settings of a hub, as hub.yaml holds them. Every key may be left out."""

    hub: Hub = Field(default_factory=Hub, description="The hub itself.")
    login: Login = Field(default_factory=Login, description="Who gets in.")
    groups: dict[str, tuple[UserName, ...]] = Field(
        {},
        description="Groups by name, each a list of users: they decide who sees which image and "
        "dataset. Who is taken off a list leaves the group at the next start.",
    )
    images: Images | None = Field(
        None,
        description="Path of a catalogue file, relative to hub.yaml, or the list of images itself; "
        "`images/catalogue.yaml` unless written.",
    )
    custom_image: Annotated[str, AfterValidator(_regex)] | None = Field(
        None,
        description="Regular expression that the reference of people's own image must match as a "
        r"whole, such as `quay\.io/jupyter/.*`. Without it, only images of the catalogue start.",
    )
    datasets: dict[DatasetName, DatasetEntry] = Field(
        {},
        description="Folders that servers see, read-only, at `/data/<name>`: name and path, "
        "relative to hub.yaml, or name and `path` with `groups`.",
    )
    homes: Homes = Field(default_factory=Homes, description="People's files.")
    limits: Limits = Field(default_factory=Limits, description="What one server may use.")


class Settings(HubFile):
    """A hub.yaml that was checked against its machine: every path absolute, every file there."""

    catalogue: Catalogue = Field(description="The images.")
    folder: Path = Field(description="Where hub.yaml is, or would be.")

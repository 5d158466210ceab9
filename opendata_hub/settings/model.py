"""What hub.yaml may hold: defaults, checks and reference in one."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from opendata_hub.catalogue import Catalogue, Image, Slug
from opendata_hub.datasets import Dataset, DatasetName
from opendata_hub.fields import Count, Duration, Matching, Model, Moment, Number, Percent, Size
from opendata_hub.registries import Logins, host_of
from opendata_hub.settings.culling import Culling, CullingEntry
from opendata_hub.settings.homes import Homes
from opendata_hub.site import Site

PORTS_ABOVE = 81
"""How far above the public port the hub's own highest one is."""


class Ports(NamedTuple):
    """The ports of a hub. All but the public one are its own business."""

    public: int
    proxy: int
    """Of the proxy's API, on loopback."""
    images: int
    """Of the images service, on loopback."""
    culling: int
    """Of the culling service, on loopback."""
    homes: int
    """Of the homes service, on loopback."""
    hub: int
    """Where the servers reach the hub."""


def ports(public: int) -> Ports:
    """All follow from the public one, so that two hubs can live on one machine."""
    return Ports(public, public + 1, public + 2, public + 3, public + 4, public + PORTS_ABOVE)


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

    @property
    def ports(self) -> "Ports":
        """All of them."""
        return ports(self.port)

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


class Limits(Model):
    """What one server may use; an image's own `memory` and `cpu` go first."""

    memory: Size = Field(
        2 * 2**30,
        description="Memory of a server, without swap.",
        json_schema_extra={"default": "2G"},
    )
    guarantee: Size = Field(
        512 * 2**20,
        description="Memory that a server is promised: it starts when so much is there, and the "
        "others' promises are kept. Never more than its `memory`.",
        json_schema_extra={"default": "512M"},
    )
    cpu: Number | None = Field(
        None, gt=0, description="CPU cores of a server, such as 0.5 or 2; without it, all."
    )
    processes: Count = Field(
        1024,
        ge=32,
        description="Processes and threads of a server, kernels and terminals included.",
    )


class Start(Model):
    """How many servers start at a time."""

    slots: Count | None = Field(
        None,
        ge=1,
        description="Servers that start at a time; the others wait in line, first come first "
        "served, and see their place. One more than the machine has cores unless written.",
    )
    reserve: Size = Field(
        2**30,
        description="Memory that is promised to no server: for the hub, its proxy, the engine and "
        "the system.",
        json_schema_extra={"default": "1G"},
    )
    patience: Duration = Field(
        300,
        description="How long the first in line waits for memory, before being told that there "
        "is none.",
        json_schema_extra={"default": "5m"},
    )


class Pulling(Model):
    """Having images on this machine before anybody asks for them."""

    enabled: bool = Field(
        True,
        description="Write `false`, and an image comes when somebody first starts it, or by "
        "`opendata-hub images pull` and `build`.",
    )
    check_every: Duration = Field(
        12 * 3600,
        description="Pause between two looks at an image that is here: is it still, has its recipe "
        "changed, does its tag mean a newer one (`follow_tag`).",
        json_schema_extra={"default": "12h"},
    )
    watermark: Percent = Field(
        0.85,
        description="Share of the engine's disk. Above it, images that came through the hub, that "
        "the catalogue does not name any more and that no container uses are removed, oldest "
        "first.",
        json_schema_extra={"default": "85%"},
    )


class Class(Model):
    """A lesson: its servers are started before the students come."""

    name: str = Field(description="What it is called in the hub's log.", min_length=1)
    users: tuple[UserName, ...] = Field((), description="Its students, in the order of starting.")
    group: str | None = Field(None, description="Or a group of `groups`, instead of `users`.")
    image: Slug | None = Field(
        None, description="The image they use; each one's last choice unless written."
    )
    start: Moment = Field(description="When it begins, such as `2026-11-24 14:00`.")
    end: Moment = Field(description="When it ends.")
    warm_up: Duration = Field(
        600,
        description="How long before, their servers begin to start. Those who click go first.",
        json_schema_extra={"default": "10m"},
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> "Class":
        if bool(self.users) == bool(self.group):
            raise ValueError("write one of users and group")
        if self.end <= self.start:
            raise ValueError("write an end that is after the start")
        return self


class HubFile(Model):
    """Settings of a hub, as hub.yaml holds them. Every key may be left out."""

    hub: Hub = Field(default_factory=Hub, description="The hub itself.")
    site: Site = Field(
        default_factory=Site, description="What lies between this machine and the internet."
    )
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
    registries: Logins = Field(
        {},
        description="Logins of registries that ask for one, by the host that images have in their "
        "names; `docker.io` for names without a host.",
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
    start: Start = Field(default_factory=Start, description="How many servers start at a time.")
    pulling: Pulling = Field(
        default_factory=Pulling,
        description="Having images on this machine before anybody asks for them.",
    )
    classes: tuple[Class, ...] = Field(
        (), description="Lessons whose servers are started before the students come."
    )
    culling: CullingEntry = Field(
        default_factory=Culling,
        description="Stopping servers that nobody uses and nothing runs in. `false` is enough for "
        "no culling at all.",
    )
    limits: Limits = Field(default_factory=Limits, description="What one server may use.")


class Settings(HubFile):
    """A hub.yaml that was checked against its machine: every path absolute, every file there."""

    catalogue: Catalogue = Field(description="The images.")
    folder: Path = Field(description="Where hub.yaml is, or would be.")
    lock: Path = Field(description="The lock of the catalogue, or where it would be.")

    @property
    def hosts(self) -> list[str]:
        """The registries that images come from: those with a login, and those of the catalogue."""
        images = (image.image for image in self.catalogue.images if not image.is_local)
        return sorted({*self.registries, *map(host_of, images)})

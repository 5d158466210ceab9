"""What hub.yaml may hold: defaults, checks and reference in one."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

import regex
from pydantic import AfterValidator, BeforeValidator, Field

from opendata_hub.catalogue import Catalogue, Image
from opendata_hub.datasets import Dataset, DatasetName
from opendata_hub.fields import Count, Duration, Model, Number, Percent, Size
from opendata_hub.registries import Logins, host_of
from opendata_hub.rosters import UserName
from opendata_hub.settings import address
from opendata_hub.settings.audit import Audit, AuditEntry
from opendata_hub.settings.backup import Backup
from opendata_hub.settings.classes import Class
from opendata_hub.settings.culling import Culling, CullingEntry
from opendata_hub.settings.entrance import Login
from opendata_hub.settings.homes import Homes
from opendata_hub.settings.https import Https
from opendata_hub.settings.network import Network
from opendata_hub.site import Site


class Ports(NamedTuple):
    """The ports of a hub. All but the public one are its own business."""

    public: int
    pages: int
    """Of the proxy: on loopback where Caddy has the public one, else that one itself."""
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


def ports(public: int, https: bool = False) -> Ports:
    """All follow from the public one, so that two hubs can live on one machine."""
    base = 8000 if https and public == 443 else public
    pages = base + 9 if https else public
    return Ports(public, pages, base + 1, base + 2, base + 3, base + 4, base + address.PORTS_ABOVE)


def _regex(value: str) -> str:
    try:
        re.compile(value)  # whose words are the clearer ones
        regex.compile(value)
    except (re.error, regex.error) as error:
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


PLAIN_HTTP = "yes, unencrypted on the internet"
Images = Annotated[
    Path | list[Any], BeforeValidator(_path_or_list, json_schema_input_type=str | list[Image])
]
DatasetEntry = Annotated[
    Dataset, BeforeValidator(_path_alone, json_schema_input_type=str | Dataset)
]


class Hub(Model):
    """The hub itself: its name and its address."""

    title: str = Field("Notebooks", description="Name of this hub on its pages.", min_length=1)
    url: address.HubUrl = Field(
        "http://localhost:8000",
        description="What people type. With `https://` the hub gets itself a certificate, as "
        "`https` says. With `http://localhost` it answers on this machine only; with `http://` and "
        "any other name or address it answers everyone who reaches its port, unencrypted.",
    )

    plain_http: Literal["yes, unencrypted on the internet"] | None = Field(
        None,
        description="With `http://` and an address of the internet the hub starts only if this "
        f"says `{PLAIN_HTTP}`. A hub behind a proxy of yours that encrypts keeps `localhost`.",
    )

    @property
    def is_https(self) -> bool:
        """Whether what people type is encrypted on its way."""
        return urlsplit(self.url).scheme == "https"

    @property
    def port(self) -> int:
        """Where the hub answers."""
        return urlsplit(self.url).port or (443 if self.is_https else 80)

    @property
    def loopback(self) -> str | None:
        """The loopback address to answer on, or None where other machines shall reach the hub."""
        return address.loopback(self.host)

    @property
    def host(self) -> str:
        """The name or the number that people type, without brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_public(self) -> bool:
        """Whether strangers may reach the hub: by an address or a name of the internet."""
        return address.is_public(self.host)

    @property
    def ports(self) -> "Ports":
        """All of them."""
        return ports(self.port, self.is_https)

    @property
    def inside(self) -> str:
        """Where programs of this machine reach the pages, whatever people type."""
        host = (None if self.is_https else self.loopback) or "127.0.0.1"
        return f"http://{address.bracketed(host)}:{self.ports.pages}"

    def at(self, port: int) -> str:
        """Return the address with another port."""
        host = address.bracketed(self.host)
        if not self.is_https:
            return f"http://{host}:{port}"
        return f"https://{host}" if port == 443 else f"https://{host}:{port}"


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
    disk_reserve: Size | None = Field(
        None,
        description="What has to be left on the disks that servers write to, their homes' among "
        "them: when there is less, the server that fills the disk is stopped. Unless written, a "
        "twentieth of the disk, 2G at least and 20G at most, but never more than a tenth.",
        json_schema_extra={"examples": ["5G"]},
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


class HubFile(Model):
    """Settings of a hub, as hub.yaml holds them. Every key may be left out."""

    hub: Hub = Field(default_factory=Hub, description="The hub itself.")
    https: Https = Field(
        default_factory=Https,
        description="The certificate of an address that begins with https://.",
    )
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
        "relative to hub.yaml, or name and `path` with `groups`; or name and what `opendata-hub "
        "data fetch` shall bring: `files`, a `record` or `atlas`.",
    )
    homes: Homes = Field(default_factory=Homes, description="People's files.")
    start: Start = Field(default_factory=Start, description="How many servers start at a time.")
    pulling: Pulling = Field(
        default_factory=Pulling,
        description="Having images on this machine before anybody asks for them.",
    )
    classes: tuple[Class, ...] = Field(
        (),
        description="Classes: their students, who teaches them, and lessons whose servers are "
        "started before the students come.",
    )
    culling: CullingEntry = Field(
        default_factory=Culling,
        description="Stopping servers that nobody uses and nothing runs in. `false` is enough for "
        "no culling at all.",
    )
    limits: Limits = Field(default_factory=Limits, description="What one server may use.")
    network: Network = Field(
        default_factory=Network, description="What servers may reach beside the hub."
    )
    audit: AuditEntry = Field(
        default_factory=Audit,
        description="Who did what on the hub. `false` is enough for no such record.",
    )
    backup: Backup = Field(
        default_factory=Backup, description="A backup of the whole hub each night."
    )


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

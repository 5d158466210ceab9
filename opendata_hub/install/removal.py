"""The hub taken off its machine; what people made stays, and settings too."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import APIError, NotFound
from docker.models.containers import Container

from opendata_hub import places
from opendata_hub.engine import translated
from opendata_hub.errors import ConfigError, EngineUnreachable, MachineError, OpenDataError
from opendata_hub.fields import check, read_yaml
from opendata_hub.homes import LABEL, SERVERS
from opendata_hub.install import environment, systemd
from opendata_hub.install.furnishing import file
from opendata_hub.machine import Say, caddy, daemon, trust
from opendata_hub.machine.network import nft
from opendata_hub.settings import HubFile, isolation
from opendata_hub.storage import subvolumes

_GRACE = 10  # seconds that a server has to save and end
_UNITS = [systemd.NIGHTLY, systemd.BACKUP, systemd.HUB]


@dataclass(frozen=True)
class Left:
    """Something that stays: what it is, where, and the command that would remove it."""

    what: str
    where: str
    command: str


def uninstall(say: Say) -> list[Left]:
    """
    Stop hub and servers, and remove what the installation has brought; return what stays.

    Raises:
        MachineError: something cannot be removed; done again, it goes on.
    """
    systemd.require()
    systemd.remove(_UNITS, say)
    left = list(_left())
    try:
        with closing(daemon.connect()) as client, translated():
            say("Stopping people's servers")
            stop(servers(client))
            _remove_networks(client, say)
            _remove_volumes(client, say)
            left += _left_on_engine(client)
    except EngineUnreachable as error:
        say(f"Servers and networks stay: {error}")
    trust.adopt(None, say)
    _remove_program(say)
    return [*left, *_folder("A part of the program, which could not be removed", places.PROGRAM)]


def servers(client: docker.DockerClient) -> list[Container]:
    """Return the containers of all servers on an engine."""
    found: list[Container] = client.containers.list(
        all=True, filters={"label": SERVERS}, ignore_removed=True
    )
    return found


def stop(found: list[Container]) -> None:
    """Stop servers, all at once, and remove their containers. Homes stay."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(_end, found))


def _end(server: Container) -> None:
    try:
        server.stop(timeout=_GRACE)
        server.remove(force=True)
    except NotFound:
        return  # the hub or its user was quicker


def _remove_networks(client: docker.DockerClient, say: Say) -> None:
    """Each with its rules, whose table has the same name."""
    for network in client.networks.list(filters={"label": f"{LABEL}.role=network"}):
        say(f"Removing the network {network.name} and its rules")
        with suppress(OpenDataError):
            nft.remove(network.name)
        isolation.remove(network.name)


def _remove_volumes(client: docker.DockerClient, say: Say) -> None:
    for volume in client.volumes.list(filters={"label": f"{LABEL}.role=launcher"}):
        say(f"Removing the volume {volume.name}")
        with suppress(APIError):  # a container of somebody's own uses it
            volume.remove()


def _remove_program(say: Say) -> None:
    link = environment.LINK
    try:
        if link.is_symlink() and link.readlink().is_relative_to(places.PROGRAM):
            say(f"Removing {link}")
            link.unlink()
        say(f"Removing {places.PROGRAM}")
        shutil.rmtree(places.PROGRAM, ignore_errors=True)
        shutil.rmtree(places.RUN, ignore_errors=True)
    except OSError as error:
        raise MachineError(f"{error.filename} cannot be removed: {error.strerror}.") from None


def _left() -> Iterator[Left]:
    yield from _folder("Settings", places.CONFIG)
    yield from _folder("Accounts, secrets, logins", places.DATA / "hub")
    yield from _homes_in(_homes())
    yield from _folder("Data", places.DATA / "datasets")
    yield from _folder("Copies from before upgrades", places.DATA / "backups")
    if (masked := systemd.UNITS / caddy.UNIT).is_symlink():
        yield Left("Caddy's own service, switched off", str(masked), "sudo systemctl unmask caddy")
    name = systemd.mount_name(places.DATA)
    if systemd.text_of(name):  # the last one: what is above lies on it
        away = f"sudo systemctl disable --now '{name}' && sudo rm '{systemd.UNITS / name}'"
        yield Left("The data disk, mounted at each boot", str(places.DATA), away)


def _homes() -> Path:
    """Where hub.yaml has homes, if it can still be read."""
    try:
        path = check(HubFile, read_yaml(file()), file().name).homes.path
    except ConfigError:
        path = None
    return path or places.DATA / "homes"


def _homes_in(path: Path) -> Iterator[Left]:
    if path.is_dir() and subvolumes.is_btrfs(path):
        # Snapshots are read-only, also for rm; 256 is the root of whatever can be one.
        each = f"sudo find {path} -depth -inum 256 -exec btrfs subvolume delete {{}} \\;"
        yield Left("Homes", str(path), f"{each}; sudo rm -r {path}")
    else:
        yield from _folder("Homes", path)


def _folder(what: str, path: Path) -> Iterator[Left]:
    if path.is_dir():
        yield Left(what, str(path), f"sudo rm -r {path}")


def _left_on_engine(client: docker.DockerClient) -> Iterator[Left]:
    homes = client.volumes.list(filters={"label": f"{LABEL}.role=home"})
    if homes:
        ours = f"--filter label={LABEL}.role=home"
        command = f"docker volume ls -q {ours} | xargs docker volume rm"
        yield Left(f"Homes in Docker volumes ({len(homes)})", "docker volume ls " + ours, command)
    if client.images.list(filters={"label": f"{LABEL}.role=image"}):
        ours = f"--filter label={LABEL}.role=image"
        command = f"docker image ls -q {ours} | sort -u | xargs docker image rm -f"
        yield Left("Images", "docker image ls " + ours, command)
    programs = filter(_is_there, ("docker.io", daemon.COMMAND, "caddy", "nftables"))
    if named := " ".join(programs):
        yield Left("Packages, which others may need", named, f"sudo apt-get purge {named}")


def _is_there(package: str) -> bool:
    return Path(f"/var/lib/dpkg/info/{package}.list").exists()

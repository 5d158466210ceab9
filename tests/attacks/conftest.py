"""Two students on a hub with walls, and on one without, on which the same attacks succeed."""

from collections.abc import Iterator
from typing import Any

import docker
import pytest

from tests.attacks.ground import IMAGE, PUPPET, Ground, GroundHub, ground
from tests.attacks.puppet import MODES
from tests.attacks.students import Student
from tests.hubs import run

DATA = "measured"
PROCESSES = 200
RESERVE = "1G"  # of a disk of 3 GB: it need not be written full to be short
# Nearly all there are: some machines on which tests run may not give away more.
RIGHTS = ["SYS_ADMIN", "SYS_MODULE", "SYS_BOOT", "SYS_TIME", "SYS_RAWIO", "SYS_PTRACE", "SYSLOG",
          "NET_ADMIN", "NET_RAW", "MKNOD", "DAC_READ_SEARCH", "DAC_OVERRIDE", "SYS_CHROOT",
          "SETUID", "SETGID", "CHOWN", "FOWNER", "KILL"]  # fmt: skip
OPEN = """
c.DockerSpawner.network_name = "{network}"
c.JupyterHub.hub_ip = "{gateway}"
c.DockerSpawner.extra_create_kwargs = {{"user": "root"}}
c.DockerSpawner.extra_host_config = {{
    "cap_add": {rights}, "security_opt": ["seccomp=unconfined", "apparmor=unconfined"],
    "device_cgroup_rules": ["a *:* rwm"],
}}
c.Spawner.args = ["--allow-root"]
"""

only_walls = pytest.mark.parametrize("walls", [True], ids=["walls"], indirect=True, scope="package")
"""Of tests whose attack would succeed in nothing, or end this machine, where there are none."""


@pytest.fixture(scope="package")
def machine(client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The machine on which all of it happens."""
    with ground(tmp_path_factory.mktemp("ground"), client) as machine:
        yield machine


@pytest.fixture(scope="package", params=[True, False], ids=["walls", "none"])
def walls(request: pytest.FixtureRequest) -> bool:
    """Whether the hub is as hub.yaml makes it, or without all that stops attacks."""
    return bool(request.param)


@pytest.fixture(scope="package")
def hub(
    machine: Ground, walls: bool, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GroundHub]:
    """The hub."""
    folder = tmp_path_factory.mktemp("hub")
    data = folder / DATA
    data.mkdir()
    (data / "events.txt").write_text("four muons")
    settings: dict[str, Any] = {
        "images": [
            {"slug": "base", "display_name": "Base", "image": IMAGE, "default": True},
            *(
                {
                    "slug": mode or "quick",
                    "display_name": f"Puppet {mode}",
                    "image": PUPPET,
                    "environment": {"PUPPET": mode},
                }
                for mode in ("", *MODES)
            ),
        ],
        "datasets": {DATA: str(data)},
        "limits": {
            "memory": "512M",
            "guarantee": "64M",
            "processes": PROCESSES,
            "disk_reserve": RESERVE,
        },
        "start": {"slots": 4},
        "culling": {"check_every": "1s"},
        "network": {"isolate": walls},
    }
    hub = GroundHub(folder, machine, settings, "" if walls else _open(machine), students=4)
    with run(hub):
        yield hub
    machine.tidy()


def _open(machine: Ground) -> str:
    """Make a network on which nothing is closed; return what puts servers there."""
    machine.client.create_network("open", check_duplicate=True)
    (pool,) = machine.client.inspect_network("open")["IPAM"]["Config"]
    return OPEN.format(network="open", gateway=pool["Gateway"], rights=RIGHTS)


@pytest.fixture(scope="package")
def anna(hub: GroundHub) -> Student:
    """The student who attacks."""
    return Student(hub, hub.newcomer())


@pytest.fixture(scope="package")
def ben(hub: GroundHub) -> Student:
    """The student who is attacked."""
    return Student(hub, hub.newcomer())


@pytest.fixture(scope="package")
def breakable(hub: GroundHub) -> Student:
    """The same person as ``cleo``."""
    return Student(hub, hub.newcomer())


@pytest.fixture
def cleo(breakable: Student) -> Student:
    """One whose own server may break, and is there again for the next test."""
    if not breakable.hub.servers(breakable.name):
        breakable.comes_back()
    return breakable


@pytest.fixture
def patience(walls: bool) -> float:
    """Seconds that a connection may take: a wall is silent, and what is open answers in the end."""
    return 2 if walls else 30

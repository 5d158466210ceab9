"""What a server is on the engine, and whose containers give way to it."""

import json
import platform
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from opendata_hub.catalogue import Image
from opendata_hub.engine import Engine, seccomp
from opendata_hub.machine.preflight.hub import StandIn
from opendata_hub.machine.subject import Subject
from opendata_hub.storage import Volumes
from tests import stand_in
from tests.hubs import RunningHub, running_hub, wait_for


@pytest.fixture(scope="module")
def image(build: Callable[..., str]) -> str:
    """What all entries of the hub start."""
    return build(stand_in.LINES, base=stand_in.BASE)


def test_a_container_is_confined(hub: RunningHub, user: str) -> None:
    """Not root, no capabilities or new privileges, few system calls, no swap, limits throughout."""
    hub.start(user, {"image": "small"})

    container = hub.container(user)

    config, host = container["Config"], container["HostConfig"]
    assert config["User"] == "1000:100"
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges", f"seccomp={seccomp.profile()}"]
    assert host["IpcMode"] == "private"
    assert host["LogConfig"]["Config"] == {"max-size": "5m", "max-file": "2"}
    assert host["ShmSize"] == host["Memory"] // 2
    assert host["Memory"] == host["MemorySwap"] == 512 * 2**20
    assert host["CpuQuota"] == 150_000
    assert host["PidsLimit"] == 1024
    assert not host["AutoRemove"]
    assert not host["Privileged"]


def test_an_image_is_tried_as_a_server_of_the_hub_is_made(
    hub: RunningHub, user: str, client: docker.APIClient
) -> None:
    """What `images check` sees holds in the hub: same limits, same rights, same environment."""
    hub.start(user, {"image": "small"})
    server = hub.container(user)
    entry = Image.model_validate(
        {"slug": "small", "display_name": "S", "image": "s", "memory": "512M", "cpu": 1.5}
    )
    subject = Subject("small", entry, entry.memory, entry.cpu)

    trial = subject.container("check", client, None, network_mode="opendata-hub")

    host = {key: value for key, value in trial["host_config"].items() if key != "Mounts"}
    assert {key: server["HostConfig"][key] for key in host} == host
    assert server["Config"]["User"] == trial["user"]
    assert server["Config"]["WorkingDir"] == trial["working_dir"]
    told = {word.partition("=")[0] for word in server["Config"]["Env"]}
    assert {*StandIn("http://hub", "token").environment(), *subject.variables()} <= told


def test_labels_tell_whose_server_it_is(hub: RunningHub, user: str) -> None:
    """Clean-up and backup need no database."""
    hub.start(user, {"image": "small"})

    labels = hub.container(user)["Config"]["Labels"]

    ours = {k: v for k, v in labels.items() if k.startswith("org.opendata-hub.")}
    assert ours["org.opendata-hub.role"] == "server"
    assert ours["org.opendata-hub.user"] == user
    assert ours["org.opendata-hub.image"] == "small"


def test_users_with_names_alike_share_nothing(
    hub: RunningHub, new_name: Callable[[str], str]
) -> None:
    """Case, dots, dashes and accents keep people apart, in homes and containers."""
    base = new_name("ann")
    names = [base, base.replace("-", "."), base.replace("-", "--"), base.replace("ann", "änn")]
    for name in names:
        hub.add_user(name)
        assert hub.start(name).ok

    containers = [hub.container(name) for name in names]

    mounts = [mount for container in containers for mount in container["Mounts"]]
    homes = {mount["Name"] for mount in mounts if mount["Destination"] == "/home/jovyan"}
    assert len({container["Name"] for container in containers}) == len(homes) == len(names)


def test_stopping_leaves_no_container_but_the_home(hub: RunningHub, user: str) -> None:
    """What is stopped is gone from the engine, save for the work."""
    hub.start(user)

    hub.stop(user)

    labels = [f"org.opendata-hub.user={user}"]
    assert hub.client.containers(all=True, filters={"label": labels}) == []
    assert len(hub.client.volumes(filters={"label": labels})["Volumes"]) == 1


async def test_the_home_of_a_deleted_user_is_kept_and_marked(hub: RunningHub, user: str) -> None:
    """Until a user of that name comes back."""
    storage = Volumes(Engine(hub.client))
    hub.start(user)
    hub.api.delete(f"/users/{user}").raise_for_status()
    (kept,) = [home for home in await storage.homes() if home.user == user]
    assert kept.deleted

    hub.add_user(user)
    hub.start(user)

    (back,) = [home for home in await storage.homes() if home.user == user]
    assert (back.place, back.deleted) == (kept.place, None)


def test_a_left_over_container_gives_way(hub: RunningHub, user: str) -> None:
    """A container that the hub has lost track of does not keep its user out."""
    hub.start(user)
    name = hub.container(user)["Name"].lstrip("/")
    config = hub.container(user)["Config"]
    hub.stop(user)
    hub.client.create_container(
        config["Image"], name=name, labels=config["Labels"], environment=config["Env"]
    )

    assert hub.start(user).ok


def test_another_hubs_server_is_left_alone(
    hub: RunningHub, user: str, client: docker.APIClient, tmp_path: Path, image: str
) -> None:
    """Two hubs on one engine never end each other's servers, even of users of the same name."""
    hub.start(user)
    extra = f"""
c.OpenDataSpawner.catalogue = [dict(slug="starter", display_name="Starter", image="{image}")]
"""
    with running_hub(tmp_path, client, extra) as other:
        other.api.post(f"/users/{user}")

        assert not other.start(user).ok

        assert "not of this hub and user" in other.log
    assert hub.container(user)["State"]["Running"]


def test_a_strangers_container_of_that_name_is_left_alone(
    hub: RunningHub, user: str, image: str
) -> None:
    """A container that is not this user's is never removed; the start says what to do."""
    made = hub.client.create_container(image, name=f"opendata-{user}")
    try:
        start = hub.start(user)

        assert not start.ok
        assert f"docker rm -f opendata-{user}" in hub.log
        assert hub.client.inspect_container(made["Id"])["State"]["Status"] == "created"
    finally:
        hub.client.remove_container(made["Id"])


def test_the_server_that_died_says_why_on_the_next_visit(hub: RunningHub, user: str) -> None:
    """A container killed from outside is noticed, removed, and explained on the options page."""
    hub.start(user)
    hub.client.kill(hub.container(user)["Id"])

    wait_for(lambda: not hub.servers(user), "the hub notices")

    page = hub.page(user, f"/hub/spawn/{user}")
    assert "Your last server stopped by itself: it was killed from outside" in page
    assert "exit code 137, OOM no" in hub.log


PROBE = """
import ctypes, fcntl, json, os, socket, subprocess, sys, tempfile
libc = ctypes.CDLL(None, use_errno=True)
numbers = dict(zip(sys.argv[1::2], map(int, sys.argv[2::2])))
def why(act):
    try:
        return act() and "" or ""
    except OSError as error:
        return os.strerror(error.errno)
def call(name, *arguments):
    if libc.syscall(numbers[name], *arguments) < 0:
        raise OSError(ctypes.get_errno(), name)
def ask(number):
    with tempfile.TemporaryFile(dir=os.environ["HOME"]) as file:
        fcntl.ioctl(file, number, bytes(1000))
def take():
    with tempfile.TemporaryFile() as file:
        os.posix_fallocate(file.fileno(), 0, 2**20)
        assert os.fstat(file.fileno()).st_blocks >= 2**11
print(json.dumps({
    "namespace": why(lambda: call("unshare", 0x10000000)),
    "io_uring": why(lambda: call("io_uring_setup", 8, ctypes.create_string_buffer(256))),
    "key": why(lambda: call("keyctl", 0, -3, 0)),
    "bpf": why(lambda: call("bpf", 0, 0, 0)),
    "subvolume": why(lambda: ask(0x5000940E)),
    "typing": why(lambda: ask(0x5412)),
    "size of the window": why(lambda: ask(0x5413)),
    "crypto": why(lambda: socket.socket(38, socket.SOCK_SEQPACKET)),
    "raw": why(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)),
    "netfilter": why(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)),
    "addresses": why(lambda: socket.getaddrinfo("localhost", 80)),
    "program": why(lambda: subprocess.run(["true"], check=True)),
    "room": why(take),
    "kernel": why(lambda: open("/proc/sys/kernel/core_pattern", "w")),
}))
"""
_CALLS = {
    "x86_64": {"unshare": 272, "io_uring_setup": 425, "keyctl": 250, "bpf": 321},
    "aarch64": {"unshare": 97, "io_uring_setup": 425, "keyctl": 219, "bpf": 280},
}
NO = "Operation not permitted"


def test_a_server_asks_the_kernel_for_what_notebooks_need_and_for_little_else(
    hub: RunningHub, user: str
) -> None:
    """By real calls in a real server."""
    hub.start(user)
    calls = [str(word) for pair in _CALLS[platform.machine()].items() for word in pair]

    job = hub.client.exec_create(hub.container(user)["Id"], ["python3", "-c", PROBE, *calls])

    assert json.loads(hub.client.exec_start(job["Id"])) == {
        **dict.fromkeys(("namespace", "io_uring", "key", "bpf", "subvolume", "typing"), NO),
        **dict.fromkeys(("crypto", "raw", "netfilter"), NO),
        "size of the window": "Inappropriate ioctl for device",
        "kernel": "Read-only file system",
        **dict.fromkeys(("addresses", "program", "room"), ""),
    }

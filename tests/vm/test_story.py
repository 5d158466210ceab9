"""A hub's life on rented machines: it comes, is upgraded, moves to another one, and goes."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from opendata_hub.install import user_data
from opendata_hub.site import Site
from tests.hubs import wait_for
from tests.kernels import Kernel
from tests.vm.bridge import Bridge
from tests.vm.conftest import BROKEN_OFF
from tests.vm.machine import DISK, Machine, machine
from tests.vm.shop import Shop
from tests.vm.student import LOGINS, Student

STUDENT = "anna"
SECRET = "what a registry and the hub know, and nobody else"
WRITE = "print(open('results.txt', 'w').write('four muons'))"
READ = "print(open('results.txt').read())"
HOME = "/var/lib/opendata-hub/homes"

COMMAND = UNIT = "opendata-hub"
PATIENCE = 900  # seconds; the processor is busy with other tests
ENDED = "/var/lib/cloud/instance/boot-finished"

BROKEN = """
def configure(*_: object, **__: object) -> None:
    raise RuntimeError("broken on purpose")
"""


Note = Callable[[str, object], None]


class Rented:
    """Machines, one at a time, with the same data disk and the same user-data."""

    def __init__(self, stack: ExitStack, told: str, disk: str, **more: Any) -> None:
        self._stack, self._told, self._disk, self._more = stack, told, disk, more

    def rent(self, folder: Path) -> None:
        """Boot a new one."""
        self.now = self._stack.enter_context(machine(folder, **self._more))
        self.now.boot(self._told, self._disk)


@pytest.fixture(scope="module")
def rented(
    fresh: Path,
    wire: Bridge,
    goods: Shop,
    data: str,
    authority: trustme.CA,
    downloads: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Rented]:
    """The first machine, which has just been switched on."""
    settings = {
        "hub": {"title": "Muons", "url": f"https://{wire.address(2)}"},
        "https": {"authority": "lan"},
        "images": [{"slug": "base", "display_name": "Base", "image": goods.image}],
        "limits": {"memory": "1G"},
        "login": {"options": {"allowed_users": [STUDENT]}},
        "registries": {"registry.example.org": {"username": "class", "password": SECRET}},
    }
    package = goods.wheel("1.0")
    told = user_data.render(json.dumps(settings), {}, Site(), package, DISK)
    more = {"root": fresh, "bridge": wire, "authority": authority.cert_pem.bytes()}
    with ExitStack() as stack:
        rented = Rented(stack, told, data, **more, downloads=downloads)
        rented.rent(tmp_path_factory.mktemp("first"))
        yield rented


@pytest.fixture
def hub(rented: Rented, request: pytest.FixtureRequest) -> Machine:
    """The machine that is there now; without its past there is no future."""
    broken = request.node.parent.stash.get(BROKEN_OFF, "")
    assert not broken, f"the story ended with {broken}"
    return rented.now


@pytest.fixture
def anna(hub: Machine) -> Iterator[Student]:
    """A student who has just come."""
    with Student(hub, STUDENT) as student:
        yield student


def page(hub: Machine) -> httpx.Response | None:
    """What port 80 answers; None where nobody does."""
    try:
        return httpx.get(f"http://{hub.address}/anything", timeout=60)
    except httpx.TransportError:
        return None


def wait_until(hub: Machine, what: str, *command: str) -> None:
    """Wait until a command does well there, unless the installation has ended badly."""

    def does_well() -> bool:
        assert not hub.status.get("problem"), hub.status["problem"]
        return hub.answers(*command)

    wait_for(does_well, what, PATIENCE)


def wait_until_up(hub: Machine) -> None:
    """Wait until the hub answers over HTTPS, and the machine has nothing left to do for it."""
    health = f"https://{hub.address}/hub/health"
    wait_until(hub, "the hub answers", "curl", "-kfs", health)


def test_port_80_says_how_far_it_is(hub: Machine) -> None:
    """Whoever waits sees the steps, and nothing that is only for those who are let in."""

    def shows_a_step() -> httpx.Response | None:
        shown = page(hub)
        return shown if shown and "▸" in shown.text else None

    shown = wait_for(shows_a_step, "port 80 shows a step", PATIENCE)
    assert shown.status_code == 503
    assert shown.headers["server"].strip() == UNIT
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "Python from the distribution" in shown.text
    for word in ("allowed_users", STUDENT, SECRET, "wheel-1.0", "/opt"):
        assert word not in shown.text


def test_install_says_how_far_it_is(hub: Machine) -> None:
    """Also in a terminal of the machine, as soon as the command is there."""
    wait_until(hub, "the command is there", COMMAND, "--version")
    said = hub.run(COMMAND, "install", "--status")
    assert re.search(r"^Python from the distribution: done", said, re.M)
    assert re.search(r"^Container engine: (to come|under way|done)", said, re.M)


async def test_a_student_is_in_a_notebook_over_https(hub: Machine, record_property: Note) -> None:
    """From user-data alone: nobody has touched the machine. The page has left port 80 to Caddy."""
    wait_until_up(hub)
    with Student(hub, STUDENT) as anna:
        anna.start()
        assert anna.opens_notebook()
        assert await anna.kernel().run(WRITE) == "10\n"
    seconds = time.monotonic() - hub.booted
    record_property("from boot to the first notebook, in seconds", round(seconds))
    assert page(hub).status_code in (301, 302, 308)  # type: ignore[union-attr]
    wait_for(lambda: hub.answers("test", "-e", ENDED), "cloud-init is through", PATIENCE)
    assert hub.run("cloud-init", "status").strip() == "status: done"
    assert {step["state"] for step in hub.status["steps"]} == {"done"}
    assert hub.status["url"] == f"https://{hub.address}"


def test_installed_again_nothing_changes(hub: Machine) -> None:
    """The hub is not even started again."""
    before = hub.run("systemctl", "show", "-p", "MainPID", UNIT)

    said = hub.run(COMMAND, "install")

    assert "runs as before: nothing has changed that it reads" in said
    assert hub.run("systemctl", "show", "-p", "MainPID", UNIT) == before


async def test_after_a_reboot_the_hub_is_back(hub: Machine, record_property: Note) -> None:
    """By itself; logins and files are what they were."""
    hub.reboot()
    wait_until_up(hub)
    seconds = time.monotonic() - hub.booted
    record_property("from reboot to the hub, in seconds", round(seconds))
    with Student(hub, STUDENT) as anna:
        anna.start()
        assert await anna.kernel().run(READ) == "four muons\n"


async def test_an_upgrade_leaves_servers_alone(
    hub: Machine, anna: Student, goods: Shop, record_property: Note
) -> None:
    """A kernel that runs does not notice; the hub is away for seconds."""
    kernel = anna.kernel()
    await kernel.run("answer = 42")

    said = hub.run(COMMAND, "upgrade", "--to", goods.wheel("1.1"))

    away = re.search(r"Version 1.1 runs, where 1.0 did. The hub was away for ([\d.]+) s", said)
    assert away, said
    record_property("without a hub while it was upgraded, in seconds", away[1])
    assert "1.1" in hub.run(COMMAND, "--version")
    assert await kernel.run("print(answer)") == "42\n"
    assert anna.has_server()


async def test_a_broken_upgrade_goes_back(hub: Machine, anna: Student, goods: Shop) -> None:
    """It says why, and the version before runs again, with the same servers."""
    kernel: Kernel = anna.kernel()
    await kernel.run("answer = 42")
    settings = "opendata_hub/settings/__init__.py"
    broken = goods.wheel("1.2", {settings: BROKEN})

    said = hub.run(COMMAND, "upgrade", "--to", broken, check=False)

    assert "broken on purpose" in said
    assert "the one before runs again" in said
    assert "1.1" in hub.run(COMMAND, "--version")
    wait_until_up(hub)
    assert await kernel.run("print(answer)") == "42\n"
    assert anna.has_server()


async def test_another_machine_goes_on_with_the_disk(
    hub: Machine, rented: Rented, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The old one's power is cut and its disk destroyed; accounts and files are there again."""
    passwords = hub.read(LOGINS)
    hub.throw_away()

    rented.rent(tmp_path_factory.mktemp("second"))

    wait_until_up(rented.now)
    assert rented.now.read(LOGINS) == passwords
    with Student(rented.now, STUDENT) as anna:
        anna.start()
        assert await anna.kernel().run(READ) == "four muons\n"


def test_uninstalled_it_leaves_homes(hub: Machine) -> None:
    """No hub, no server, no program; what people made is where it says."""
    said = hub.run(COMMAND, "uninstall", "--yes")

    assert re.search(rf"Homes: {HOME}$", said, re.M)
    assert "four muons" in hub.run("sh", "-c", f"cat {HOME}/*/results.txt")
    assert not hub.answers("test", "-e", f"/opt/{UNIT}")
    assert not hub.answers("systemctl", "cat", UNIT)
    assert hub.run("docker", "ps", "-q") == ""
    assert page(hub) is None

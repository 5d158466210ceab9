"""A server's life in a real hub on the real engine."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from opendata_hub.datasets import Dataset, File
from opendata_hub.fetching import bring, tidying
from tests import stand_in
from tests.hubs import RunningHub
from tests.kernels import Kernel


@pytest.fixture(scope="module")
def light(build: Callable[..., str]) -> dict[str, str]:
    """Options of a start without a notebook."""
    return {"custom_image": build(stand_in.LINES, base=stand_in.BASE)}


def inside(hub: RunningHub, user: str, code: str, server: str = "") -> str:
    """Run Python beside a server, as its user and in the home; return what it prints."""
    container = hub.container(user, server)["Id"]
    command = ["python3", "-c", f"import os; {code}"]
    job = hub.client.exec_create(container, command, workdir="/home/jovyan")
    printed: bytes = hub.client.exec_start(job["Id"])
    return printed.decode()


async def test_a_student_writes_a_file_and_finds_it_again_with_another_image(
    hub: RunningHub, user: str
) -> None:
    """Homes outlive servers, whatever image comes next; and the container really is another."""
    assert hub.start(user, {"image": "starter"}).ok
    first = hub.container(user)["Id"]
    await Kernel(hub, user).run("open('/home/jovyan/work.txt', 'w').write('done')")
    hub.stop(user)

    assert hub.start(user, {"image": "small"}).ok

    assert hub.container(user)["Id"] != first
    kernel = Kernel(hub, user)
    assert await kernel.run("print(open('work.txt').read())") == "done\n"
    assert await kernel.run("import os; print(os.environ['COURSE'])") == "physics\n"


def test_a_new_home_has_the_welcome_files_and_belongs_to_its_owner(
    hub: RunningHub, user: str, light: dict[str, str]
) -> None:
    """The first thing a student sees is there, and theirs to change."""
    hub.start(user, light)

    printed = inside(
        hub,
        user,
        "open('welcome.txt', 'a').write('!'); print(open('welcome.txt').read());"
        "print(os.getuid(), os.stat('.').st_uid, os.path.expanduser('~'))",
    )

    assert printed == "this is welcome!\n1000 1000 /home/jovyan\n"


def test_welcome_files_are_not_put_back_into_a_home_that_exists(
    hub: RunningHub, user: str, light: dict[str, str]
) -> None:
    """What a student deleted stays deleted."""
    hub.start(user, light)
    assert inside(hub, user, "os.remove('welcome.txt')") == ""
    hub.stop(user)

    hub.start(user, light)

    assert "welcome.txt" not in inside(hub, user, "print(os.listdir())")


def test_datasets_are_shared_read_only_and_by_group(
    hub: RunningHub, user: str, light: dict[str, str], new_name: Callable[[str], str]
) -> None:
    """Everybody reads open data, members read theirs, nobody writes."""
    member = hub.add_user(new_name("member"), "staff")
    hub.start(user, light)
    hub.start(member, light)

    look = "print(sorted(os.listdir('/data')))"
    assert inside(hub, user, look) == "['open']\n"
    assert inside(hub, member, look) == "['open', 'secret']\n"
    assert "Read-only file system" in inside(hub, member, "open('/data/open/x', 'w')")


def test_a_dataset_comes_while_servers_run(
    hub: RunningHub, light: dict[str, str], new_name: Callable[[str], str], tmp_path: Path
) -> None:
    """Before it is here servers start without; each has the version of its start, whole."""
    member = hub.add_user(new_name("member"), "late")
    hub.start(member, light)
    before = inside(hub, member, "print(os.listdir('/data'))")
    hub.stop(member)
    first = _bring(hub, tmp_path / "first", b"first")
    hub.start(member, light)
    second = _bring(hub, tmp_path / "second", b"second")
    hub.start(member, light, server="newer")

    look = "print(open('/data/late/events.txt').read())"
    assert before == "['open']\n"
    assert inside(hub, member, look) == "first\n"
    assert inside(hub, member, look, "newer") == "second\n"
    assert "Read-only file system" in inside(hub, member, "open('/data/late/x', 'w')")
    assert {first, second} <= tidying.mounted(hub.client)


def _bring(hub: RunningHub, stage: Path, content: bytes) -> str:
    """Have a version of the dataset; return its folder."""
    stage.mkdir()
    (stage / "events.txt").write_bytes(content)
    entry = File(url="https://a.org/events.txt", sha256=sha256(content).hexdigest())
    dataset = Dataset(path=hub.folder / "late", files=(entry,))
    bring("late", dataset, stage)
    return str(dataset.share.place)


def test_named_servers_share_the_home(hub: RunningHub, user: str, light: dict[str, str]) -> None:
    """A second server of the same user sees the same files."""
    hub.start(user, light)
    hub.start(user, light, server="second")
    inside(hub, user, "open('shared.txt', 'w').write('both')")

    assert inside(hub, user, "print(open('shared.txt').read())", "second") == "both\n"


async def test_the_hub_checks_a_servers_secret_quickly(hub: RunningHub, user: str) -> None:
    """It is a random token and no password; and visitors get in by it."""
    hub.start(user)

    with closing(sqlite3.connect(hub.folder / "jupyterhub.sqlite")) as database:
        [(secret,)] = database.execute(
            "select secret from oauth_clients where identifier = ?", [f"jupyterhub-user-{user}"]
        )
    assert secret.startswith("sha512:1:")
    assert "jupyter-config-data" in hub.page(user, f"/user/{user}/lab")


async def test_a_hub_restart_finds_running_servers_again(hub: RunningHub, user: str) -> None:
    """Students go on working over a restart of the hub; their kernels keep their variables."""
    hub.start(user)
    kernel = Kernel(hub, user)
    await kernel.run("answer = 42")
    container = hub.container(user)["Id"]

    hub.end()
    hub.run()

    assert hub.servers(user)[""]["ready"]
    assert hub.container(user)["Id"] == container
    assert await kernel.run("print(answer)") == "42\n"

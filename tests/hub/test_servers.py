"""A server's life in a real hub on the real engine."""

import sqlite3
from contextlib import closing

from tests.hubs import RunningHub
from tests.kernels import Kernel


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


async def test_a_new_home_has_the_welcome_files_and_belongs_to_its_owner(
    hub: RunningHub, user: str
) -> None:
    """The first thing a student sees is there, and theirs to change."""
    hub.start(user)

    printed = await Kernel(hub, user).run(
        "import os; open('welcome.txt', 'a').write('!'); print(open('welcome.txt').read());"
        "print(os.getuid(), os.stat('.').st_uid, os.path.expanduser('~'))"
    )

    assert printed == "this is welcome!\n1000 1000 /home/jovyan\n"


async def test_welcome_files_are_not_put_back_into_a_home_that_exists(
    hub: RunningHub, user: str
) -> None:
    """What a student deleted stays deleted."""
    hub.start(user)
    await Kernel(hub, user).run("import os; os.remove('welcome.txt')")
    hub.stop(user)

    hub.start(user)

    assert "welcome.txt" not in await Kernel(hub, user).run("import os; print(os.listdir())")


async def test_datasets_are_shared_read_only_and_by_group(
    hub: RunningHub, user: str, new_name
) -> None:
    """Everybody reads open data, members read theirs, nobody writes."""
    member = hub.add_user(new_name("member"), "staff")
    hub.start(user)
    hub.start(member)

    look = "import os; print(sorted(os.listdir('/data')))"
    assert await Kernel(hub, user).run(look) == "['open']\n"
    assert await Kernel(hub, member).run(look) == "['open', 'secret']\n"
    printed = await Kernel(hub, member).run("open('/data/open/x', 'w')")
    assert "Read-only file system" in printed


async def test_named_servers_share_the_home(hub: RunningHub, user: str) -> None:
    """A second server of the same user sees the same files."""
    hub.start(user)
    hub.start(user, server="second")
    await Kernel(hub, user).run("open('shared.txt', 'w').write('both')")

    assert await Kernel(hub, user, "second").run("print(open('shared.txt').read())") == "both\n"


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

"""A server's life in a real hub on the real engine."""

from pathlib import Path

import docker

from tests.hubs import RunningHub, running_hub, wait_for
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


def test_a_container_is_confined(hub: RunningHub, user: str) -> None:
    """Not root, no capabilities, no new privileges, no swap, limits on everything."""
    hub.start(user, {"image": "small"})

    container = hub.container(user)

    config, host = container["Config"], container["HostConfig"]
    assert config["User"] == "1000:100"
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["Memory"] == host["MemorySwap"] == 512 * 2**20
    assert host["CpuQuota"] == 50_000
    assert host["PidsLimit"] == 1024
    assert not host["AutoRemove"]
    assert not host["Privileged"]


def test_labels_tell_whose_server_it_is(hub: RunningHub, user: str) -> None:
    """Clean-up and backup need no database."""
    hub.start(user, {"image": "small"})

    labels = hub.container(user)["Config"]["Labels"]

    ours = {k: v for k, v in labels.items() if k.startswith("org.opendata-hub.")}
    assert ours["org.opendata-hub.role"] == "server"
    assert ours["org.opendata-hub.user"] == user
    assert ours["org.opendata-hub.image"] == "small"


async def test_named_servers_share_the_home(hub: RunningHub, user: str) -> None:
    """A second server of the same user sees the same files."""
    hub.start(user)
    hub.start(user, server="second")
    await Kernel(hub, user).run("open('shared.txt', 'w').write('both')")

    assert await Kernel(hub, user, "second").run("print(open('shared.txt').read())") == "both\n"


async def test_users_with_names_alike_share_nothing(hub: RunningHub, new_name) -> None:
    """Case, dots, dashes and accents keep people apart, in homes and containers."""
    base = new_name("ann")
    names = [base, base.replace("-", "."), base.replace("-", "--"), base.replace("ann", "änn")]
    for name in names:
        hub.add_user(name)
        assert hub.start(name).ok

    for name in names:
        await Kernel(hub, name).run(f"open('mine.txt', 'x').write({name!r})")

    assert len({hub.container(name)["Name"] for name in names}) == len(names)


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


def test_stopping_leaves_no_container_but_the_home(hub: RunningHub, user: str) -> None:
    """What is stopped is gone from the engine, save for the work."""
    hub.start(user)

    hub.stop(user)

    labels = [f"org.opendata-hub.user={user}"]
    assert hub.client.containers(all=True, filters={"label": labels}) == []
    assert len(hub.client.volumes(filters={"label": labels})["Volumes"]) == 1


def test_a_left_over_container_gives_way(hub: RunningHub, user: str) -> None:
    """A container that the hub has lost track of does not keep its user out."""
    hub.start(user)
    name = hub.container(user)["Name"].lstrip("/")
    config = hub.container(user)["Config"]
    hub.stop(user)
    hub.client.create_container(
        "opendata-hub/starter:1", name=name, labels=config["Labels"], environment=config["Env"]
    )

    assert hub.start(user).ok


def test_another_hubs_server_is_left_alone(
    hub: RunningHub, user: str, client: docker.APIClient, tmp_path: Path
) -> None:
    """Two hubs on one engine never end each other's servers, even of users of the same name."""
    hub.start(user)
    extra = """
c.OpenDataSpawner.catalogue = [
    dict(slug="starter", display_name="Starter", image="opendata-hub/starter:1")]
"""
    with running_hub(tmp_path, client, extra) as other:
        other.api.post(f"/users/{user}")

        assert not other.start(user).ok

        assert "not of this hub and user" in other.log
    assert hub.container(user)["State"]["Running"]


def test_a_strangers_container_of_that_name_is_left_alone(hub: RunningHub, user: str) -> None:
    """A container that is not this user's is never removed; the start says what to do."""
    made = hub.client.create_container("opendata-hub/starter:1", name=f"opendata-{user}")
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

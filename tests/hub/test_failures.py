"""Whatever goes wrong says why: to the student in a sentence, to the operator with the facts."""

import re
from collections.abc import Callable
from pathlib import Path

import docker
import httpx

from tests.hubs import RunningHub, running_hub, wait_for
from tests.kernels import Kernel


def failed(hub: RunningHub, user: str, image: str = "") -> str:
    """Start an image that fails; return the student's sentence. Nothing may be left of it."""
    start = hub.start(user, {"custom_image": image} if image else None)
    assert not start.ok
    assert "Traceback" not in start.message
    wait_for(lambda: not hub.servers(user), "the hub has given up")
    label = f"org.opendata-hub.user={user}"
    assert hub.client.containers(all=True, filters={"label": label}) == []
    return start.message


def test_a_server_that_exits_at_once(
    hub: RunningHub, user: str, build: Callable[[str], str]
) -> None:
    """The student reads what to do, the log has exit code and last lines."""
    image = build('CMD ["sh", "-c", "echo disk of dreams is missing; exit 3"]')

    message = failed(hub, user, image)

    assert "stopped while it was starting" in message
    assert "ended with code 3" in message
    assert re.search(r"exit code 3, OOM no; last lines:\s+disk of dreams is missing", hub.log)


def test_a_command_that_does_not_exist(
    hub: RunningHub, user: str, build: Callable[[str], str]
) -> None:
    """An image that cannot be started from a hub is called that."""
    message = failed(hub, user, build('CMD ["no-such-program"]'))

    assert "has no program that starts a notebook server" in message
    assert "no-such-program" in hub.log


def test_a_server_killed_for_memory_while_starting(
    hub: RunningHub, user: str, build: Callable[[str], str]
) -> None:
    """Out of memory is named, with the limit."""
    image = build("""CMD ["python3", "-c", "x = bytearray(2**31)"]""")

    message = failed(hub, user, image)

    assert "used more than its memory of 1G" in message
    assert "OOM yes" in hub.log


def test_an_image_that_nobody_has(hub: RunningHub, user: str) -> None:
    """A registry that is not there is told apart from an image that is not."""
    message = failed(hub, user, "localhost:1/none:1")

    assert "cannot be reached" in message


def test_a_server_that_knows_no_hub(
    hub: RunningHub, user: str, build: Callable[[str], str]
) -> None:
    """Known not to work is said at once, instead of a page that is not there."""
    message = failed(hub, user, build('CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888"]'))

    assert "does not know JupyterHub's login" in message
    assert "its command is not jupyterhub-singleuser" in hub.log


def test_a_port_that_stays_silent_ends_at_start_timeout(
    client: docker.APIClient,
    tmp_path: Path,
    new_name: Callable[[str], str],
    build: Callable[[str], str],
) -> None:
    """A server that never answers is given up, with its last words in the log."""
    image = build('CMD ["sh", "-c", "echo thinking; exec sleep 1000"]')
    extra = f"""
c.OpenDataSpawner.catalogue = [dict(slug="silent", display_name="Silent", image="{image}")]
c.Spawner.start_timeout = 5
"""
    with running_hub(tmp_path, client, extra) as hub:
        message = failed(hub, hub.add_user(new_name("user")))

        assert "did not answer within 5 seconds" in message
        assert "no answer within start_timeout=5 s" in hub.log
        assert re.search(r"last lines:\s+thinking", hub.log)


def test_a_failed_image_does_not_spoil_the_next_start(
    hub: RunningHub, user: str, build: Callable[[str], str]
) -> None:
    """What never came up is not the last choice."""
    failed(hub, user, build('CMD ["false"]'))

    assert hub.start(user).ok


async def test_a_cell_that_eats_all_memory_kills_only_its_kernel(
    hub: RunningHub, user: str
) -> None:
    """The server lives on, and its student reads why: beside the notebooks, and on the hub."""
    hub.start(user, {"image": "small"})
    container = hub.container(user)["Id"]
    kernel = Kernel(hub, user)
    try:
        await kernel.run("x = bytearray(2**30)")
    except ConnectionError as death:
        assert str(death) == "restarting"

    file = f"{hub.url}/user/{user}/api/contents/Why my kernel stopped.txt"

    def note() -> str:
        answer = httpx.get(file, headers=kernel.headers)
        return str(answer.json().get("content", ""))

    text = wait_for(note, "the student is told")
    assert "used more than its memory of 512M" in text
    assert hub.container(user)["Id"] == container
    assert await Kernel(hub, user).run("print(1 + 1)") == "2\n"
    hub.stop(user)
    assert "used more than its memory of 512M" in hub.page(user, f"/hub/spawn/{user}")


def test_a_hub_out_of_containers_reach_says_so_at_once(
    client: docker.APIClient, tmp_path: Path, new_name: Callable[[str], str]
) -> None:
    """An existing hub without a hub_ip for containers ends each start with that sentence."""
    extra = """
c.JupyterHub.hub_ip = "127.0.0.1"
c.OpenDataSpawner.catalogue = [
    dict(slug="starter", display_name="Starter", image="opendata-hub/starter:1")]
"""
    with running_hub(tmp_path, client, extra) as hub:
        start = hub.start(hub.add_user(new_name("user")))

    assert start.status == 500
    assert "Set c.JupyterHub.hub_ip" in start.message


def test_a_catalogue_with_a_fault_says_where(
    client: docker.APIClient, tmp_path: Path, new_name: Callable[[str], str]
) -> None:
    """An existing hub whose catalogue is wrong tells file, key and remedy on the page."""
    (tmp_path / "catalogue.yaml").write_text(
        "- slug: a\n  display_name: A\n  image: x\n  memroy: 2G\n"
    )
    extra = 'c.OpenDataSpawner.catalogue = "catalogue.yaml"\n'
    with running_hub(tmp_path, client, extra) as hub:
        start = hub.start(hub.add_user(new_name("user")))

    assert "catalogue.yaml: images[0].memroy is not a known key" in start.message
    assert "Did you mean 'memory'?" in start.message

"""The package in a hub that has a configuration of its own, on JupyterHub 6.1 and 5.4."""

from collections.abc import Callable
from pathlib import Path

import docker

from tests.hubs import RunningHub, run
from tests.kernels import Kernel
from tests.wheel.existing import ExistingHub, lines_with

HELD_BACK = """
import asyncio

async def until_told(spawner):
    while not Path("go").exists():
        await asyncio.sleep(0.05)

c.Spawner.pre_spawn_hook = until_told
"""


async def test_a_student_chooses_an_image_and_runs_code(hub: RunningHub, user: str) -> None:
    """From the form in the hub's own page to a kernel behind its proxy."""
    session = hub.session(user)
    page = session.get(f"/hub/spawn/{user}").text
    assert 'id="spawn_form"' in page
    assert 'value="starter"' in page
    assert "Small one" in page

    form = {"image": "small", "_xsrf": session.cookies["_xsrf"]}
    session.post(f"/hub/spawn/{user}", data=form).raise_for_status()
    hub.follow(user)

    assert hub.container(user)["HostConfig"]["Memory"] == 512 * 2**20
    assert await Kernel(hub, user).run("print(6 * 7)") == "42\n"


def test_a_student_gets_into_the_server_with_the_hubs_login(hub: RunningHub, user: str) -> None:
    """The JupyterHub inside the image and the one outside agree about who is who."""
    assert hub.start(user).ok
    student = hub.session(user)

    page = student.get(f"/user/{user}/lab")

    assert page.status_code == 200
    assert "JupyterLab" in page.text
    stranger = hub.session(hub.add_user(f"{user}-friend"))
    assert stranger.get(f"/user/{user}/lab").status_code == 403


def test_the_server_is_published_on_loopback_only(hub: RunningHub, user: str) -> None:
    """Without a network of our own the engine publishes the port, but not to the lab."""
    hub.start(user)

    ports = hub.container(user)["NetworkSettings"]["Ports"]

    assert [binding["HostIp"] for binding in ports["8888/tcp"]] == ["127.0.0.1"]


def test_bad_options_by_rest_are_refused_in_words(hub: RunningHub, user: str) -> None:
    """A 4xx that names the nearest image; nothing starts, and the next start is not spoiled."""
    start = hub.start(user, {"image": "startr"})

    assert start.status == 400
    assert "Did you mean 'starter'?" in start.message
    assert hub.servers(user) == {}
    assert hub.start(user).ok


def test_bad_options_on_the_pages_are_refused_in_words(hub: RunningHub, user: str) -> None:
    """Form and link give the hub's page with the reason, and no traceback."""
    session = hub.session(user)
    form = {"custom_image": "docker.io/evil/image:1", "_xsrf": session.cookies["_xsrf"]}

    for answer in (
        session.post(f"/hub/spawn/{user}", data=form),
        session.get(f"/hub/spawn/{user}?opt-image=nope"),
    ):
        assert 400 <= answer.status_code < 500
        assert "spawn-error-msg" in answer.text
        assert "Traceback" not in answer.text
    assert hub.servers(user) == {}


async def test_a_restarted_hub_finds_the_server_and_stops_it(hub: RunningHub, user: str) -> None:
    """Kernels outlive the hub's restart; a stop leaves the home and no container."""
    hub.start(user)
    kernel = Kernel(hub, user)
    await kernel.run("answer = 42")

    hub.end()
    hub.run()

    assert hub.servers(user)[""]["ready"]
    assert await kernel.run("print(answer)") == "42\n"
    hub.stop(user)
    label = {"label": f"org.opendata-hub.user={user}"}
    assert hub.client.containers(all=True, filters=label) == []
    assert len(hub.client.volumes(filters=label)["Volumes"]) == 1


def test_our_pages_come_with_one_more_line(
    python: Path, client: docker.APIClient, tmp_path: Path, new_name: Callable[[str], str]
) -> None:
    """With our templates every page renders in this hub, too, and a start shows how it goes."""
    extra = lines_with("template_paths") + HELD_BACK
    hub = ExistingHub(tmp_path, client, extra, str(python))
    with run(hub):
        user = hub.add_user(new_name("user"))
        session = hub.session(user)
        for page in ("home", "token", f"spawn/{user}"):
            assert session.get(f"/hub/{page}").status_code == 200
        assert f"/hub/spawn/{user}" in session.get(f"/hub/user/{user}/lab").text

        waiting = session.get(f"/hub/spawn/{user}?opt-image=starter")

        assert waiting.url.path == f"/hub/spawn-pending/{user}"
        assert "Your notebook is starting" in waiting.text
        (tmp_path / "go").touch()
        assert hub.follow(user)[-1]["ready"]

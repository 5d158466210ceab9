"""`opendata-hub try`: an image alone, on this machine, with a home that stays."""

import json
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import httpx
import pytest

from opendata_hub.engine import seccomp
from tests.conftest import STARTER
from tests.ports import free_ports
from tests.trials import Trials

Build = Callable[..., str]


@pytest.fixture
def trials(client: docker.APIClient, tmp_path: Path) -> Iterator[Trials]:
    """Begins trials, beside a hub.yaml of their own."""
    (tmp_path / "hub.yaml").write_text("limits: {memory: 1G, processes: 500}\n")
    trials = Trials(client, tmp_path)
    yield trials
    trials.clear()


@pytest.fixture
def image(client: docker.APIClient, new_name: Callable[[str], str]) -> Iterator[str]:
    """The starter, under a name that no other trial has: its home is this test's alone."""
    name = f"opendata-hub/{new_name('tried')}"
    client.tag(STARTER, name, "1")
    yield f"{name}:1"
    client.remove_image(f"{name}:1", noprune=True)


def port() -> str:
    """A free port."""
    return str(free_ports(1)[0])


def files(url: str) -> list[str]:
    """Names in the home, as the server at this address with its token lists them."""
    parts = httpx.URL(url)
    answer = httpx.get(parts.copy_with(path="/api/contents"), params=parts.params)
    return [entry["name"] for entry in answer.raise_for_status().json()["content"]]


def save(url: str, name: str) -> None:
    """Save a file in the home."""
    token = httpx.URL(url).params["token"]
    answer = httpx.put(
        httpx.URL(url).copy_with(path=f"/api/contents/{name}", query=None),
        json={"type": "file", "format": "text", "content": "kept"},
        headers={"Authorization": f"token {token}"},
    )
    assert answer.status_code == 201, answer.text


def test_work_outlives_the_notebook(trials: Trials, image: str, client: docker.APIClient) -> None:
    """What is saved is there again, at another port; it is said where it is."""
    trial = trials.begin(image, "--port", port())
    save(trial.url(), "mine.txt")
    printed = trial.end()

    name = trials.begun[trial]
    assert trial.process.returncode == 0
    assert f"the next `opendata-hub try {image}` finds it" in printed
    assert f"docker volume rm {name}" in printed
    assert not client.containers(all=True, filters={"name": name})
    labels = client.inspect_volume(name)["Labels"]
    assert labels == {"org.opendata-hub.role": "try", "org.opendata-hub.image": image}
    assert "mine.txt" in files(trials.begin(image, "--port", port()).url())


def test_only_who_has_the_token_gets_in_and_only_from_here(
    trials: Trials, image: str, client: docker.APIClient
) -> None:
    """Confined as in a hub: loopback, no root, no capabilities, the limits of the hub."""
    trial = trials.begin(image, "--port", port())
    url = httpx.URL(trial.url())

    assert "JupyterLab" in httpx.get(url, follow_redirects=True).text
    assert httpx.get(url.copy_with(path="/api/contents", query=None)).status_code == 403
    container = client.inspect_container(trials.begun[trial])
    host = container["HostConfig"]
    assert container["Config"]["User"] == "1000:100"
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges", f"seccomp={seccomp.profile()}"]
    assert host["Memory"] == host["MemorySwap"] == 2**30 and host["PidsLimit"] == 500
    assert host["PortBindings"]["8888/tcp"][0]["HostIp"] == "127.0.0.1"
    assert host["NetworkMode"] == "opendata-hub"


def test_data_is_read_only(
    trials: Trials, image: str, client: docker.APIClient, tmp_path: Path
) -> None:
    """Each folder is at /data under its own name."""
    for name in ("cms", "atlas"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "events").write_text(name)
    folders = [word for name in ("cms", "atlas") for word in ("--data", str(tmp_path / name))]
    trial = trials.begin(image, "--port", port(), *folders)
    trial.url()

    asked = "cat /data/cms/events /data/atlas/events; ! touch /data/cms/mine"
    run = client.exec_create(trials.begun[trial], ["sh", "-ec", asked])["Id"]
    assert client.exec_start(run).startswith(b"cmsatlas")
    assert client.exec_inspect(run)["ExitCode"] == 0


def test_two_folders_of_one_name_are_refused(trials: Trials, image: str, tmp_path: Path) -> None:
    """Neither hides the other."""
    for parent in ("a", "b"):
        (tmp_path / parent / "cms").mkdir(parents=True)
    trial = trials.begin(image, "--data", "a/cms", "--data", "b/cms")

    assert trial.process.wait(60) == 1
    assert "give each folder a name of its own" in trial.printed


def test_a_second_one_opens_the_first(trials: Trials, image: str, tmp_path: Path) -> None:
    """It ends at once, opens the browser at the same address, and stops nothing."""
    first = trials.begin(image, "--port", port())
    url = first.url()
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\necho "$1" > opened\n')
    browser.chmod(0o755)
    second = trials.begin(image, browser=f"{browser} %s")

    assert second.process.wait(60) == 0
    assert second.url() == url
    assert (tmp_path / "opened").read_text().strip() == url
    assert files(url) == []


def test_a_taken_port_is_passed_over(trials: Trials, image: str) -> None:
    """The next free one is taken, and printed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        url = trials.begin(image, "--port", str(number)).url()

    assert number < int(httpx.URL(url).port or 0) < number + 100
    assert files(url) == []


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP])
def test_a_closed_terminal_stops_it_too(
    trials: Trials, image: str, client: docker.APIClient, sign: int
) -> None:
    """No container stays behind that nobody sees."""
    trial = trials.begin(image, "--port", port())
    trial.url()
    trial.end(sign)

    assert not client.containers(all=True, filters={"name": trials.begun[trial]})


def test_an_end_from_inside_is_told(trials: Trials, image: str, client: docker.APIClient) -> None:
    """Shutting JupyterLab down ends the command as well."""
    trial = trials.begin(image, "--port", port())
    parts = httpx.URL(trial.url())
    answer = httpx.post(
        parts.copy_with(path="/api/shutdown", query=None),
        headers={"Authorization": f"token {parts.params['token']}"},
    )

    assert answer.status_code == 200
    assert trial.process.wait(60) == 0
    assert f"{image} has ended." in trial.printed


@pytest.mark.parametrize(
    ("command", "words", "has_token"),
    [
        (["bash"], "starting JupyterLab in it", True),
        (["env", "-u", "JUPYTER_TOKEN"], "", True),
        (["--IdentityProvider.token="], "It asks for no password", False),
        (["--IdentityProvider.token=hush"], "It asks for a password of its own", False),
    ],
    ids=["no-server", "own-token", "open", "locked"],
)
def test_a_strangers_image_opens_somehow(
    trials: Trials, build: Build, command: list[str], words: str, has_token: bool
) -> None:
    """One without a server, with a token of its own, open to all, and with a password."""
    lab = ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888"]
    before, after = (command, []) if command[0] == "env" else ([], command)
    words_of_image = command if command == ["bash"] else [*before, *lab, *after]
    trial = trials.begin(build(f"CMD {json.dumps(words_of_image)}"), "--port", port())
    url = httpx.URL(trial.url())

    assert words in trial.printed
    assert ("token" in url.params) is has_token
    page = httpx.get(url, follow_redirects=True)
    assert page.status_code == 200
    assert ("password" in page.text.lower()) is (command[0] == "--IdentityProvider.token=hush")


def test_an_image_that_starts_nothing_is_explained(
    trials: Trials, client: docker.APIClient
) -> None:
    """Its last words, and what says more; no empty home stays."""
    trial = trials.begin("opendata-hub/debian:bookworm")

    assert trial.process.wait(60) == 1
    assert "opendata-hub/debian:bookworm starts no notebook: No command specified" in trial.printed
    assert "To see what it lacks: opendata-hub images check" in trial.printed
    assert not client.volumes(filters={"name": trials.begun[trial]})["Volumes"]

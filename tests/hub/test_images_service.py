"""The images service as a hub runs it: what it brings, whom it answers, what it may do."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from tests import stand_in
from tests.conftest import remove_image
from tests.hubs import RunningHub, Start, running_hub, wait_for
from tests.ports import free_ports
from tests.proxies import Proxy, proxied
from tests.registries import Pushed, Registry, registry

MB = 10**6
SIZE = 6 * MB  # bytes of the layer that is pulled
STUDENTS = 20
EXTRA = """
import os
from opendata_hub.services import images
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0}}  # a request is answered at once
c.OpenDataSpawner.catalogue = {catalogue!r}
c.OpenDataSpawner.custom_image = "localhost:[0-9]+/.*"
c.JupyterHub.load_roles[0]["scopes"] += ["tokens", "read:services"]
images.add(c, {port}, {catalogue!r})
c.JupyterHub.services[-1]["environment"].update(
    {{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}}
)
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry."""
    with registry(tmp_path_factory.mktemp("registry")) as source:
        yield source


@pytest.fixture(scope="module")
def slow(source: Registry) -> Iterator[Proxy]:
    """The way to the registry that the service takes."""
    with proxied(source.port) as slow:
        yield slow


@pytest.fixture(scope="module")
def quick(source: Registry) -> Iterator[Proxy]:
    """Another way to the registry."""
    with proxied(source.port) as quick:
        yield quick


@pytest.fixture(scope="module")
def put(
    client: docker.APIClient, source: Registry, build: Callable[..., str]
) -> Iterator[Callable[..., str]]:
    """Puts an image that answers into the registry, and removes it from the engine."""
    references = []

    def put(road: Proxy, size: int) -> str:
        name = f"lesson-{road.port}:{size}"
        lines = f"LABEL lesson={name}\nRUN head -c {size} /dev/urandom > /lesson\n"
        built = build(lines + stand_in.LINES, base=stand_in.BASE)
        source.push(client, built, name)
        client.remove_image(built)  # with its layers: nothing else has them
        references.append(f"localhost:{road.port}/{name}")
        return references[-1]

    yield put
    for reference in references:
        remove_image(client, reference)


@pytest.fixture(scope="module")
def moving(client: docker.APIClient, source: Registry, slow: Proxy) -> Iterator[Pushed]:
    """An image whose tag will move; so small that it comes first."""
    image = source.push_random(f"moving-{slow.port}:1", [1000])
    yield image
    remove_image(client, image.at(slow.port))


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient,
    tmp_path_factory: pytest.TempPathFactory,
    slow: Proxy,
    put: Callable[..., str],
    moving: Pushed,
    build: Callable[..., str],
) -> Iterator[RunningHub]:
    """A hub with an image that is here, one to pull that answers, a small one, and one for nobody.

    The pull of the second stands still after a quarter.
    """
    images = {
        "steady": build(stand_in.LINES, base=stand_in.BASE),
        "crowd": put(slow, SIZE),
        "moving": moving.at(slow.port),
        "gone": f"localhost:{slow.port}/nobody-has-this:1",
    }
    catalogue = [
        {"slug": slug, "display_name": slug.title(), "image": image}
        for slug, image in images.items()
    ]
    (port,) = free_ports(1)
    slow.hold(after=SIZE // 4)
    folder = tmp_path_factory.mktemp("hub")
    with running_hub(folder, client, EXTRA.format(catalogue=catalogue, port=port)) as hub:
        yield hub
        slow.release()


@pytest.fixture(scope="module")
def admin(hub: RunningHub) -> Iterator[httpx.Client]:
    """Asks the service with an admin's token."""
    with _asking(hub, "boss") as client:
        wait_for(lambda: client.get("api").status_code == 200, f"the service answers:\n{hub.log}")
        yield client


def _asking(hub: RunningHub, user: str) -> httpx.Client:
    answer = hub.api.post(f"/users/{user}/tokens").raise_for_status()
    token = {"Authorization": f"token {answer.json()['token']}"}
    return httpx.Client(base_url=f"{hub.url}/services/images/", headers=token, timeout=60)


def _image(admin: httpx.Client, slug: str) -> dict[str, Any]:
    images = admin.get("api").raise_for_status().json()["images"]
    return next(image for image in images if image["slug"] == slug)


def _wait(admin: httpx.Client, slug: str, state: str) -> dict[str, Any]:
    """Wait until an image stands there."""
    wait_for(lambda: _image(admin, slug)["state"] == state, f"{slug} is {state}")
    return _image(admin, slug)


def test_a_student_starts_while_the_service_brings_what_is_missing(
    hub: RunningHub, admin: httpx.Client, slow: Proxy, new_name: Callable[[str], str]
) -> None:
    """An image that is here starts at once, whatever is pulled; the page counts who uses it."""
    wait_for(lambda: slow.holding, "the registry has more to give")
    pulled = _wait(admin, "crowd", "pulling")
    assert pulled["size"] is None
    user = hub.add_user(new_name("user"))

    assert hub.start(user, {"image": "steady"}).ok

    assert slow.holding
    assert _image(admin, "steady")["users"] == 1
    assert _image(admin, "steady")["state"] == "present"
    hub.stop(user)


def test_twenty_students_press_start_for_an_image_that_is_being_pulled(
    hub: RunningHub,
    admin: httpx.Client,
    slow: Proxy,
    client: docker.APIClient,
    new_name: Callable[[str], str],
) -> None:
    """One pull serves the service and all of them; each sees how far it is, and gets in."""
    wait_for(lambda: slow.holding, "the registry has more to give")
    starts: dict[str, Start] = {}
    users = [hub.add_user(new_name("user")) for _ in range(STUDENTS)]

    def start(user: str) -> None:
        starts[user] = hub.start(user, {"image": "crowd"})

    slow.rate = SIZE / 6
    threads = [threading.Thread(target=start, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    wait_for(lambda: all(map(hub.servers, users)), "all have pressed Start")
    slow.release()
    for thread in threads:
        thread.join()

    for user in users:
        assert starts[user].ok, starts[user]
        messages = [event["message"] for event in starts[user].events]
        shares = [int(share) for m in messages for share in re.findall(r"(\d+)% \(", m)]
        assert shares and shares == sorted(shares), messages
    assert SIZE < slow.served < 1.2 * SIZE
    assert _wait(admin, "crowd", "present")["users"] == STUDENTS


def test_a_pull_gives_way_to_a_student_who_waits_for_another_image(
    hub: RunningHub,
    admin: httpx.Client,
    source: Registry,
    slow: Proxy,
    quick: Proxy,
    put: Callable[..., str],
    moving: Pushed,
    new_name: Callable[[str], str],
) -> None:
    """The line is the student's until the image is here; then the service goes on."""
    slow.release()
    _wait(admin, "moving", "present")
    own, user = put(quick, 1000), hub.add_user(new_name("user"))
    source.push_random(moving.name, [8 * MB])
    slow.rate = 0.1 * MB
    admin.post("api/moving").raise_for_status()
    wait_for(lambda: (_image(admin, "moving")["pull"] or {}).get("rate"), "its speed is known")
    quick.hold()
    assert hub.ask(user, {"custom_image": own}).status_code == 202

    _wait(admin, "moving", "giving way")
    quick.release()

    assert hub.follow(user)[-1]["ready"]
    slow.rate = None
    assert _wait(admin, "moving", "present")["size"] == 8 * MB


def test_an_image_that_does_not_exist_is_told(
    hub: RunningHub, admin: httpx.Client, slow: Proxy
) -> None:
    """With the reason, and when the next try is."""
    slow.release()
    gone = _wait(admin, "gone", "failed")

    assert gone["failure"].startswith("The registry has no such image")
    assert gone["next_try"] >= 0
    assert "Traceback" not in hub.log


def test_an_image_can_be_asked_for(admin: httpx.Client, slow: Proxy) -> None:
    """A script's button; a name that is not known gets those that are."""
    slow.release()
    tries = _wait(admin, "gone", "failed")["tries"]
    assert admin.post("api/gone").status_code == 202
    wait_for(lambda: _image(admin, "gone")["tries"] > tries, "it is tried at once")

    refused = admin.post("api/gonne")

    assert refused.status_code == 404
    message = "No image 'gonne'; there are: steady, crowd, moving, gone."
    assert refused.json() == {"status": 404, "message": message}


def test_prometheus_gets_its_text(admin: httpx.Client) -> None:
    """With a token of the hub's, as everything else."""
    answer = admin.get("metrics").raise_for_status()

    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert 'opendata_hub_image_present{image="steady"} 1.0' in answer.text
    assert 'opendata_hub_image_present{image="gone"} 0.0' in answer.text


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "api"), ("GET", "metrics"), ("POST", "api/gone")]
)
def test_who_is_no_admin_sees_and_does_nothing(
    hub: RunningHub, admin: httpx.Client, user: str, method: str, path: str
) -> None:
    """A student's token, or session, is refused; a stranger is asked to log in."""
    with _asking(hub, user) as student:
        assert student.request(method, path).status_code == 403
    session = hub.session(user)
    assert session.request(method, f"/services/images/{path}").status_code == 403
    with httpx.Client(base_url=admin.base_url) as stranger:
        answer = stranger.request(method, path)
        assert answer.status_code == (302 if method == "GET" else 403)
        assert method == "POST" or "/hub/api/oauth2/authorize" in answer.headers["Location"]


def test_the_page_is_the_admins(hub: RunningHub, admin: httpx.Client) -> None:
    """By the way of the browser; no other page can put it into a frame."""
    answer = hub.session("boss").get("/services/images/")

    assert answer.status_code == 200
    assert "<h1>Images</h1>" in answer.text
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_its_token_shows_who_starts_what_and_nothing_else(
    hub: RunningHub, admin: httpx.Client, user: str
) -> None:
    """Whoever steals it learns names and servers, and can do nothing."""
    with httpx.Client(
        base_url=f"{hub.url}/hub/api", headers={"Authorization": f"token {_token(hub)}"}
    ) as thief:
        users = thief.get("/users").raise_for_status().json()
        assert user in {model["name"] for model in users}
        assert not {"groups", "roles", "auth_state"} & set().union(*users)
        for method, path in (
            ("POST", f"/users/{user}/server"),
            ("DELETE", f"/users/{user}"),
            ("POST", f"/users/{user}/tokens"),
            ("GET", "/groups"),
            ("GET", "/proxy"),
            ("GET", "/services"),
            ("POST", "/shutdown"),
        ):
            assert thief.request(method, path).status_code in (403, 404), path


def _token(hub: RunningHub) -> str:
    """The service's own, out of its environment."""
    facts = hub.api.get("/services/images").raise_for_status().json()
    folder = Path(f"/proc/{facts['pid']}")
    variables = dict(
        pair.split("=", 1) for pair in (folder / "environ").read_text().split("\0") if pair
    )
    token = variables["JUPYTERHUB_API_TOKEN"]
    assert token not in (folder / "cmdline").read_text()
    return token

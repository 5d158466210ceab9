"""The service ``homes``: everybody sees their own home and deletes in it; admins see all."""

import asyncio
import html
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from opendata_hub.engine import Engine
from opendata_hub.storage import Storage, open_storage
from tests import stand_in
from tests.disks import btrfs_disk
from tests.hubs import RunningHub, running_hub, wait_for
from tests.ports import free_ports

MB = 10**6
QUOTA = 60 * MB

EXTRA = """
import os
from pathlib import Path
from opendata_hub.services import homes
c.OpenDataSpawner.catalogue = [dict(slug="light", display_name="Light", image="{image}")]
c.OpenDataSpawner.home_storage, c.OpenDataSpawner.home_path = "btrfs", "{disk}"
c.OpenDataSpawner.home_quota = {quota}
c.JupyterHub.load_roles[0]["scopes"] += ["tokens", "read:services"]
homes.add(c, {port}, homes.Config(storage="btrfs", path=Path("{disk}"), has_quota=True))
c.JupyterHub.services[-1]["environment"].update(
    {{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}}
)
"""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk for homes."""
    with btrfs_disk(tmp_path_factory.mktemp("homes")) as disk:
        yield disk


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient,
    tmp_path_factory: pytest.TempPathFactory,
    build: Callable[..., str],
    disk: Path,
) -> Iterator[RunningHub]:
    """A hub whose homes hold little, and whose servers are up at once."""
    image, (port,) = build(stand_in.LINES, base=stand_in.BASE), free_ports(1)
    extra = EXTRA.format(image=image, disk=disk, quota=QUOTA, port=port)
    with running_hub(tmp_path_factory.mktemp("hub"), client, extra) as hub:
        wait_for(lambda: _answers(hub), f"the service answers:\n{hub.log}")
        yield hub


def _answers(hub: RunningHub) -> bool:
    return httpx.get(f"{hub.url}/services/homes/user/nobody/").status_code == 403


@pytest.fixture(scope="module")
def storage(client: docker.APIClient, disk: Path) -> Storage:
    """What the hub has its homes in."""
    return open_storage(Engine(client), "btrfs", disk)


@pytest.fixture
def home(hub: RunningHub, storage: Storage, user: str) -> Path:
    """A user's home, made by a start; the server runs no more."""
    assert hub.start(user).ok
    hub.stop(user)
    return asyncio.run(storage.folder(user))


def put(path: Path, size: int) -> None:
    """Have a user's file there, as a server of theirs would write it."""
    program = f"head -c {size} /dev/urandom > '{path.name}' && sync -f ."
    path.parent.mkdir(exist_ok=True)
    os.chown(path.parent, 1000, 100)
    subprocess.run(["sh", "-c", program], cwd=path.parent, check=True, user=1000, group=100)


def asking(hub: RunningHub, user: str) -> httpx.Client:
    """Asks the service with a user's token."""
    answer = hub.api.post(f"/users/{user}/tokens").raise_for_status()
    token = {"Authorization": f"token {answer.json()['token']}"}
    return httpx.Client(base_url=f"{hub.url}/services/homes/", headers=token, timeout=60)


def gauge(hub: RunningHub, user: str) -> dict[str, Any]:
    """What JupyterLab is told."""
    with asking(hub, user) as client:
        answer: dict[str, Any] = client.get(f"user/{user}/").raise_for_status().json()
    return answer


def delete(
    session: httpx.Client, page: httpx.Response, *chosen: str, **more: str
) -> httpx.Response:
    """Send the form of a page."""
    token = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
    assert token
    form = {"_xsrf": token[1], "chosen": list(chosen), **more}
    return session.post("/services/homes/delete", data=form)


def test_a_student_sees_what_is_large_and_deletes_it(
    hub: RunningHub, user: str, home: Path
) -> None:
    """With no server running; asked before, and the room is there at once."""
    put(home / "data" / "run.root", 30 * MB)
    put(home / "plot.png", 20 * MB)
    session = hub.session(user)
    page = session.get("/services/homes/")
    assert re.search(r"They take 50(\.\d)? MB of 60 MB \(8[34] %\)", page.text)
    assert "Your home is 8" in page.text
    assert page.text.index("data/</a>") < page.text.index("plot.png")
    assert "run.root" in session.get("/services/homes/?path=data").text

    sure = delete(session, page, "data", "plot.png")
    assert "Delete for good?" in sure.text
    assert (home / "data" / "run.root").exists()
    done = delete(session, sure, "data", "plot.png", sure="yes")

    assert "Deleted." in done.text
    assert list(home.iterdir()) == []
    assert gauge(hub, user)["level"] == 0


def test_a_home_that_is_full_to_the_last_byte_is_emptied(
    hub: RunningHub, user: str, home: Path
) -> None:
    """A quota that lets nothing be written lets it be deleted."""
    with pytest.raises(subprocess.CalledProcessError):
        put(home / "fill", 2 * QUOTA)
    told = gauge(hub, user)
    assert (told["level"], told["quota"]) == (3, QUOTA)
    assert told["warning"].startswith("Your home is full: nothing more can be saved.")
    session = hub.session(user)

    delete(session, session.get("/services/homes/"), "fill", sure="yes")

    assert gauge(hub, user)["used"] < MB


def test_no_link_leads_out_of_a_home(hub: RunningHub, user: str, home: Path, disk: Path) -> None:
    """Neither to look, nor to delete, nor by a path that somebody has made up."""
    precious = disk / "precious"
    precious.write_text("precious")
    (home / "link").symlink_to(disk)
    (home / "..hidden").mkdir()
    session = hub.session(user)
    page = session.get("/services/homes/")

    for chosen in ("link/precious", "../precious", "..%2Fprecious", str(precious), "."):
        done = delete(session, page, chosen, sure="yes")
        assert "could not be deleted" in done.text, chosen
    shown = session.get("/services/homes/?path=link")

    assert "There is no such folder" in html.unescape(shown.text)
    assert "precious" not in shown.text
    assert precious.exists()


def test_nobody_deletes_by_a_page_of_another_site(hub: RunningHub, user: str, home: Path) -> None:
    """Without the page's own token nothing happens."""
    put(home / "file", 1000)
    session = hub.session(user)
    session.get("/services/homes/")

    answer = session.post(
        "/services/homes/delete",
        data={"chosen": "file", "sure": "yes"},
        headers={"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"},
    )

    assert answer.status_code == 403
    assert (home / "file").exists()


def test_a_student_sees_no_other_home(
    hub: RunningHub, user: str, home: Path, new_name: Callable[[str], str]
) -> None:
    """Neither by name nor in the table; a stranger is asked to log in."""
    other = hub.add_user(new_name("other"))
    with asking(hub, other) as client:
        assert client.get(f"user/{user}/").status_code == 403
        assert client.get("all").status_code == 403
        assert client.get("api").status_code == 403
        assert client.get(f"user/{other}/").json()["text"] == ""  # no home yet
    session = hub.session(other)
    assert "You have none here yet" in session.get("/services/homes/").text
    assert session.get("/services/homes/all").status_code == 403
    with httpx.Client(base_url=f"{hub.url}/services/homes/") as stranger:
        assert stranger.get("").status_code == 302
        assert stranger.get(f"user/{user}/").status_code == 403


def test_admins_see_all_homes(hub: RunningHub, user: str, home: Path, disk: Path) -> None:
    """With place, use and quota, as a page and as JSON."""
    put(home / "file", 5 * MB)
    gauge(hub, user)
    with asking(hub, "boss") as admin:
        told = admin.get("api").raise_for_status().json()
    (mine,) = (row for row in told["homes"] if row["user"] == user)

    assert mine["place"] == str(disk / user)
    assert 5 * MB <= mine["used"] < 6 * MB
    assert (mine["quota"], mine["deleted"]) == (QUOTA, None)
    assert 0 < told["disk"]["free"] < told["disk"]["size"]
    sizes = [row["used"] or 0 for row in told["homes"]]
    assert sizes == sorted(sizes, reverse=True)
    assert str(disk / user) in hub.session("boss").get("/services/homes/all").text


def test_a_home_of_a_deleted_user_is_in_the_table(
    hub: RunningHub, user: str, home: Path, storage: Storage
) -> None:
    """With the day; measured like the others."""
    hub.api.delete(f"/users/{user}").raise_for_status()

    with asking(hub, "boss") as admin:
        (row,) = (row for row in admin.get("api").json()["homes"] if row["user"] == user)

    assert row["deleted"]


def test_its_token_shows_who_has_a_server_and_nothing_else(hub: RunningHub, user: str) -> None:
    """Whoever steals it learns names and servers, and can do nothing."""
    facts = hub.api.get("/services/homes").raise_for_status().json()
    environ = Path(f"/proc/{facts['pid']}/environ").read_text().split("\0")
    token = dict(pair.split("=", 1) for pair in environ if pair)["JUPYTERHUB_API_TOKEN"]
    with httpx.Client(
        base_url=f"{hub.url}/hub/api", headers={"Authorization": f"token {token}"}
    ) as thief:
        users = thief.get("/users").raise_for_status().json()
        assert user in {model["name"] for model in users}
        assert not {"groups", "roles", "auth_state"} & set().union(*users)
        for method, path in (
            ("POST", f"/users/{user}/server"),
            ("DELETE", f"/users/{user}"),
            ("POST", f"/users/{user}/tokens"),
            ("GET", "/groups"),
            ("POST", "/shutdown"),
        ):
            assert thief.request(method, path).status_code in (403, 404), path

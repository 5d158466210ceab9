"""A hub of hub.yaml on JupyterHub 5.4, whose machine then gets 6.1: nobody notices."""

import asyncio
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import httpx
import pytest
from jupyterhub import __version__

from tests.browser.product import ProductHub
from tests.conftest import STARTER
from tests.hubs import run, wait_for
from tests.kernels import Kernel

FORM = "select version_num from alembic_version"

pytestmark = pytest.mark.parametrize("version", ["5.4"], ids="hub {}".format, indirect=True)


@pytest.fixture(scope="module")
def old(
    python: Path, client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProductHub]:
    """The hub, which stops what nobody has used for some seconds."""
    settings = {
        "images": [{"slug": "starter", "display_name": "Starter", "image": STARTER}],
        "limits": {"memory": "1G"},
        "culling": {"idle": "6s", "check_every": "1s", "keep": "10m"},
    }
    hub = ProductHub(tmp_path_factory.mktemp("old"), client, settings, students=2)
    hub.python = str(python)
    with run(hub):
        yield hub


def form(file: Path) -> str:
    """Which version of the database's form a file has."""
    with closing(sqlite3.connect(file)) as opened:
        return str(next(opened.execute(FORM))[0])


def test_the_culler_stops_what_nobody_uses(old: ProductHub) -> None:
    """Also with this JupyterHub it is told who has a server, and which."""
    user = old.newcomer()
    assert old.start(user).ok
    wait_for(lambda: not old.servers(user), "the server is gone")
    assert re.search(rf"^\[culling\] {user} stops: nobody has used it for", old.log, re.M)


async def test_the_next_jupyterhub_finds_everything_again(old: ProductHub) -> None:
    """The database is upgraded, with a copy; kernels go on; who keeps a server still does."""
    user = old.newcomer()
    assert old.start(user).ok
    kernel = Kernel(old, user)
    await asyncio.gather(kernel.run("answer = 42"), asyncio.to_thread(keep, old, user))
    file, length = old.folder / ".hub" / "jupyterhub.sqlite", len(old.log)
    before = form(file)
    old.end()

    old.python = sys.executable
    old.run()

    assert old.servers(user)[""]["ready"]
    assert await kernel.run("print(answer)") == "42\n"
    said = f"[culling] {user} stays: somebody keeps it, for 9m"
    wait_for(lambda: said in old.log[length:], "it is kept")
    (copy,) = file.parent.glob("before-upgrade-*.sqlite")
    assert f"The hub's database is now one of JupyterHub {__version__}; before: {copy}" in old.log
    assert form(copy) == before != form(file)
    old.stop(user)
    assert old.start(user).ok


def keep(hub: ProductHub, user: str) -> None:
    """Press the button of the warning, as soon as the culler knows the server."""
    url, headers = f"{hub.url}/services/culling/user/{user}/", hub.api.headers

    def pressed() -> bool:
        httpx.post(url, json={"keep": True}, headers=headers).raise_for_status()
        return f"[culling] {user}: somebody keeps it for 10m" in hub.log

    wait_for(pressed, "the culler has looked at it")

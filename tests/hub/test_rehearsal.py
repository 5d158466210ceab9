"""A class played on a running hub: it gets in, works, is measured, and nothing of it is left."""

import json
import os
import re
import secrets
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from opendata_hub import homes
from tests import stand_in
from tests.browser.product import ProductHub
from tests.conftest import STARTER, remove_traces
from tests.hubs import run, wait_for

PASSWORD = "a sentence on the board"
GUEST = """
c.JupyterHub.services.append({{"name": "guest", "api_token": {token!r}}})
c.JupyterHub.load_roles.append({{"name": "guest", "services": ["guest"], "scopes": [
    "list:users", "read:users:activity", "read:servers", "admin:users", "tokens", "delete:servers",
]}})
"""
# It ends when it is asked to, as the first process of a container does only by its own will.
NEVER = 'ENTRYPOINT ["sh", "-c", "trap exit TERM; while sleep 0.1; do :; done"]'
PATIENCE = 300  # seconds


class ClassHub(ProductHub):
    """The product with a class password, and a token as another hub's admin would give one."""

    guest = secrets.token_hex(16)

    def configuration(self) -> str:
        """Write hub.yaml."""
        config = super().configuration()
        file = self.folder / "hub.yaml"
        options = {"user_password": PASSWORD, "allow_all": True}
        login = {"method": "shared-password", "admins": [], "options": options}
        file.write_text(json.dumps({**json.loads(file.read_text()), "login": login}))
        return config + GUEST.format(token=self.guest)

    @property
    def rehearsing(self) -> list[str]:
        """Users that a rehearsal has made."""
        names = [user["name"] for user in self.api.get("/users").json()]
        return [name for name in names if name.startswith("rehearsal-")]

    @property
    def rehearsed(self) -> set[str]:
        """All whom rehearsals have ever made on this hub."""
        return set(re.findall(r"rehearsal-[0-9a-f]{8}-\d+", self.log))

    def traces(self) -> list[str]:
        """Users, containers and homes that are left of rehearsals on this hub."""
        left = list(self.rehearsing)
        for user in self.rehearsed:
            wanted = {"label": f"{homes.LABEL}.user={user}"}
            left += [one["Id"] for one in self.client.containers(all=True, filters=wanted)]
            left += [one["Name"] for one in self.client.volumes(filters=wanted)["Volumes"] or ()]
        return left


@pytest.fixture(scope="module")
def hub(
    client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory, build: Callable[..., str]
) -> Iterator[ClassHub]:
    """A hub with JupyterLab, a server that is up at once, and one that never comes up."""
    quick = build(stand_in.LINES, base=stand_in.BASE)
    never = build(NEVER, base=stand_in.BASE)
    images = [
        {"slug": "starter", "display_name": "Starter", "image": STARTER, "default": True},
        {"slug": "physics", "display_name": "Physics", "image": STARTER, "groups": ["physics"]},
        {"slug": "quick", "display_name": "Quick", "image": quick},
        {"slug": "never", "display_name": "Never", "image": never},
        {"slug": "far", "display_name": "Far", "image": "localhost:9/none:1"},
    ]
    settings = {"images": images, "groups": {"physics": ["anna"]}}
    hub = ClassHub(tmp_path_factory.mktemp("rehearsal"), client, settings)
    hub.users.add("anna")
    with run(hub):
        yield hub
        users = hub.rehearsed
    for user in users:
        remove_traces(client, user)


@dataclass(frozen=True)
class Rehearse:
    """Runs the command on a hub, in an empty folder."""

    hub: ClassHub
    folder: Path

    def begin(self, *arguments: str, token: str = "") -> "subprocess.Popen[str]":
        """Start it."""
        environment = {**os.environ, "XDG_STATE_HOME": str(self.folder)}
        command = [Path(sys.executable).with_name("opendata-hub"), "rehearse"]
        if token:
            arguments = (*arguments, "--hub", self.hub.url)
            environment["JUPYTERHUB_API_TOKEN"] = token
        return subprocess.Popen(
            [*command, "--config", self.hub.folder / "hub.yaml", *arguments],
            cwd=self.folder, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def __call__(self, *arguments: str, token: str = "") -> "subprocess.CompletedProcess[str]":
        """Run it to its end."""
        process = self.begin(*arguments, token=token)
        out, err = process.communicate(timeout=PATIENCE)
        print(out, err)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.fixture
def rehearse(hub: ClassHub, tmp_path: Path) -> Rehearse:
    """The command."""
    return Rehearse(hub, tmp_path)


def test_a_class_gets_in_works_and_is_gone(hub: ClassHub, rehearse: Rehearse) -> None:
    """With the class password, an image for one group, and JupyterLab; all of it is measured."""
    done = rehearse("--users", "2", "--image", "physics")

    assert done.returncode == 0
    assert "2 of 2 got in, the last after" in done.stdout
    assert re.search(r"\d+ students fit; (memory|the processor) is the limit", done.stdout)
    assert hub.traces() == []
    (file,) = rehearse.folder.glob("rehearsals/*.json")
    found = json.loads(file.read_text())
    assert found["by_password"]
    assert all(one["notebook"] and not one["failed_cell"] for one in found["students"])
    assert found["verdict"]["memory"]["promised"] == 512 * 2**20
    assert len(found["containers"][-1]["students"]) == 2
    assert "<svg" in file.with_suffix(".html").read_text()


def written(folder: Path, *cells: str) -> str:
    """A notebook of these cells."""
    file = folder / "own.ipynb"
    code = [{"cell_type": "code", "source": cell} for cell in cells]
    metadata = {"kernelspec": {"name": "python3", "language": "python"}}
    file.write_text(json.dumps({"nbformat": 4, "metadata": metadata, "cells": code}))
    return str(file)


def test_another_hubs_class_and_its_notebook_with_a_fault(
    hub: ClassHub, rehearse: Rehearse
) -> None:
    """Of that hub a token is known; each student's failing cell is told, and the exit code is 1."""
    lesson = written(rehearse.folder, "a = 1", "a / 0")
    done = rehearse("--users", "2", "--notebook", lesson, "--json", token=hub.guest)

    assert done.returncode == 1
    assert hub.traces() == []
    found = json.loads(done.stdout)
    assert not found["by_password"]
    assert found["verdict"]["got_in"] == 2
    errors = [one["failed_cell"] for one in found["students"]]
    assert [(error["cell"], error["code"]) for error in errors] == [(2, "a / 0")] * 2
    assert errors[0]["error"] == "ZeroDivisionError: division by zero"


def test_real_people_are_not_disturbed_and_keep_all_they_have(
    hub: ClassHub, rehearse: Rehearse, new_name: Callable[[str], str]
) -> None:
    """Who has a server is named, and nothing is made; if told to, it plays beside them."""
    user = hub.add_user(new_name("rehearsal"))  # a name that is much like those of ours
    assert hub.start(user, {"image": "quick"}).ok
    try:
        refused = rehearse("--users", "1")
        assert refused.returncode == 1
        assert f"{user} (has a server)" in refused.stderr
        assert hub.rehearsing == [user]

        rehearse("--users", "1", "--image", "quick", "--even-if-in-use")
        assert hub.rehearsing == [user]
        assert hub.runs(user)
        assert hub.client.inspect_volume(homes.volume_name(user))
    finally:
        hub.stop(user)
        hub.api.delete(f"/users/{user}")


def test_who_waits_for_too_long_is_not_in(hub: ClassHub, rehearse: Rehearse) -> None:
    """The student gives up, is counted, and the reason is printed."""
    done = rehearse("--users", "1", "--image", "never", "--patience", "2s")

    assert done.returncode == 1
    assert "0 of 1 got in." in done.stdout
    assert "after 2 seconds" in done.stdout
    assert hub.traces() == []


def test_an_image_that_is_not_here_is_told(hub: ClassHub, rehearse: Rehearse) -> None:
    """Beforehand; and where it does not come, in the words that students read."""
    done = rehearse("--users", "1", "--image", "far")

    assert done.returncode == 1
    assert "The image far is not on this machine: it comes first" in done.stdout
    assert re.search(
        r"student 1: The registry that has the image of Far cannot be reached", done.stdout
    )
    assert hub.traces() == []


@pytest.fixture
def under_way(hub: ClassHub, rehearse: Rehearse) -> Iterator["subprocess.Popen[str]"]:
    """A rehearsal whose students wait for servers that never come up."""
    process = rehearse.begin("--users", "2", "--image", "never")
    try:
        wait_for(lambda: any(map(hub.runs, hub.rehearsing)), "a student's container runs")
        yield process
    finally:
        process.kill()
        process.communicate()


def test_ctrl_c_cleans_up(hub: ClassHub, under_way: "subprocess.Popen[str]") -> None:
    """Nothing is left of it, and it says so with its exit code."""
    under_way.send_signal(signal.SIGINT)
    out, err = under_way.communicate(timeout=PATIENCE)
    print(out, err)

    assert under_way.returncode == 1
    assert "Stopped; all that it made is removed." in err
    assert "Traceback" not in err
    assert hub.traces() == []


def test_what_a_killed_rehearsal_left_is_removed_by_the_next(
    hub: ClassHub, rehearse: Rehearse, under_way: "subprocess.Popen[str]"
) -> None:
    """Two at a time are refused; once the first is killed, its students, servers and homes go."""
    assert "Another rehearsal" in rehearse("--users", "1").stderr
    under_way.kill()
    under_way.wait(PATIENCE)
    assert len(hub.rehearsing) == 2

    done = rehearse("--clean-up")

    assert done.returncode == 0
    assert hub.traces() == []


def test_a_token_that_may_not_do_enough_is_told_what_it_lacks(
    hub: ClassHub, rehearse: Rehearse
) -> None:
    """The tester's may make users and stop servers, but log nobody in."""
    done = rehearse("--users", "1", token=hub.token)

    assert done.returncode == 1
    assert "it lacks tokens." in done.stderr


def test_a_strange_token_is_refused_in_words(hub: ClassHub, rehearse: Rehearse) -> None:
    """The sentence tells what is wanted."""
    done = rehearse("--users", "1", token="no-such-token")

    assert done.returncode == 1
    assert "does not know this token" in done.stderr


def test_the_right_to_rehearse_ends_with_the_rehearsal(hub: ClassHub) -> None:
    """The hub's own service has no token when nobody rehearses."""
    with sqlite3.connect(hub.folder / ".hub" / "jupyterhub.sqlite") as database:
        (count,) = database.execute(
            "select count(*) from api_tokens join services on services.id = service_id "
            "where services.name = 'rehearsal' and expires_at > datetime('now')"
        ).fetchone()
    database.close()
    assert count == 0

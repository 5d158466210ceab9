"""`opendata-hub images pull` and `push`: images from a registry, and into one."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from opendata_hub import locks
from opendata_hub.engine import BROUGHT
from tests.engine.islands import Island
from tests.ports import free_ports
from tests.registries import PASSWORD, USER, registry

MB = 10**6
NewName = Callable[[str], str]


def catalogue(**images: str) -> None:
    """Write a catalogue of these references, and a hub.yaml beside it."""
    lines = [f"- {{slug: {s}, display_name: {s}, image: '{i}'}}\n" for s, i in images.items()]
    Path("catalogue.yaml").write_text("".join(lines))
    Path("hub.yaml").write_text("images: catalogue.yaml\n")


def test_one_that_fails_stops_no_other(bare: Island, new_name: NewName) -> None:
    """Each that can be had comes and is marked as ours; the exit code and a sentence tell."""
    good, bad = new_name("good"), new_name("bad")
    bare.put(f"{good}:1", MB)
    catalogue(first=bare.at(f"{bad}:1"), second=bare.at(f"{good}:1"))

    result = bare.images("pull")

    assert result.exit_code == 1
    assert f"second: {bare.at(good)}:1 is here, 1 MB\n" in result.stdout
    assert f"first: {bare.at(bad)}:1 cannot be pulled: " in result.stderr
    marked = [tag for image in bare.client.images.list() for tag in image.tags]
    assert any(tag.startswith(f"{BROUGHT}:") for tag in marked)


def test_scripts_get_json_and_nothing_else(bare: Island, new_name: NewName) -> None:
    """Progress goes to the other stream."""
    name = new_name("lesson")
    bare.put(f"{name}:1", MB)
    catalogue(lesson=bare.at(f"{name}:1"), other=bare.at(f"{name}:2"))

    lesson, other = json.loads(bare.images("pull", "--json").stdout)

    assert lesson["error"] is None and lesson["size"] >= MB
    assert other["slug"] == "other" and "manifest unknown" in other["error"]


def test_what_is_locked_comes_by_its_digest_and_keeps_its_name(
    bare: Island, new_name: NewName
) -> None:
    """The tag has moved on since; `docker run NAME:TAG` starts what the lock says."""
    name = new_name("lesson")
    locked = bare.put(f"{name}:1", MB)
    catalogue(lesson=bare.at(f"{name}:1"))
    pin = locks.Pin(digest=locked.digest)
    locks.write(Path("catalogue.lock"), locks.Lock(images={bare.at(f"{name}:1"): pin}))
    bare.put(f"{name}:1", 2 * MB)

    assert bare.images("pull", "lesson").exit_code == 0

    image = bare.client.images.get(bare.at(f"{name}:1"))
    assert locked.digest_at(bare.port) in image.attrs["RepoDigests"]
    (listed,) = json.loads(bare.images("list", "--json").stdout)
    assert (listed["state"], listed["locked"], listed["digest"]) == ("ready", True, locked.digest)


def test_what_is_made_here_is_not_pulled(bare: Island, tmp_path: Path) -> None:
    """A stranger could own its name in a public registry."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "hub.yaml").write_text(
        "images:\n- {slug: mine, display_name: Mine, image: mine:1, build: .}\n"
    )

    assert bare.images("pull").exit_code == 0
    named = bare.images("pull", "mine")

    assert named.exit_code == 1
    assert named.stderr == "mine: It is made on this machine: opendata-hub images build mine\n"


def test_an_image_goes_to_another_registry(bare: Island, new_name: NewName) -> None:
    """Under its slug; the name that it has there is not left behind here."""
    name, there = new_name("lesson"), new_name("class")
    bare.put(f"{name}:1", MB)
    catalogue(lesson=bare.at(f"{name}:1"))
    bare.images("pull")

    (pushed,) = json.loads(bare.images("push", "lesson", "--to", bare.at(there), "--json").stdout)

    target = f"{bare.at(there)}/lesson:1"
    assert (pushed["pushed"], pushed["error"]) == (target, None)
    assert not bare.has(target)
    told = bare.client.api.inspect_distribution(target)["Descriptor"]["digest"]
    assert told == pushed["digest"]


def test_a_refused_push_says_where_the_login_goes(
    bare: Island, tmp_path: Path, new_name: NewName
) -> None:
    """Without one, with a wrong one, and with the right one."""
    name, (port,) = new_name("lesson"), free_ports(1)
    bare.put(f"{name}:1", 1000)
    catalogue(lesson=bare.at(f"{name}:1"))
    bare.images("pull")
    to = ("push", "lesson", "--to", f"localhost:{port}/class")
    with registry(tmp_path, login=True, within=bare.own.within, port=port):
        without = bare.images(*to)
        _log_in(port, "wrong")
        wrong = bare.images(*to)
        _log_in(port, PASSWORD)
        right = bare.images(*to)

    assert without.exit_code == wrong.exit_code == 1
    assert f"log in with 'docker login localhost:{port}', or write the login" in without.stderr
    assert "the login that hub.yaml has for it under 'registries'" in wrong.stderr
    assert right.exit_code == 0 and "sha256:" in right.stdout


def _log_in(port: int, password: str) -> None:
    login = f"{{username: {USER}, password: '{password}'}}"
    Path("hub.yaml").write_text(
        f"images: catalogue.yaml\nregistries: {{'localhost:{port}': {login}}}\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["far"], "It is not here: opendata-hub images pull far"),
        (["mine"], "mine:1 names no registry; say where: --to HOST/PREFIX"),
        (["mine", "--to", "quay.io/me"], "It is not here: opendata-hub images build mine"),
        (["far", "--to", "https://quay.io"], "write a registry and a path: quay.io/my-class"),
    ],
)
def test_what_cannot_be_pushed_is_a_sentence(
    bare: Island, tmp_path: Path, arguments: list[str], words: str
) -> None:
    """It names the command that mends it."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "hub.yaml").write_text(
        "images:\n- {slug: mine, display_name: Mine, image: mine:1, build: .}\n"
        "- {slug: far, display_name: Far, image: 'localhost:1/far:1'}\n"
    )

    result = bare.images("push", *arguments)

    assert result.exit_code == 1 and words in result.stderr

"""A new home and its first owner."""

import io
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest

from opendata_hub import homes
from opendata_hub.engine import Engine
from opendata_hub.homes import HOME
from opendata_hub.storage.furnishing import furnish
from tests.engine.conftest import Run

FILES = {"Welcome.ipynb": b"{}", "data/one/muons.csv": b"1,2"}


@pytest.fixture
def home(
    client: docker.APIClient, new_name: Callable[[str], str], make: Run
) -> Iterator[tuple[str, str]]:
    """A volume nobody has used, and a container with it that was not started."""
    volume = new_name("home")
    client.create_volume(volume)
    yield volume, make("", host={"mounts": [docker.types.Mount(HOME, volume, no_copy=True)]})


@pytest.fixture(autouse=True)
def _tidy(client: docker.APIClient, home: tuple[str, str]) -> Iterator[None]:
    yield
    with suppress(docker.errors.NotFound):
        client.remove_container(home[1], force=True)
    client.remove_volume(home[0])


def entries(client: docker.APIClient, container: str) -> dict[str, tuple[int, int, int, bytes]]:
    """What lies in the home: owner, group, mode and content by path."""
    blocks, _ = client.get_archive(container, HOME)
    with tarfile.open(fileobj=io.BytesIO(b"".join(blocks))) as tar:
        return {
            entry.name: (entry.uid, entry.gid, entry.mode & 0o777, _content(tar, entry))
            for entry in tar
        }


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(entry)
    return file.read() if file else b""


@pytest.mark.parametrize("way", ["directly", "through the container"])
async def test_a_home_is_its_owners_whichever_way_it_is_made(
    engine: Engine, client: docker.APIClient, home: tuple[str, str], way: str
) -> None:
    """Folder, folders and files, with the modes of files of one's own."""
    volume, container = home

    folder = Path(client.inspect_volume(volume)["Mountpoint"])
    await furnish(engine, container, FILES, folder if way == "directly" else None)

    whose = homes.UID, homes.GID
    assert entries(client, container) == {
        "jovyan": (*whose, 0o755, b""),
        "jovyan/Welcome.ipynb": (*whose, 0o644, b"{}"),
        "jovyan/data": (*whose, 0o755, b""),
        "jovyan/data/one": (*whose, 0o755, b""),
        "jovyan/data/one/muons.csv": (*whose, 0o644, b"1,2"),
    }


async def test_a_home_that_was_begun_is_finished(
    engine: Engine, client: docker.APIClient, home: tuple[str, str]
) -> None:
    """A hub that was killed over it has left a file: the next start goes through the engine."""
    volume, container = home
    folder = Path(client.inspect_volume(volume)["Mountpoint"])
    await furnish(engine, container, {"Welcome.ipynb": b"half"}, folder)

    await furnish(engine, container, FILES, folder)

    found = entries(client, container)
    assert found["jovyan/Welcome.ipynb"] == (homes.UID, homes.GID, 0o644, b"{}")
    assert "jovyan/data/one/muons.csv" in found


async def test_nothing_changes_hands_within_what_has_changed_hands(
    engine: Engine,
    client: docker.APIClient,
    home: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its owner, who may be at it, never has a folder in which root still works."""
    volume, container = home
    folder, handed, chown = Path(client.inspect_volume(volume)["Mountpoint"]), set(), os.chown

    def watched(path: Path, *owner: int) -> None:
        assert not handed.intersection(path.parents), path
        handed.add(path)
        chown(path, *owner)

    monkeypatch.setattr(os, "chown", watched)

    await furnish(engine, container, FILES, folder)

    assert len(handed) == 5

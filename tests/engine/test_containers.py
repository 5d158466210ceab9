"""Homes, files, logs, and the removal of containers."""

import asyncio
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress

import docker
import pytest

from opendata_hub.engine import Engine, archive, seccomp
from opendata_hub.errors import EngineError, ImageNotFound
from tests.engine.conftest import STUBBORN, Run
from tests.proxies import Proxy, http_answer

NOTHING = ""
GARBLED = r"import sys; sys.stdout.buffer.write(b'one\ntwo\nthr\xff\xfee\n')"
BOTH = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
SOCKETS = """
import errno, json, socket
from socket import AF_INET as four, AF_INET6 as six, AF_NETLINK as routes, AF_UNIX as own
def is_refused(*kind):
    try:
        socket.socket(*kind).close()
    except OSError as error:
        return error.errno == errno.EPERM
    return False
print(json.dumps([is_refused(*kind) for kind in (
    (four, 6), (six, 6), (four, 5), (six, 5), (four, 3), (routes, 5),
    (four, 1), (six, 2 | socket.SOCK_NONBLOCK), (four, 2, 1), (six, 2, 58), (routes, 3), (own, 5),
)]))
"""


@pytest.fixture
def volume(client: docker.APIClient, new_name: Callable[[str], str]) -> Iterator[str]:
    """Name for a volume, which is removed after the containers."""
    name = new_name("engine-test")
    yield name
    with suppress(docker.errors.NotFound):
        client.remove_volume(name)


async def test_a_volume_is_made_once(engine: Engine, client: docker.APIClient, volume: str) -> None:
    """A home is there with its labels after it was made, and is not made again."""
    assert not await engine.has_volume(volume)
    await engine.create_volume(volume, {"whose": "alice"})
    await engine.create_volume(volume, {"whose": "bob"})

    assert await engine.has_volume(volume)
    assert client.inspect_volume(volume)["Labels"] == {"whose": "alice"}


async def test_a_home_gets_its_owner_before_anything_runs(
    engine: Engine, client: docker.APIClient, volume: str, make: Run
) -> None:
    """The new volume of a container that was never started belongs to uid 1000, files and all."""
    name = make(NOTHING, host={"binds": [f"{volume}:/home/jovyan"]})

    await engine.put(
        name, "/home", archive({"a/b.txt": b"hello"}, uid=1000, gid=1000, folder="jovyan")
    )

    found = {entry.name: entry for entry in _read(client, name, "/home/jovyan")}
    ours = [found[path] for path in ("jovyan", "jovyan/a", "jovyan/a/b.txt")]
    assert {(entry.uid, entry.gid) for entry in ours} == {(1000, 1000)}
    assert [entry.mode & 0o777 for entry in ours] == [0o755, 0o755, 0o644]
    assert client.inspect_container(name)["State"]["Status"] == "created"


async def test_files_are_put_into_a_running_container(
    engine: Engine, client: docker.APIClient, run: Run
) -> None:
    """A note for a student appears where they are, and what is there stays."""
    name = run(STUBBORN)
    await engine.put(name, "/home/jovyan", archive({"one.txt": b"1"}, 1000, 1000))
    await engine.put(name, "/home/jovyan", archive({"two.txt": b"22"}, 1000, 1000))

    sizes = {entry.name: entry.size for entry in _read(client, name, "/home/jovyan")}

    assert (sizes["jovyan/one.txt"], sizes["jovyan/two.txt"]) == (1, 2)


def _read(client: docker.APIClient, name: str, folder: str) -> list[tarfile.TarInfo]:
    chunks, _ = client.get_archive(name, folder)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        return tar.getmembers()


async def test_the_last_lines_of_a_dead_container(
    engine: Engine, client: docker.APIClient, run: Run
) -> None:
    """Lines are counted from the end, and bytes that are no text do no harm."""
    name = run(GARBLED)
    client.wait(name)

    assert await engine.last_lines(name, lines=2) == "two\nthr\ufffd\ufffde"


async def test_the_last_lines_are_of_both_streams(
    engine: Engine, client: docker.APIClient, run: Run
) -> None:
    """A traceback goes to the other stream than the rest."""
    name = run(BOTH)
    client.wait(name)

    assert sorted((await engine.last_lines(name)).split()) == ["err", "out"]


async def test_the_log_of_what_is_gone_is_an_error(engine: Engine) -> None:
    """The engine's word for it."""
    with pytest.raises(EngineError, match="No such container"):
        await engine.last_lines("nobody")


async def test_a_running_container_is_removed(engine: Engine, run: Run) -> None:
    """Removal ends what runs."""
    name = run(STUBBORN)

    await engine.remove(name)

    assert await engine.container(name) is None


async def test_what_is_gone_may_be_stopped_and_removed(engine: Engine) -> None:
    """Clean-up after a clean-up is fine."""
    await engine.stop("nobody")
    await engine.remove("nobody")


async def test_two_may_remove_the_same_container(engine: Engine, run: Run) -> None:
    """The hub and an administrator at once: neither sees an error."""
    name = run(STUBBORN)

    await asyncio.gather(*[engine.remove(name) for _ in range(5)])

    assert await engine.container(name) is None


async def test_a_removal_that_the_engine_refuses_is_an_error(
    far_engine: Engine, line: Proxy
) -> None:
    """What could not be removed is not forgotten in silence."""
    line.answer = http_answer(500, "", "device or resource busy")

    with pytest.raises(EngineError, match="device or resource busy"):
        await far_engine.remove("anybody")


async def test_what_has_ended_may_be_stopped(
    engine: Engine, client: docker.APIClient, run: Run
) -> None:
    """A container that ended by itself is left as it is."""
    name = run("raise SystemExit(3)")
    client.wait(name)

    await engine.stop(name)

    container = await engine.container(name)
    assert container is not None
    assert container["State"]["ExitCode"] == 3


async def test_a_server_makes_no_sockets_of_rare_sorts(
    engine: Engine, client: docker.APIClient, run: Run
) -> None:
    """Not DCCP or SCTP, by whatever flag; TCP, UDP, ping, netlink and local ones are as ever."""
    name = run(SOCKETS, host={"security_opt": [f"seccomp={seccomp.profile()}"]})
    client.wait(name)

    assert json.loads(await engine.last_lines(name)) == [True] * 6 + [False] * 6


async def test_an_image_that_is_not_here(engine: Engine) -> None:
    """An image is told from other things that may be missing."""
    with pytest.raises(ImageNotFound):
        await engine.image("opendata-hub/no-such-image:1")

"""The volume with the launcher: made once, whole, and made again when it is lost."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress

import docker
import pytest

from opendata_hub.engine import Engine
from opendata_hub.errors import ImageNotFound
from opendata_hub.launcher import FOLDER, Launcher
from tests.conftest import STARTER
from tests.engine.conftest import Run, prints

FILE = f"{FOLDER}/sitecustomize.py"
HUB = "http://172.17.0.1:8081/hub/api"
READ = f"print(open('{FILE}').read()[:30], flush=True)\nimport signal; signal.pause()"


@pytest.fixture
def launcher(
    engine: Engine, client: docker.APIClient, new_name: Callable[[str], str]
) -> Iterator[Launcher]:
    """One with a volume that no hub uses."""
    launcher = Launcher(engine, HUB)
    launcher.volume = new_name("launcher")
    yield launcher
    with suppress(docker.errors.NotFound):
        client.remove_volume(launcher.volume)


def mounted(launcher: Launcher) -> dict[str, list[docker.types.Mount]]:
    """What a container is made with to have it."""
    return {"mounts": [docker.types.Mount(**launcher.mount())]}


async def test_servers_find_the_file_in_the_volume(
    launcher: Launcher, engine: Engine, client: docker.APIClient, run: Run
) -> None:
    """Anybody reads it; the volume says what it is, and the container that filled it is gone."""
    assert await launcher.ready(STARTER)

    name = run(READ, host=mounted(launcher), user="1000:100")

    await prints(engine, name, "A quick start")
    labels = client.inspect_volume(launcher.volume)["Labels"]
    assert labels == {"org.opendata-hub.role": "launcher"}
    assert await engine.container(launcher.hand) is None


async def test_it_is_made_again_where_it_is_gone(
    launcher: Launcher, engine: Engine, client: docker.APIClient, run: Run
) -> None:
    """Somebody tidies up the engine under a running hub: the next start has it again."""
    await launcher.ready(STARTER)
    client.remove_volume(launcher.volume)

    await launcher.ready(STARTER)

    await prints(engine, run(READ, host=mounted(launcher)), "A quick start")


async def test_one_that_was_left_empty_is_filled(
    launcher: Launcher, engine: Engine, client: docker.APIClient, run: Run
) -> None:
    """What a hub leaves that was killed over it, an empty volume and a container, does no harm."""
    client.create_volume(launcher.volume)
    client.create_container(STARTER, ["nothing"], name=launcher.hand)

    await launcher.ready(STARTER)

    await prints(engine, run(READ, host=mounted(launcher)), "A quick start")
    assert await engine.container(launcher.hand) is None


async def test_hubs_that_make_it_at_the_same_time_all_have_it(
    launcher: Launcher, engine: Engine, run: Run
) -> None:
    """None takes it from under another one's hands."""
    others = [Launcher(engine, f"{HUB}/{number}") for number in range(7)]
    for other in others:
        other.volume = launcher.volume

    answers = await asyncio.gather(*(one.ready(STARTER) for one in (launcher, *others)))

    assert all(answers)
    await prints(engine, run(READ, host=mounted(launcher)), "A quick start")


async def test_thirty_starts_at_once_make_it_once(launcher: Launcher) -> None:
    """They wait for the one that makes it, and have it."""
    answers = await asyncio.gather(*(launcher.ready(STARTER) for _ in range(30)))

    assert all(answers)


async def test_a_refusal_is_told_once(
    launcher: Launcher, engine: Engine, new_name: Callable[[str], str]
) -> None:
    """The first start hears the reason; the others are not kept waiting for another one."""
    with pytest.raises(ImageNotFound):
        await launcher.ready(new_name("nothing"))

    assert not await launcher.ready(STARTER)
    assert await engine.container(launcher.hand) is None

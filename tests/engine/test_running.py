"""Which servers run."""

import asyncio

import docker

from opendata_hub import homes
from opendata_hub.engine import Engine
from opendata_hub.engine.running import Running
from tests.engine.conftest import STUBBORN, Run


async def test_it_has_what_runs_and_not_what_has_ended(
    engine: Engine, client: docker.APIClient, run: Run
) -> None:
    """Whoever asks, and all who ask at the same time."""
    running = Running(engine)
    names = [run(STUBBORN, labels=[homes.SERVERS]) for _ in range(2)]
    alive, ended = (str(client.inspect_container(name)["Id"]) for name in names)

    assert await asyncio.gather(*(running.has(one) for one in (alive, ended, "nobody"))) == [
        True, True, False,
    ]  # fmt: skip
    client.kill(ended)

    later = Running(engine)
    assert (await later.has(alive), await later.has(ended)) == (True, False)

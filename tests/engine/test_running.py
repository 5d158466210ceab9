"""Which containers run."""

import asyncio

import docker

from opendata_hub.engine import Engine
from opendata_hub.engine.running import Running
from tests.engine.conftest import LABEL, STUBBORN, Run


async def test_it_has_what_runs_and_not_what_has_ended(
    engine: Engine, client: docker.APIClient, run: Run
) -> None:
    """Whoever asks, and all who ask at the same time."""
    running = Running(engine, LABEL)
    alive, ended = (str(client.inspect_container(run(STUBBORN))["Id"]) for _ in range(2))

    assert await asyncio.gather(*(running.has(one) for one in (alive, ended, "nobody"))) == [
        True, True, False,
    ]  # fmt: skip
    client.kill(ended)

    later = Running(engine, LABEL)
    assert (await later.has(alive), await later.has(ended)) == (True, False)

"""What servers weigh on the processor."""

import docker

from opendata_hub.engine import Engine
from opendata_hub.spawner.weight import LATER, Weight
from tests.engine.conftest import STUBBORN, Run


def _shares(client: docker.APIClient, name: str) -> int:
    return int(client.inspect_container(name)["HostConfig"]["CpuShares"])


async def test_a_server_is_light_after_a_while(
    engine: Engine, client: docker.APIClient, run: Run
) -> None:
    """It starts with the weight of any process, and gives way to those who start later."""
    name = run(STUBBORN)
    container = str(client.inspect_container(name)["Id"])

    await Weight(at_first=3600).settle(engine, container)
    assert _shares(client, name) == 0
    await Weight(at_first=0).settle(engine, container)
    assert _shares(client, name) == LATER


async def test_a_weight_of_the_operators_stays(
    engine: Engine, client: docker.APIClient, run: Run
) -> None:
    """Who has set CPU shares has had a reason."""
    name = run(STUBBORN, host={"cpu_shares": 512})

    await Weight(at_first=0).settle(engine, str(client.inspect_container(name)["Id"]))

    assert _shares(client, name) == 512


async def test_the_weight_is_of_the_container_and_not_of_the_spawner(
    engine: Engine, client: docker.APIClient, run: Run
) -> None:
    """A second server of the same user begins anew."""
    weight = Weight(at_first=0)
    for name in (run(STUBBORN), run(STUBBORN)):
        await weight.settle(engine, str(client.inspect_container(name)["Id"]))
        assert _shares(client, name) == LATER

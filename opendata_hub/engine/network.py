"""The network that servers stand on."""

from typing import Any

import docker

from opendata_hub.engine.refusals import translated
from opendata_hub.errors import EngineError


def ensure_network(name: str, labels: dict[str, str]) -> str:
    """
    Make sure that a bridge network exists on which containers cannot reach each other.

    Blocking, for the moment before the hub runs: its address is part of the hub's configuration.

    Returns:
        str: the network's gateway, an address of this machine that its containers reach.

    Raises:
        EngineError: the engine refuses, or the network exists and is of another kind.
    """
    with translated():
        client = docker.APIClient(version="auto", **docker.utils.kwargs_from_env())
        try:
            found = [one for one in client.networks(names=[name]) if one["Name"] == name]
            network_id = found[0]["Id"] if found else _create(client, name, labels)
            network = client.inspect_network(network_id)
        finally:
            client.close()
    _check_isolates(network)
    for pool in network["IPAM"]["Config"] or ():
        if "Gateway" in pool:
            return str(pool["Gateway"]).split("/")[0]
    raise EngineError(
        f"The engine's network '{name}' has no gateway, so servers could not reach the hub; "
        f"remove it with 'docker network rm {name}' and start again."
    )


def subnets(name: str) -> tuple[str, ...]:
    """
    Return the ranges of addresses of a network, such as ``172.18.0.0/16``. Blocking.

    Raises:
        EngineError: there is no such network.
    """
    with translated():
        client = docker.APIClient(version="auto", **docker.utils.kwargs_from_env())
        try:
            pools = client.inspect_network(name)["IPAM"]["Config"] or ()
        finally:
            client.close()
    return tuple(str(pool["Subnet"]) for pool in pools if "Subnet" in pool)


_ISOLATES = {"com.docker.network.bridge.enable_icc": "false"}


def _create(client: docker.APIClient, name: str, labels: dict[str, str]) -> str:
    made = client.create_network(
        name, driver="bridge", options=_ISOLATES, labels=labels, check_duplicate=True
    )
    return str(made["Id"])


def _check_isolates(network: dict[str, Any]) -> None:
    if network["Driver"] != "bridge" or not _ISOLATES.items() <= (network["Options"] or {}).items():
        name = network["Name"]
        raise EngineError(
            f"The engine's network '{name}' lets servers reach each other; stop what stands on it, "
            f"remove it with 'docker network rm {name}' and start again: it is made anew."
        )

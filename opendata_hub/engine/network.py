"""The network that servers stand on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import docker
from docker.errors import APIError

from opendata_hub.engine.refusals import translated
from opendata_hub.errors import EngineError


class Network(NamedTuple):
    """A bridge network, as this machine sees it."""

    name: str
    bridge: str
    """Its interface."""
    gateway: str
    """The address of this machine on it."""
    subnets: tuple[str, ...]
    """Ranges of addresses, such as ``172.18.0.0/16``."""


def ensure_network(name: str, labels: dict[str, str]) -> str:
    """
    Make sure that a bridge network exists on which containers cannot reach each other.

    Blocking, for the moment before the hub runs: its address is part of the hub's configuration.

    Returns:
        str: the network's gateway, an address of this machine that its containers reach.

    Raises:
        EngineError: the engine refuses, or the network exists and is of another kind.
    """
    with _asked() as client:
        found = [one for one in client.networks(names=[name]) if one["Name"] == name]
        network_id = found[0]["Id"] if found else _create(client, name, labels)
        network = client.inspect_network(network_id)
    _check_isolates(network)
    for pool in network["IPAM"]["Config"] or ():
        if "Gateway" in pool:
            return str(pool["Gateway"]).split("/")[0]
    raise EngineError(
        f"The engine's network '{name}' has no gateway, so servers could not reach the hub; "
        f"remove it with 'docker network rm {name}' and start again."
    )


def find(name: str) -> Network:
    """
    Return a network that there is. Blocking.

    Raises:
        EngineError: there is none.
    """
    with _asked() as client:
        found = client.inspect_network(name)
    pools = found["IPAM"]["Config"] or ()
    gateways = [str(pool["Gateway"]).split("/")[0] for pool in pools if "Gateway" in pool]
    named = (found["Options"] or {}).get("com.docker.network.bridge.name")
    return Network(
        name,
        named or f"br-{found['Id'][:12]}",
        gateways[0] if gateways else "",
        tuple(str(pool["Subnet"]) for pool in pools if "Subnet" in pool),
    )


def subnets(name: str) -> tuple[str, ...]:
    """
    Return the ranges of addresses of a network, such as ``172.18.0.0/16``. Blocking.

    Raises:
        EngineError: there is no such network.
    """
    return find(name).subnets


def standing(name: str) -> list[str]:
    """
    Names of the containers on a network. Blocking.

    Raises:
        EngineError: there is no such network.
    """
    with _asked() as client:
        return [str(one["Name"]) for one in client.inspect_network(name)["Containers"].values()]


def remove_network(name: str, labels: dict[str, str]) -> bool:
    """
    Remove a network that has these labels. Blocking.

    Returns:
        bool: whether it is gone; another's stays.

    Raises:
        EngineError: there is no such network, or something stands on it.
    """
    with _asked() as client:
        if not labels.items() <= (client.inspect_network(name)["Labels"] or {}).items():
            return False
        client.remove_network(name)
        return True


@contextmanager
def _asked() -> Iterator[docker.APIClient]:
    with translated():
        client = docker.APIClient(version="auto", **docker.utils.kwargs_from_env())
        try:
            yield client
        finally:
            client.close()


_ISOLATES = {"com.docker.network.bridge.enable_icc": "false"}


def _create(client: docker.APIClient, name: str, labels: dict[str, str]) -> str:
    try:
        made = client.create_network(
            name, driver="bridge", options=_ISOLATES, labels=labels, check_duplicate=True
        )
    except APIError as error:
        if "address pool" not in str(error.explanation):
            raise
        raise EngineError(
            f"The engine has no addresses left for the network '{name}'; remove networks that "
            "nothing stands on: docker network prune"
        ) from None
    return str(made["Id"])


def _check_isolates(network: dict[str, Any]) -> None:
    if network["Driver"] != "bridge" or not _ISOLATES.items() <= (network["Options"] or {}).items():
        name = network["Name"]
        raise EngineError(
            f"The engine's network '{name}' lets servers reach each other; stop what stands on it, "
            f"remove it with 'docker network rm {name}' and start again: it is made anew."
        )

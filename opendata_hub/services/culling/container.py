"""What the engine tells of a server: where it is, who may ask it, its image, its use of CPU."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from opendata_hub.engine import Engine
from opendata_hub.engine.usage import usage
from opendata_hub.homes import LABEL
from opendata_hub.services.culling.jupyter import Silent


@dataclass(frozen=True)
class Container:
    """
    The container of a server.

    Attributes:
        image: slug, empty for an image of one's own.
        url: where its server answers, with a slash at the end.
        token: the server's own, which opens this server and no other: whoever has made themselves
            its master reads what it is asked with.
        cpu: seconds that its processes have used.
    """

    id: str
    image: str
    url: str
    token: str
    cpu: float


async def find(engine: Engine, user: str, server: str) -> Container:
    """
    Find the container of a server.

    Args:
        server: its name, empty for the default one.

    Raises:
        Silent: there is none that runs.
        EngineError: the engine does not tell.
    """
    for container_id in await engine.containers(f"{LABEL}.user={user}"):
        facts = await engine.container(container_id)
        if facts and _is_server(facts, server) and facts["State"]["Running"]:
            image, told = _labels(facts)[f"{LABEL}.image"], _told(facts)
            used = await usage(engine, container_id)
            token = told["JUPYTERHUB_API_TOKEN"]
            return Container(container_id, image, _url(facts, told), token, used.cpu)
    raise Silent("the engine has no container of it that runs")


def _labels(facts: dict[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = facts["Config"]["Labels"]
    return labels


def _is_server(facts: dict[str, Any], server: str) -> bool:
    known = _labels(facts)
    return known.get(f"{LABEL}.role") == "server" and known.get(f"{LABEL}.server") == server


def _told(facts: dict[str, Any]) -> dict[str, str]:
    """What the hub has told the server, in variables."""
    return dict(entry.partition("=")[::2] for entry in facts["Config"]["Env"])


def _url(facts: dict[str, Any], variables: dict[str, str]) -> str:
    """Its address on the engine's network, with the port and the path that the hub gave it."""
    told = urlsplit(variables["JUPYTERHUB_SERVICE_URL"])
    networks = facts["NetworkSettings"]["Networks"].values()
    ip = next((network["IPAddress"] for network in networks if network["IPAddress"]), "")
    if not ip:
        raise Silent("its container has no address")
    return f"{told.scheme}://{ip}:{told.port}{told.path.rstrip('/')}/"

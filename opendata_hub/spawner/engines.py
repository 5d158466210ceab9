"""The engine behind a client of DockerSpawner's, one for all users."""

from collections.abc import Mapping
from typing import Any

import docker

from opendata_hub import homes
from opendata_hub.engine import Engine
from opendata_hub.engine.running import Running
from opendata_hub.errors import ConfigError
from opendata_hub.spawner import out_of_memory, supplies
from opendata_hub.spawner.capacity import Capacity
from opendata_hub.spawner.failures import StartFailed
from opendata_hub.spawner.turns import Line

_engines: dict[int, Engine] = {}
_lines: dict[int, Line] = {}
_running: dict[int, Running] = {}


def line(engine: Engine, slots: int, reserve: int) -> Line:
    """Return the line in front of an engine; ``reserve`` is memory, in bytes, for nobody."""
    return _lines.setdefault(id(engine), Line(slots, Capacity(engine, reserve)))


def running(engine: Engine) -> Running:
    """Return which servers run on an engine, those of other hubs included."""
    return _running.setdefault(id(engine), Running(engine))


def shared(client: docker.APIClient, registries: Mapping[str, Any]) -> Engine:
    """
    Return the engine behind this client, watched for servers that run out of memory.

    Args:
        registries: their logins, as the spawner's trait has them.

    Raises:
        StartFailed: a login is wrong; the text says where.
    """
    if id(client) not in _engines:
        try:
            _engines[id(client)] = Engine(client, supplies.logins(registries))
        except ConfigError as error:
            raise StartFailed(f"This hub's logins of registries have a fault. {error}") from None
        _engines[id(client)].watch_ooms(homes.SERVERS, out_of_memory.tell)
    return _engines[id(client)]

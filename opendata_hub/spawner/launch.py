"""What a server gets from us: a quick start, and what the hub's services tell in JupyterLab."""

from collections.abc import Mapping
from dataclasses import dataclass
from logging import Logger
from typing import Any

from docker.types import Mount

from opendata_hub import launcher
from opendata_hub.engine import Engine
from opendata_hub.errors import EngineError, EngineUnreachable
from opendata_hub.launcher import Launcher

_launchers: dict[int, Launcher] = {}


@dataclass(frozen=True)
class Launch:
    """What a container gets for it; nothing for a plain one."""

    mounts: tuple[Mount, ...] = ()
    image: Mapping[str, Any] | None = None
    """As the engine inspects it."""
    quick: bool = False
    told: bool = False

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return the server's variables, those for the launch included."""
        if not self.image:
            return dict(variables)
        return launcher.environment(variables, self.image, self.quick, self.told)


PLAIN = Launch()


async def launch(
    engine: Engine, image: str, hub: str, log: Logger, *, quick: bool, told: bool
) -> Launch:
    """
    Have what servers of an image need on the engine.

    Args:
        hub: its address.
        quick: to come up quickly.
        told: for JupyterLab to warn before a stop, and to show how full the home is.

    Returns:
        Launch: the plain one where the engine refuses, which the log tells once.

    Raises:
        ImageNotFound: the engine does not have the image.
        EngineUnreachable: the engine does not answer.
    """
    if not (quick or told):
        return PLAIN
    if id(engine) not in _launchers:
        _launchers[id(engine)] = Launcher(engine, hub)
    ours, facts = _launchers[id(engine)], await engine.image(image)
    try:
        ready = await ours.ready(image)
    except EngineUnreachable:
        raise
    except EngineError as error:
        log.warning(
            "Until the hub's next start servers come up less quickly and warn of nothing: %s", error
        )
        return PLAIN
    return Launch((Mount(**ours.mount()),), facts, quick, told) if ready else PLAIN

"""Who uses homes right now: containers that have them."""

from collections.abc import Sequence

from opendata_hub.engine import Engine, translated
from opendata_hub.storage.storage import Home


async def occupants(engine: Engine, looked_at: Sequence[Home]) -> dict[str, str]:
    """
    Return the containers that run and have one of these homes, by user: one for each.

    A server of another hub counts, and so does what somebody has started by hand.

    Raises:
        EngineError: the engine does not tell.
    """
    users = {home.place: home.user for home in looked_at}
    with translated():
        running = await engine.call("containers")
    return {
        users[place]: (container["Names"] or [container["Id"]])[0].lstrip("/")
        for container in running
        for mount in container["Mounts"]
        if (place := mount.get("Name") or mount.get("Source")) in users
    }

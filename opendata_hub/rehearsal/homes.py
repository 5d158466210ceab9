"""The homes that a rehearsal's students were given, and nobody else's."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from docker.errors import APIError, NotFound

from opendata_hub import homes
from opendata_hub.engine import Engine, translated
from opendata_hub.errors import RehearsalError
from opendata_hub.storage import Storage, Volumes

_IN_USE = 409
_TRIES, _TRY_AGAIN = 30, 1.0  # seconds between two


@dataclass(frozen=True)
class Homes:
    """
    Where the homes of students are.

    Attributes:
        engine: of the servers; None where it is not to be had.
        preview: folder of a preview's homes; None where there is none.
        storage: that the engine's servers use; None for volumes.
    """

    engine: Engine | None
    preview: Path | None = None
    storage: Storage | None = None

    async def remove(self, user: str) -> None:
        """
        Remove the home of a student who was invented, and what is left of servers; none is fine.

        Raises:
            EngineError: the engine refuses.
            StorageError: the storage does.
            RehearsalError: nobody knows whether there is one.
        """
        if self.preview and (folder := self.preview / homes.safe_name(user)).is_dir():
            await asyncio.to_thread(shutil.rmtree, folder)
        if self.engine is not None:
            await _remove(self.engine, self.storage or Volumes(self.engine), user)
        elif self.preview is None or not self.preview.is_dir():
            raise RehearsalError(f"without the engine the home of {user} cannot be removed")


async def _remove(engine: Engine, storage: Storage, user: str) -> None:
    for _ in range(_TRIES):
        for container in await engine.containers(f"{homes.LABEL}.user={user}"):
            await engine.remove(container)  # a start that was broken off may leave one
        if storage.kind != Volumes.kind or await _is_gone(engine, user):
            await storage.remove(user)  # its mark and its snapshots, too
            return
        await asyncio.sleep(_TRY_AGAIN)
    raise RehearsalError(f"the volume {homes.volume_name(user)} is in use")


async def _is_gone(engine: Engine, user: str) -> bool:
    """Remove the volume, if it is this user's; say whether that was possible."""
    name = homes.volume_name(user)
    with translated():
        try:
            volume = await engine.call("inspect_volume", name)
            if (volume.get("Labels") or {}).items() >= homes.labels(user).items():
                await engine.call("remove_volume", name)
        except NotFound:
            return True
        except APIError as error:
            if error.status_code != _IN_USE:
                raise
            return False
    return True

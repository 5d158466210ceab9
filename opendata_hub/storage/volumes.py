"""Homes in volumes of the engine, one for each user."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from docker.errors import NotFound

from opendata_hub import homes
from opendata_hub.engine import Engine, translated
from opendata_hub.errors import StorageError
from opendata_hub.storage import measuring, snapshots_archives
from opendata_hub.storage.furnishing import furnish
from opendata_hub.storage.storage import Home, Space

_DELETED = f"{homes.LABEL}.deleted"


class Volumes:
    """
    Docker volumes: nothing to set up, on any engine; without quotas.

    An engine never changes a volume's labels, so a second, empty volume marks that a home's user
    was deleted.

    Args:
        archives: folder with archives of homes, which go with their home; None where there is none.
    """

    kind = "volume"

    def __init__(self, engine: Engine, archives: Path | None = None) -> None:
        self._engine, self._archives = engine, archives

    async def has(self, user: str) -> bool:
        """Whether there is such a volume."""
        return await self._engine.has_volume(homes.volume_name(user))

    async def make(self, user: str) -> None:
        """Make an empty volume, which belongs to root."""
        await self._engine.create_volume(homes.volume_name(user), homes.labels(user))

    async def furnish(self, user: str, container: str, files: Mapping[str, bytes]) -> None:
        """Fill it where it lies, if this process may, else through the container."""
        volume = await self._engine.volume(homes.volume_name(user))
        await furnish(self._engine, container, files, _folder(volume))

    def mount(self, user: str) -> dict[str, Any]:
        """
        Return the mount of a home.

        ``no_copy``: a home starts the same whatever image comes first, else the engine would fill
        an empty volume with what the first image has at that path.
        """
        return {
            "type": "volume",
            "source": homes.volume_name(user),
            "target": homes.HOME,
            "no_copy": True,
        }

    async def folder(self, user: str) -> Path:
        """Return where the engine keeps the volume; only root may enter, on the same machine."""
        name = homes.volume_name(user)
        folder = _folder(await self._engine.volume(name))
        if not measuring.is_open(folder):
            raise StorageError(
                f"The files of {user} are in the volume {name}, which this process cannot read; "
                f"run it as root on the engine's machine."
            )
        return folder

    async def homes(self) -> list[Home]:
        """List the volumes that are labelled as homes."""
        found = await self._labelled("home")
        deleted = {user: labels[_DELETED] for user, _, labels in await self._labelled("deleted")}
        return sorted(
            (
                Home(user, name, datetime.fromisoformat(deleted[user]) if user in deleted else None)
                for user, name, _ in found
            ),
            key=lambda home: home.user,
        )

    async def _labelled(self, role: str) -> list[tuple[str, str, dict[str, str]]]:
        """(user, volume, labels) of each with this role."""
        with translated():
            found = await self._engine.call(
                "volumes", filters={"label": f"{homes.LABEL}.role={role}"}
            )
        return [
            (volume["Labels"][f"{homes.LABEL}.user"], volume["Name"], volume["Labels"])
            for volume in found["Volumes"] or ()
        ]

    async def mark(self, user: str, deleted: datetime | None) -> None:
        """Make, or remove, the volume that marks it."""
        await self._drop(_mark_of(user))
        if deleted is not None:
            labels = {
                f"{homes.LABEL}.role": "deleted",
                f"{homes.LABEL}.user": user,
                _DELETED: deleted.isoformat(),
            }
            await self._engine.create_volume(_mark_of(user), labels)

    async def remove(self, user: str) -> None:
        """Remove the volume; one that a container uses is refused by the engine."""
        await self._drop(homes.volume_name(user))
        if self._archives:
            await asyncio.to_thread(snapshots_archives.remove, self._archives, user)
        await self._drop(_mark_of(user))

    async def _drop(self, volume: str) -> None:
        with translated():
            try:
                await self._engine.call("remove_volume", volume)
            except NotFound:
                return

    async def space(self, user: str) -> Space:
        """Count the files."""
        return await measuring.space(await self.folder(user))

    async def limit(self, user: str, quota: int | None) -> None:
        """Refuse; no limit is fine."""
        if quota is not None:
            raise StorageError(
                "Homes in Docker volumes have no quota; write 'storage: btrfs' and a path under "
                "homes in hub.yaml."
            )


def _mark_of(user: str) -> str:
    return f"opendata-deleted-{homes.safe_name(user)}"


def _folder(volume: Mapping[str, Any] | None) -> Path | None:
    return Path(volume["Mountpoint"]) if volume and volume["Driver"] == "local" else None

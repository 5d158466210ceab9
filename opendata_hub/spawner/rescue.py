"""What a server gets whose home is full: a place in memory for all that it has to write."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from docker.types import Mount

from opendata_hub.errors import EngineError, StorageError
from opendata_hub.homes import HOME
from opendata_hub.storage import Storage, room

PLACE = "/opt/opendata-hub/rescue"
"""Where servers find it."""

_SIZE = 64 * 2**20  # bytes, of the server's own memory
_OWN_DATA = f"{HOME}/.local/share/jupyter"
"""Kernels and extensions that the user has put there are found all the same."""

_VARIABLES = {
    "TMPDIR": PLACE,
    "JUPYTER_RUNTIME_DIR": f"{PLACE}/runtime",
    "JUPYTER_DATA_DIR": f"{PLACE}/data",
    "JUPYTERLAB_WORKSPACES_DIR": f"{PLACE}/workspaces",
    "IPYTHONDIR": f"{PLACE}/ipython",
    "XDG_CACHE_HOME": f"{PLACE}/cache",
}


@dataclass(frozen=True)
class Rescue:
    """What a container gets for it; nothing where there is room."""

    mounts: tuple[Mount, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    notice: str = ""
    """For the user."""

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return the server's variables, those for the rescue included."""
        if not self.variables:
            return dict(variables)
        data = ":".join(filter(None, (_OWN_DATA, variables.get("JUPYTER_PATH"))))
        return {**variables, **self.variables, "JUPYTER_PATH": data}


NONE = Rescue()
FULL = Rescue(
    mounts=(Mount(PLACE, None, type="tmpfs", tmpfs_size=_SIZE, tmpfs_mode=0o1777),),
    variables=_VARIABLES,
    # What is deleted would go into a folder of the home, which has no room for it.
    arguments=("--FileContentsManager.delete_to_trash=False",),
    notice="Your home is full. This server started so that you can delete what you do not need: "
    "nothing else can be saved. Then stop it and start it again.",
)
DISK_FULL = replace(
    FULL,
    notice="The disk with everybody's files is full. This server started so that you can delete "
    "what you do not need: nothing else can be saved. Then stop it and start it again, and tell "
    "your instructor.",
)


async def look(storage: Storage, user: str, has_quota: bool) -> Rescue:
    """
    Return what a start needs; nothing where nobody can know how full the home is.

    Args:
        has_quota: homes have quotas, which tell at once how full they are.
    """
    try:
        folder = await storage.folder(user)
        if await _look(storage, user, folder, has_quota) is NONE:
            return NONE
        await room.settle(folder)  # what was deleted a moment ago may not be counted yet
        return await _look(storage, user, folder, has_quota)
    except (StorageError, EngineError, OSError):
        return NONE


async def _look(storage: Storage, user: str, folder: Path, has_quota: bool) -> Rescue:
    if room.of_disk(folder).is_full:
        return DISK_FULL
    quota = room.of_quota(await storage.space(user)) if has_quota else None
    return FULL if quota and quota.is_full else NONE

"""From the words of hub.yaml to a storage."""

from pathlib import Path

from opendata_hub.engine import Engine
from opendata_hub.errors import StorageError
from opendata_hub.storage.btrfs import Btrfs
from opendata_hub.storage.folders import Folders
from opendata_hub.storage.snapshots import Snapshots
from opendata_hub.storage.snapshots_archives import Archives
from opendata_hub.storage.snapshots_btrfs import Subvolumes
from opendata_hub.storage.storage import Storage
from opendata_hub.storage.volumes import Volumes


def open_storage(
    engine: Engine,
    kind: str,
    path: str | Path | None = None,
    identity: str = "",
    archives: Path | None = None,
) -> Storage:
    """
    Return the storage of homes.

    Args:
        kind: ``volume``, ``folder`` or ``btrfs``.
        path: of the last two.
        identity: of that folder, see :mod:`~opendata_hub.storage.identity`; with it, a folder that
            is another one, such as the place of a disk that is not mounted, has no homes: whoever
            asks whether there is one gets an error. Empty for any folder.
        archives: where archives of homes in volumes are, which go with their home.

    Raises:
        StorageError: there is no such kind, or it takes a path.
    """
    if kind == Volumes.kind:
        return Volumes(engine, archives)
    kinds = {storage.kind: storage for storage in (Folders, Btrfs)}
    if kind not in kinds or not path:
        raise StorageError(
            f"Homes are in {kind!r}, path {str(path or '')!r}; write volume, or folder or btrfs "
            "with a path."
        )
    return kinds[kind](engine, Path(path), identity)


def open_snapshots(storage: Storage, root: Path) -> Snapshots:
    """
    Return what keeps earlier states of these homes.

    Args:
        root: folder of the states, on the same disk as homes on btrfs; the one above it exists.
    """
    return (Subvolumes if storage.kind == Btrfs.kind else Archives)(storage, root)

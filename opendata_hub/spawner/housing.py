"""Where the user of a container lives: their home, its past, and help when it is full."""

from collections.abc import Mapping, Sequence
from typing import Any

from traitlets import Enum, Integer, List, Tuple, Unicode
from traitlets.config import Configurable

from opendata_hub.spawner import home, rescue
from opendata_hub.storage import Storage, open_storage, shared, snapshots


class Housing(Configurable):
    """The home of a server; a part of spawners that have an ``engine``."""

    home_storage = Enum(
        ["volume", "folder", "btrfs"],
        "volume",
        config=True,
        help="""
        What homes are kept in: Docker volumes, folders, or subvolumes of btrfs.

        When it is changed, homes have to be moved: ``opendata-hub homes move``.
        """,
    )

    home_path = Unicode(
        "", config=True, help="Folder with the homes, where they are folders or subvolumes."
    )

    home_quota = Integer(
        None, allow_none=True, config=True, help="Bytes that a home may hold; with btrfs only."
    )

    home_identity = Unicode(
        "",
        config=True,
        help="""
        What ``opendata_hub.storage.identity.adopt(home_path)`` has returned.

        With it, no home is made in a folder that is another one, as where a disk is not mounted.
        """,
    )

    home_snapshots = Unicode(
        "",
        config=True,
        help="""
        Folder with homes as they were, which their users see at ``~/snapshots``; empty for none.

        ``snapshots.add`` sets it. With btrfs it is on the disk of the homes.
        """,
    )

    former_homes = List(
        Tuple(Unicode(), Unicode()),
        config=True,
        help="""
        Kind and path of storages that homes were in before; for volumes the path is empty.

        Whoever has a home there only is refused, and gets no empty one.
        """,
    )

    _earlier: Sequence[dict[str, Any]] = ()
    _shared: Mapping[str, dict[str, Any]] = {}
    _rescue = rescue.NONE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._home = home.Progress()

    @property
    def storage(self) -> Storage:
        """Where homes are."""
        return open_storage(self.engine, self.home_storage, self.home_path, self.home_identity)

    async def _have_home(self) -> None:
        storage, user = self.storage, self.user.name
        former = home.former(self.engine, storage.kind, self.former_homes)
        await home.have(storage, former, user, self._home, self.remember)
        await home.welcome_back(storage, user, self._home, self.log)
        await storage.limit(user, self.home_quota)
        self._earlier = await snapshots.mounts(storage, self.home_snapshots, user)
        self._shared = await self._have_folders(former)
        self._rescue = await rescue.look(storage, user, has_quota=bool(self.home_quota))

    async def _have_folders(self, former: Sequence[Storage]) -> dict[str, dict[str, Any]]:
        """Have the folders of the classes that this user is in, or teaches; return their mounts."""
        found: dict[str, dict[str, Any]] = {}
        for group in sorted(self.group_names & self.classes.keys()):
            known = home.Progress(is_known=True)
            await home.have(self.storage, former, shared.owner(group), known, self.remember)
            mount = await shared.mount(
                self.storage, group, self.user.name, read_only=group not in self.taught
            )
            if mount:
                found[group] = mount
            else:
                self.notice = (
                    f"You do not see the files of {group}: your home has something of its own at "
                    f"~/class/{group}. Rename that, then stop and start your server."
                )
        return found

    async def delete_forever(self) -> None:
        """Keep the home of a user who is deleted, marked; a named server has none of its own."""
        if not self.name:
            await home.keep(self.storage, self.user.name, self._home, self.log)

    def get_state(self) -> dict[str, Any]:
        """State that the hub keeps."""
        kept = {"new_home": self._home.is_new, "known_home": self._home.is_known}
        return {**super().get_state(), **kept}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`get_state` kept."""
        super().load_state(state)
        self._home = home.Progress(bool(state.get("new_home")), bool(state.get("known_home")))

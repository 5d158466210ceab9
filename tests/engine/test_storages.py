"""What holds for homes in each of the storages, and what only btrfs can."""

import asyncio
import errno
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import docker
import pytest
from docker.types import Mount

from opendata_hub import homes
from opendata_hub.engine import Engine
from opendata_hub.errors import StorageError
from opendata_hub.homes import GID, UID
from opendata_hub.rehearsal import homes as rehearsal
from opendata_hub.storage import (
    Btrfs,
    Folders,
    Storage,
    Volumes,
    identity,
    open_storage,
    quotas,
    room,
    shared,
    subvolumes,
)
from opendata_hub.storage.btrfs import limit_all
from tests.conftest import remove_traces
from tests.disks import btrfs_disk
from tests.engine.conftest import Run

M = 2**20
NOW = datetime(2026, 11, 22, 3, tzinfo=timezone.utc)
FILES = {"data/muons.csv": b"1,2"}
WRITE = """
import os, sys
with open("/home/jovyan/large", "ab") as file:
    try:
        for _ in range({megabytes}):
            file.write(os.urandom(2**20))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        os._exit(error.errno)
"""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of btrfs."""
    with btrfs_disk(tmp_path_factory.mktemp("btrfs")) as disk:
        yield disk


@pytest.fixture(params=["volume", "folder", "btrfs"])
def storage(request: pytest.FixtureRequest, engine: Engine, disk: Path, tmp_path: Path) -> Storage:
    """One of each."""
    paths = {"volume": None, "folder": tmp_path, "btrfs": disk}
    return open_storage(engine, request.param, paths[request.param])


@pytest.fixture
def btrfs(engine: Engine, disk: Path) -> Btrfs:
    """Homes on btrfs."""
    return Btrfs(engine, disk)


@pytest.fixture
def user(client: docker.APIClient, new_name: Callable[[str], str]) -> Iterator[str]:
    """Somebody without a plain name; what they have on the engine is removed in the end."""
    user = f"Ann.{new_name('B')}"
    yield user
    remove_traces(client, user)


@pytest.fixture
def server(make: Run, user: str) -> Callable[..., str]:
    """Makes a container of a Python program with the user's home, and does not start it."""

    def server(storage: Storage, program: str = "") -> str:
        host = {"mounts": [Mount(**storage.mount(user))]}
        return make(program, host=host, labels=[f"{homes.LABEL}.user={user}"], user="1000:100")

    return server


async def seen(storage: Storage, user: str) -> list[tuple[str, datetime | None]]:
    """What the storage lists of a user: place, and when they were deleted."""
    return [(home.place, home.deleted) for home in await storage.homes() if home.user == user]


# -- all of them


async def test_a_home_comes_is_marked_and_goes(storage: Storage, user: str) -> None:
    """It is listed under its user's real name; a mark stays until it is taken off."""
    assert not await storage.has(user)
    assert await seen(storage, user) == []

    await asyncio.gather(storage.make(user), storage.make(user))  # two servers at a time
    await storage.make(user)  # broken off, and begun again
    place = storage.mount(user)["source"]
    assert await storage.has(user)
    assert await seen(storage, user) == [(place, None)]

    await storage.mark(user, NOW)
    assert await seen(storage, user) == [(place, NOW)]
    await storage.mark(user, None)
    assert await seen(storage, user) == [(place, None)]

    await storage.mark(user, NOW)
    await storage.remove(user)
    await storage.remove(user)
    assert not await storage.has(user)
    assert await seen(storage, user) == []


async def test_a_home_is_its_users_before_a_server_runs(
    storage: Storage, user: str, server: Callable[..., str]
) -> None:
    """Folder and files; also where the hub was killed over it, and does it again."""
    await storage.make(user)
    container = server(storage)

    for _ in ("killed", "done"):
        await storage.furnish(user, container, FILES)

    folder = await storage.folder(user)
    there = (folder, *folder.rglob("*"))
    assert [str(path.relative_to(folder)) for path in there] == [".", "data", "data/muons.csv"]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in there} == {(UID, GID)}


async def test_users_with_names_alike_have_homes_of_their_own(
    storage: Storage, user: str, client: docker.APIClient
) -> None:
    """Case, dots and accents keep people apart; the mark of one is not another's."""
    names = [user, user.lower(), user.replace(".", "-"), user.replace("A", "Ä")]
    try:
        for name in names:
            await storage.make(name)
        await storage.mark(names[0], NOW)

        found = [place for name in names for place in await seen(storage, name)]

        assert len({place for place, _ in found}) == len(names)
        assert [deleted for _, deleted in found] == [NOW, None, None, None]
    finally:
        for name in names:
            await storage.remove(name)


async def test_only_btrfs_takes_a_quota(storage: Storage, user: str) -> None:
    """The others say what does; no quota is fine with all."""
    await storage.make(user)

    await storage.limit(user, None)

    if storage.kind == "btrfs":
        await storage.limit(user, 64 * M)
        assert (await storage.space(user)).quota == 64 * M
    else:
        with pytest.raises(StorageError, match="storage: btrfs"):
            await storage.limit(user, 64 * M)


# -- folders


async def test_a_home_that_is_not_roots_is_handed_over_by_the_engine(
    engine: Engine, user: str, server: Callable[..., str], tmp_path: Path
) -> None:
    """So it is where the hub itself is not root: it may not give files away."""
    storage = Folders(engine, tmp_path)
    await storage.make(user)
    os.chown(storage.at(user), 12345, 12345)

    await storage.furnish(user, server(storage), FILES)

    there = (storage.at(user), *storage.at(user).rglob("*"))
    assert {(path.stat().st_uid, path.stat().st_gid) for path in there} == {(UID, GID)}


async def test_no_home_is_made_where_the_disk_is_not_mounted(
    engine: Engine, user: str, tmp_path: Path
) -> None:
    """The folder below has another identity, or none; nobody knows whether there is a home."""
    disk, below = tmp_path / "disk", tmp_path / "below"
    disk.mkdir()
    below.mkdir()
    known = identity.adopt(disk)

    assert identity.adopt(disk) == known
    assert not await open_storage(engine, "folder", disk, known).has(user)
    with pytest.raises(StorageError, match=f"mount {below}"):
        await open_storage(engine, "folder", below, known).has(user)


async def test_a_folder_that_is_gone_is_said_to_be(engine: Engine, tmp_path: Path) -> None:
    """No traceback, and nothing is made in its place."""
    with pytest.raises(StorageError, match=f"home {tmp_path}/gone/anna cannot be made: No such"):
        await Folders(engine, tmp_path / "gone").make("anna")

    assert not (tmp_path / "gone").exists()


@pytest.mark.parametrize(("kind", "path"), [("nfs", "/srv"), ("btrfs", "")])
def test_a_storage_that_there_is_not_is_refused(engine: Engine, kind: str, path: str) -> None:
    """The text has the kinds."""
    with pytest.raises(StorageError, match="write volume, or folder or btrfs with a path"):
        open_storage(engine, kind, path)


# -- btrfs


async def test_a_quota_ends_what_a_server_writes(
    btrfs: Btrfs, user: str, server: Callable[..., str], client: docker.APIClient
) -> None:
    """The write fails, in the container; with a larger quota the same one goes through."""
    await btrfs.make(user)
    await btrfs.limit(user, 24 * M)
    container = server(btrfs, WRITE.format(megabytes=40))
    await btrfs.furnish(user, container, {})

    client.start(container)
    assert client.wait(container)["StatusCode"] == errno.EDQUOT
    await room.settle(btrfs.path)
    full = await btrfs.space(user)
    assert full.quota == 24 * M
    assert 16 * M < full.used <= 24 * M

    limit_all(btrfs.path, 128 * M)

    client.start(container)
    assert client.wait(container)["StatusCode"] == 0
    assert (await btrfs.space(user)).quota == 128 * M


async def test_a_home_goes_with_all_that_hangs_on_it(btrfs: Btrfs, user: str) -> None:
    """Its snapshots, and subvolumes that its user has made, one in the other."""
    await btrfs.make(user)
    home, snapshots = btrfs.at(user), btrfs.path / ".snapshots" / homes.safe_name(user)
    for path in (home / "mine", home / "mine" / "deeper"):
        subvolumes.create(path)
    snapshots.mkdir(parents=True)
    subvolumes.create(snapshots / "2026-11-22T03-00Z")
    (home / "mine" / "deeper" / "work.txt").write_text("work")
    assert len(subvolumes.nested(home)) == 2

    await btrfs.remove(user)

    assert not home.exists()
    assert not snapshots.exists()


async def test_a_plain_folder_is_no_home_on_btrfs(engine: Engine, btrfs: Btrfs, user: str) -> None:
    """One of the storage `folder` in the same place: a quota for it would be the whole disk's."""
    plain = Folders(engine, btrfs.path)
    await plain.make(user)

    with pytest.raises(StorageError, match="homes move --to btrfs:PATH"):
        await btrfs.has(user)
    limit_all(btrfs.path, 64 * M)

    whole = quotas.usage(btrfs.path)
    assert whole is not None
    assert whole.quota is None
    await plain.remove(user)


async def test_what_a_rehearsal_has_made_goes(
    btrfs: Btrfs, engine: Engine, user: str, server: Callable[..., str], client: docker.APIClient
) -> None:
    """The invented student's home, and a container that a start has left."""
    await btrfs.make(user)
    container = server(btrfs)

    await rehearsal.Homes(engine, storage=btrfs).remove(user)

    assert not await btrfs.has(user)
    with pytest.raises(docker.errors.NotFound):
        client.inspect_container(container)


async def test_without_quotas_the_files_are_counted(
    engine: Engine, user: str, tmp_path: Path
) -> None:
    """A disk that has never had a quota still tells how much a home holds."""
    with btrfs_disk(tmp_path, "256M") as disk:
        storage = Btrfs(engine, disk)
        await storage.make(user)
        (storage.at(user) / "large").write_bytes(bytes(M))
        await room.settle(disk)

        space = await storage.space(user)

        assert space.used >= M
        assert space.quota is None


async def test_btrfs_is_asked_for_where_it_is_not(
    engine: Engine, user: str, tmp_path: Path
) -> None:
    """The text has what was tried, and what the program said."""
    with pytest.raises(StorageError, match=r"`btrfs subvolume create .*` failed: not a btrfs"):
        await Btrfs(engine, tmp_path).make(user)


def test_volumes_are_the_storage_without_a_path(engine: Engine) -> None:
    """As hub.yaml has it where it says nothing."""
    assert isinstance(open_storage(engine, "volume"), Volumes)


async def test_the_folder_of_a_class_is_kept_like_a_home(
    storage: Storage, user: str, make: Run, engine: Engine, new_name: Callable[[str], str]
) -> None:
    """Its instructors may write; its place in a home is its user's, or that of what they have."""
    group, here = new_name("physics"), isinstance(storage, Folders)
    owner = shared.owner(group)
    for name in (user, owner):
        await storage.make(name)
    try:
        mount = await shared.mount(storage, group, user, read_only=False)
        assert mount and mount["target"] == f"{homes.HOME}/class/{group}"
        assert mount["source"] == storage.mount(owner)["source"] != storage.mount(user)["source"]
        host = {"mounts": [Mount(**storage.mount(user)), Mount(**mount)]}
        container = make("", host=host, labels=[f"{homes.LABEL}.user={user}"])
        await storage.furnish(user, container, {})
        for _ in ("the first instructor", "another one"):
            await shared.hand_over(engine, storage, [group], container)
        folder, home = await storage.folder(owner), await storage.folder(user)
        assert (folder.stat().st_uid, folder.stat().st_gid) == (UID, GID)
        assert (home / "class" / group).stat().st_uid == (home / "class").stat().st_uid == UID
        (folder / "to-root").symlink_to("/etc/passwd")
        (folder / "exercise").write_text("1")
        assert (await storage.space(owner)).used < 2**20
        listed = [home for home in await storage.homes() if shared.group_of(home.user) == group]
        assert [home.user for home in listed] == [owner]

        other = folder.parent if here else folder
        (home / "class" / group).rmdir()
        (home / "class").rmdir()
        (home / "class").symlink_to(other)
        before = sorted(path.name for path in other.iterdir())
        assert await shared.mount(storage, group, user, read_only=True) is None
        assert sorted(path.name for path in other.iterdir()) == before
    finally:
        engine.client.remove_container(container, force=True)
        await storage.remove(owner)
    assert not await storage.has(owner)

"""Homes in a folder: is it the right one, is it closed to others, do its quotas hold."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from opendata_hub.errors import StorageError
from opendata_hub.fields import format_memory
from opendata_hub.homes import safe_name
from opendata_hub.machine.health.finding import Finding, fault, ok, warning
from opendata_hub.storage import Btrfs, quotas, subvolumes
from opendata_hub.storage.records import Records

_NAMED = 3  # users in a sentence
_OTHERS = 0o077  # in the mode of a folder


@dataclass(frozen=True)
class Seen:
    """
    What there is in a folder with homes.

    Attributes:
        users: who has a home.
        mode: of the folder, as ``stat`` has it.
        has_quotas: whether its file system counts what homes hold.
        nested: users whose home has subvolumes in it.
    """

    users: Sequence[str]
    mode: int
    has_quotas: bool = False
    nested: Sequence[str] = ()


def check(kind: str, path: Path, quota: int | None, faults: Sequence[str]) -> list[Finding]:
    """
    Look at the folder, then judge; where something is known to be wrong, that is all there is.

    Args:
        kind: ``folder`` or ``btrfs``.
        quota: bytes that a home may hold.
    """
    if faults:
        return [fault("Homes", text) for text in faults]
    try:
        return list(judge(kind, path, quota, look(kind, path)))
    except (OSError, StorageError) as error:
        return [warning("Homes", f"not looked at: {error}", "run this command with sudo")]


def look(kind: str, path: Path) -> Seen:
    """
    See what is there.

    Raises:
        OSError: it is closed to this process.
        StorageError: btrfs does not tell.
    """
    users = [record.user for record in Records(path).read()]
    mode = path.stat().st_mode
    if kind != Btrfs.kind:
        return Seen(users, mode)
    homes = {user: path / safe_name(user) for user in users}
    nested = [user for user, home in homes.items() if home.is_dir() and subvolumes.nested(home)]
    return Seen(users, mode, quotas.are_on(path), nested)


def judge(kind: str, path: Path, quota: int | None, seen: Seen) -> Iterator[Finding]:
    """Say whose homes are there, and what is not as it should be."""
    limit = f", of {format_memory(quota)} at most" if quota else ""
    yield ok("Homes", f"{len(seen.users)} in {path}, storage {kind}{limit}.")
    if seen.mode & _OTHERS:
        text = f"other users of this machine can enter {path}; uid 1000 can change students' files."
        yield warning("Homes", text, f"chmod go= {shlex.quote(str(path))}")
    if quota and seen.users and not seen.has_quotas:
        text = f"quotas are not switched on in {path}; the hub does that when it starts."
        yield warning("Homes", text, "start the hub again")
    if quota and seen.nested:
        yield _judge_nested(seen.nested)


def _judge_nested(users: Sequence[str]) -> Finding:
    named = ", ".join(users[:_NAMED])
    more = f" and {len(users) - _NAMED} more" if len(users) > _NAMED else ""
    text = (
        f"subvolumes in the homes of {named}{more}: as a quota does not hold for those, they take "
        "no more files, and what is in them is taken off what the home may hold."
    )
    way = "talk to them; empty these, and a minute later remove them: rmdir"
    return warning("Homes", text, way)

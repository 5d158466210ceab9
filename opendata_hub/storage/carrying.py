"""Homes carried from one storage to another: copied, compared, and left where they were, too."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opendata_hub.errors import StorageError
from opendata_hub.storage.comparing import Tell, difference
from opendata_hub.storage.copying import copy
from opendata_hub.storage.moves import Carried, Move
from opendata_hub.storage.storage import Home, Storage
from opendata_hub.storage.surveying import Survey, survey

_NAMED = 3  # users in a sentence


@dataclass(frozen=True)
class Load:
    """A home that is to be carried, and what it was like just before."""

    home: Home
    survey: Survey


class Carrier:
    """
    Carries homes, and knows which are carried.

    Nobody may write to them meanwhile. All methods are for a program of its own: they block, and
    may take hours.
    """

    def __init__(self, source: Storage, target: Storage, move: Move) -> None:
        self._source, self._target, self._move = source, target, move

    def require_room_for(self, homes: Sequence[Home]) -> None:
        """
        Make sure that the target has no homes of these users but those that this move has made.

        Raises:
            StorageError: it has.
        """
        users = [home.user for home in homes if home.user not in self._move.carried]
        others = [user for user in users if asyncio.run(self._target.has(user))]
        if others:
            more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
            raise StorageError(
                f"There are homes already of {', '.join(others[:_NAMED])}{more}, which this move "
                "has not made. Nothing is done to them: choose another place, or move them away."
            )

    def pending(self, homes: Sequence[Home]) -> list[Load]:
        """
        Return the homes that are not carried, or have changed since.

        Raises:
            StorageError: something cannot be looked at, or a copy has changed.
        """
        loads = [Load(home, self._surveyed(self._source, home.user)) for home in homes]
        return [load for load in loads if not self._is_carried(load)]

    def _is_carried(self, load: Load) -> bool:
        user = load.home.user
        carried = self._move.carried.get(user, Carried())
        if not carried.is_verified:
            return False
        if not self._has(user):
            raise StorageError(
                f"The copy of the home of {user} is gone. If it is on a disk, mount that."
            )
        if carried.copy != self._surveyed(self._target, user).mark:
            raise StorageError(
                f"The copy of the home of {user}, {self._folder(self._target, user)}, has changed "
                "since it was found to be the same: somebody uses it. Nothing is done to it; find "
                "out who does, and move it away."
            )
        return carried.home == load.survey.mark

    def room(self, loads: Sequence[Load]) -> int:
        """Bytes on the disk that are yet to be written for these."""
        begun = [load.home.user for load in loads if load.home.user in self._move.carried]
        there = sum(self._surveyed(self._target, user).used for user in begun if self._has(user))
        return max(0, sum(load.survey.used for load in loads) - there)

    def _has(self, user: str) -> bool:
        return asyncio.run(self._target.has(user))

    def carry(self, load: Load, tell: Tell) -> None:
        """
        Copy a home, and compare the copy.

        Args:
            tell: hears how many bytes more are copied or compared; each byte of a file is both.

        Raises:
            StorageError: it cannot be, or the copy is not the same.
        """
        user = load.home.user
        self._move.note(user, Carried())
        asyncio.run(self._target.make(user))
        home, there = self._folder(self._source, user), self._folder(self._target, user)
        differs = self._copied(user, home, there, tell)
        if differs is None:
            copied = self._surveyed(self._target, user).mark
            self._move.note(user, Carried(load.survey.mark, copied))
        elif self._surveyed(self._source, user).mark == load.survey.mark:
            raise StorageError(f"The copy of the home of {user} is not the same: {differs}.")

    def _copied(self, user: str, home: Path, there: Path, tell: Tell) -> str | None:
        """Copy, and return what differs then; what a glance passes over gets a second look."""
        differs = None
        for by_content in (False, True):
            copy(home, there, self._move.lock, tell, by_content)
            with _readable(user):
                if (differs := difference(home, there, tell)) is None:
                    break
        return differs

    def mark(self, homes: Sequence[Home]) -> None:
        """Write down in the target, too, whose users are deleted, and since when."""
        there = {home.user: home.deleted for home in asyncio.run(self._target.homes())}
        for home in homes:
            if there.get(home.user) != home.deleted:
                asyncio.run(self._target.mark(home.user, home.deleted))

    def _surveyed(self, storage: Storage, user: str) -> Survey:
        with _readable(user):
            return survey(self._folder(storage, user))

    def _folder(self, storage: Storage, user: str) -> Path:
        return asyncio.run(storage.folder(user))


@contextmanager
def _readable(user: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"The home of {user} cannot be read whole: {error}.") from None

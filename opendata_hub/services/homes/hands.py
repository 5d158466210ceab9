"""What users may see and do in their own homes, done for them."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opendata_hub.errors import StorageError
from opendata_hub.services.homes import hand
from opendata_hub.storage import Storage

Names = tuple[str, ...]
"""A path in a home: folder by folder."""

_AT_A_TIME = 2


class Hands:
    """Processes with the rights of a home's owner; a few at a time."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._turns = asyncio.Semaphore(_AT_A_TIME)

    async def look(self, user: str, path: Names) -> dict[str, Any]:
        """
        Return what takes the room in a folder, as :func:`.hand.look` does.

        Raises:
            StorageError: that cannot be seen; there may be no such folder.
        """
        answer: dict[str, Any] = await self._ask("look", user, path)
        return answer

    async def remove(self, user: str, paths: Sequence[Names]) -> list[str]:
        """
        Delete for good; return what could not be deleted, and why.

        Raises:
            StorageError: nothing could be.
        """
        faults: list[str] = await self._ask("remove", user, paths)
        return faults

    async def _ask(self, verb: str, user: str, question: Sequence[Any]) -> Any:
        folder = await self._storage.folder(user)
        async with self._turns:
            home = os.open(folder, hand.FOLDER)
            try:
                process = await _start(verb, home)
            finally:
                os.close(home)
            said, complaint = await process.communicate(json.dumps(question).encode())
        if process.returncode:
            raise StorageError(complaint.decode("utf-8", "replace").strip().rpartition("\n")[2])
        return json.loads(said)


async def _start(verb: str, home: int) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        # Without `site`: it takes nothing from there, and has no right to look there any more.
        sys.executable, "-I", "-S", str(Path(hand.__file__)), verb, str(home),
        stdin=pipe, stdout=pipe, stderr=pipe, pass_fds=[home],
    )  # fmt: skip

"""The verbs."""

import re
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import docker
from docker.errors import APIError, NotFound

from opendata_hub.engine import lanes, ooms
from opendata_hub.engine.logins import advised
from opendata_hub.engine.pullers import SILENCE, Puller
from opendata_hub.engine.pulls import PullProgress, Pulls
from opendata_hub.engine.refusals import UNANSWERED, translated
from opendata_hub.registries import Login

_LANES = {
    "stop": lanes.STOPS,
    "remove_container": lanes.STOPS,
    "kill": lanes.STOPS,
    "stats": lanes.STATS,
}

_STEERING = re.compile(r"[^\n\t\x20-\x7e\xa0-\U0010ffff]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Engine:
    """
    One container engine.

    Every verb may raise :class:`opendata_hub.errors.EngineError`, or ``EngineUnreachable`` where
    the engine does not answer. Pulls use the logins, which go by the registry's host.
    """

    answers = True
    """Whether it has answered when it was last asked, if only with a refusal."""

    def __init__(self, client: docker.APIClient, logins: Mapping[str, Login] | None = None) -> None:
        self.client = client
        self._logins = logins or {}
        self._info: dict[str, Any] = {}
        self._pulls = Pulls(Puller(client, SILENCE), self._logins)

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Run any method of docker-py's APIClient in the lane it belongs to; its own errors."""
        lane = _LANES.get(method, lanes.CONTROL)
        try:
            answer = await lanes.run(lane, getattr(self.client, method), *args, **kwargs)
        except UNANSWERED:
            self.answers = False
            raise
        self.answers = True
        return answer

    async def _ask(self, method: str, *args: Any, **kwargs: Any) -> Any:
        with translated():
            return await self.call(method, *args, **kwargs)

    async def info(self) -> dict[str, Any]:
        """Return what the engine tells of itself and of its machine; it is asked once."""
        self._info = self._info or await self._ask("info")
        return self._info

    async def image_sizes(self) -> dict[str, int]:
        """Bytes of each image on this engine, under every tag and digest it has."""
        sizes: dict[str, int] = {}
        for image in await self._ask("images"):
            for reference in (*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())):
                sizes[reference] = image["Size"]
        return {name: size for name, size in sizes.items() if "<none>" not in name}

    async def image(self, reference: str) -> dict[str, Any]:
        """
        Inspect an image.

        Raises:
            ImageNotFound: it is not on this engine.
        """
        found: dict[str, Any] = await self._ask("inspect_image", reference)
        return found

    async def pull(self, reference: str) -> AsyncIterator[PullProgress]:
        """Pull an image; see :meth:`opendata_hub.engine.pulls.Pulls.follow`."""
        with advised(self._logins, reference):
            async for progress in self._pulls.follow(reference):
                yield progress

    async def tag(self, image: str, name: str) -> None:
        """Give an image a name with a tag, which another one may lose by it."""
        repository, _, tag = name.rpartition(":")
        await self._ask("tag", image, repository, tag)

    async def has_volume(self, name: str) -> bool:
        """Whether a volume of this name exists."""
        return await self.volume(name) is not None

    async def volume(self, name: str) -> dict[str, Any] | None:
        """Inspect a volume; None where there is none."""
        return await self._found("inspect_volume", name)

    async def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Make a volume; one that exists is left as it is."""
        await self._ask("create_volume", name, labels=dict(labels))

    async def containers(self, label: str) -> list[str]:
        """Ids of the containers with this label, running or not."""
        found = await self._ask("containers", all=True, filters={"label": label})
        return [container["Id"] for container in found]

    async def container(self, name: str) -> dict[str, Any] | None:
        """Inspect a container by name or id; None where there is none."""
        return await self._found("inspect_container", name)

    async def _found(self, method: str, name: str) -> dict[str, Any] | None:
        with translated():
            try:
                found: dict[str, Any] = await self.call(method, name)
            except NotFound:
                return None
            return found

    async def start(self, container: str) -> None:
        """Start a created container."""
        await self._ask("start", container)

    async def remove(self, container: str) -> None:
        """Remove a container, running or not, with its unnamed volumes; none is fine too."""
        with translated():
            try:
                await self.call("remove_container", container, v=True, force=True)
            except NotFound:
                return
            except APIError as error:
                if error.status_code != 409:  # somebody else is removing it
                    raise

    async def stop(self, container: str, grace: int = 10) -> None:
        """Stop a container: SIGTERM, then SIGKILL after ``grace`` seconds; none is fine too."""
        with translated():
            try:
                await self.call("stop", container, timeout=grace)
            except NotFound:
                return

    async def weigh(self, container: str, shares: int) -> None:
        """Set what a container weighs where the processor is short, in CPU shares: 2 to 262144."""
        await self._ask("update_container", container, cpu_shares=shares)

    async def last_lines(self, container: str, lines: int = 20) -> str:
        """
        Last lines of what the container printed, both streams, undecodable bytes replaced.

        Without what would steer the terminal of whoever reads them, or hide what stands before.
        """
        output: bytes = await self._ask("logs", container, tail=lines, stdout=True, stderr=True)
        return _STEERING.sub("", output.decode("utf-8", "replace")).rstrip()

    async def put(self, container: str, folder: str, archive: bytes) -> None:
        """Unpack a tar archive in a folder of a container, which need not run."""
        await self._ask("put_archive", container, folder, archive)

    def watch_ooms(self, label: str, tell: Callable[[ooms.OutOfMemory], None]) -> threading.Thread:
        """Be told when containers run out of memory; see :func:`opendata_hub.engine.ooms.watch`"""
        return ooms.watch(self.client, label, tell)

"""The work of the service: one image after the other is pulled or built, and old ones go."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import ParamSpec, TypeVar

import docker

from opendata_hub.catalogue import Catalogue
from opendata_hub.engine import Pull, Puller, advised
from opendata_hub.engine.lanes import in_background
from opendata_hub.errors import (
    EngineError,
    EngineUnreachable,
    ImageNotFound,
    OpenDataError,
    PullError,
)
from opendata_hub.machine import presence
from opendata_hub.registries import auth_config
from opendata_hub.services.images import stock
from opendata_hub.services.images.config import Config
from opendata_hub.services.images.disk import Disk
from opendata_hub.services.images.registry import compressed_bytes
from opendata_hub.services.images.shelf import Entry, Shelf, State, urgency
from opendata_hub.services.images.students import Students

_LOOK = 3.0  # seconds between two looks at who waits, while something is pulled
_NEARLY_DONE = 30.0  # seconds; ending a pull throws away layers that are half here
_LONGEST_SLEEP = 60.0  # seconds; the catalogue's file may have changed
_ENGINE_PAUSE = 10.0  # seconds between two questions to an engine that does not answer
_UNPACKED = 3  # times as large as its compressed layers, an image is at most as a rule

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger("opendata_hub.images")


class Keeper:
    """
    Makes every image of the catalogue present, one at a time, and keeps it so.

    Args:
        client: of the engine.
        puller: of the same engine.

    Attributes:
        shelf: what is known of each image.
        fault: of the catalogue's file or of the engine; empty while all is well.
        counts: how many times each thing was done: ``pulled``, ``built``, ``failed``,
            ``gave way``, ``removed``.
    """

    def __init__(
        self,
        config: Config,
        client: docker.DockerClient,
        puller: Puller,
        students: Students,
        disk: Disk,
    ) -> None:
        self.shelf = Shelf()
        self.fault = ""
        self.counts: Counter[str] = Counter()
        self.disk = disk
        self._config, self._access, self._students = config, config.access, students
        self._client, self._puller = client, puller
        self._catalogue = Catalogue.model_construct(images=())
        self._asked = asyncio.Event()

    def ask(self, slug: str) -> bool:
        """Pull or build this image next; False where the catalogue has none of this name."""
        known = self.shelf.ask(slug)
        self._asked.set()
        return known

    async def run(self) -> None:
        """Work for ever."""
        while True:
            try:
                await self.step()
            except EngineError as error:
                self._tell_fault(str(error))
                await self._sleep(_ENGINE_PAUSE)

    async def step(self) -> None:
        """
        Look at what is due; fetch one image that is missing, or sleep until there is work.

        Raises:
            EngineError: the engine does not answer, or not as it should.
        """
        self._asked.clear()
        fault = self._read_catalogue()
        missing = [e for e in self.shelf.due(monotonic()) if not await self._is_fine(e)]
        missing = [e for e in missing if e.due <= monotonic()]  # without a recipe that is wrong
        await self._make_room()
        self._tell_fault(fault)
        if missing:
            await self._measure(missing)
            await self._fetch(min(missing, key=urgency))
        else:
            await self._sleep(min(self.shelf.pause(monotonic()), _LONGEST_SLEEP))

    async def _sleep(self, seconds: float) -> None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._asked.wait(), seconds)

    def _read_catalogue(self) -> str:
        """Follow the catalogue; return its fault, with which the one before it counts."""
        try:
            self._catalogue = self._config.images()
        except OpenDataError as error:
            return str(error)
        self.shelf.take(self._catalogue)
        return ""

    def _tell_fault(self, fault: str) -> None:
        if fault not in ("", self.fault):
            log.error("%s", fault)
        self.fault = fault

    # -- looking

    async def _is_fine(self, entry: Entry) -> bool:
        """Whether an image is as it should be, and nobody wants it anew; notes what it finds."""
        try:
            entry.size = await _in_thread(stock.size, self._client, entry.image)
        except EngineUnreachable:
            raise
        except (OpenDataError, OSError) as error:
            self._fail(entry, error)
            return False
        if entry.size is None or self._may_be_newer(entry):
            entry.rest()
            return False
        entry.succeed(entry.size, monotonic() + self._config.check_every)
        return True

    def _may_be_newer(self, entry: Entry) -> bool:
        return entry.has_a_tag and (entry.asked or entry.image.follow_tag)

    async def _measure(self, missing: list[Entry]) -> None:
        """Learn how large they will be, so that the smallest comes first."""
        unknown = [e for e in missing if e.bytes is None and not e.image.is_local]
        if len(missing) > 1:
            await asyncio.gather(*map(self._ask_size, unknown))

    async def _ask_size(self, entry: Entry) -> None:
        reference = entry.image.reference
        with suppress(OpenDataError):  # a password that cannot be read: the pull will say so
            auth = auth_config(self._access.logins, reference)
            entry.bytes = await _in_thread(compressed_bytes, reference, auth)

    # -- fetching

    async def _fetch(self, entry: Entry) -> None:
        """Pull or build an image, after those whom students wait for."""
        try:
            await self._make_room(_UNPACKED * (entry.bytes or 0))
            await self._let_others_go_first(entry)
            if entry.image.is_local:
                await self._build(entry)
            else:
                await self._pull_or_build(entry)
        except EngineUnreachable:
            entry.rest()
            raise
        except (OpenDataError, OSError) as error:  # the latter: of a recipe's files
            self._fail(entry, error)

    def _fail(self, entry: Entry, error: Exception) -> None:
        self.counts["failed"] += 1
        entry.fail(_in_words(error), monotonic())
        pause = entry.due - monotonic()
        log.warning("%s: %s Next try in %.0f s", entry.image.slug, entry.failure, pause)

    async def _let_others_go_first(self, entry: Entry) -> None:
        while await self._others_wait(entry):
            entry.state = State.GIVING_WAY
            await asyncio.sleep(_LOOK)

    async def _others_wait(self, entry: Entry) -> bool:
        """Whether a student waits for another image that is not here yet."""
        waited_for = await self._students.wait_for(self._catalogue)
        names = {image.reference: image.names for image in self._catalogue.images}
        others = [names.get(other, (other,)) for other in waited_for - {entry.image.reference}]
        return any([await _in_thread(stock.lacks, self._client, other) for other in others])

    async def _pull_or_build(self, entry: Entry) -> None:
        try:
            await self._pull(entry)
        except (ImageNotFound, PullError) as error:
            if not entry.image.build or entry.size is not None:
                raise
            log.warning("%s: %s; building it instead", entry.image.slug, error)
            await self._build(entry)

    async def _pull(self, entry: Entry) -> None:
        reference = entry.image.reference
        auth = auth_config(self._access.logins, reference)
        entry.begin(State.PULLING)
        log.info("Pulling %s", reference)
        pull = Pull(self._puller, reference, auth)
        try:
            await self._follow(entry, pull)
        finally:
            pull.leave()
        with advised(self._access.logins, reference):
            done = pull.finished.result()
        if done:
            await _in_thread(presence.give_name, self._client, entry.image)
            await self._came(entry, "pulled")
        else:
            entry.state = State.GIVING_WAY
            self.counts["gave way"] += 1
            log.info("%s gives way to an image that somebody waits for", reference)

    async def _follow(self, entry: Entry, pull: Pull) -> None:
        while not pull.finished.done():
            entry.follow(pull.progress, monotonic())
            if not entry.is_nearly_done(_NEARLY_DONE) and await self._others_wait(entry):
                pull.leave()
            await asyncio.wait([pull.finished], timeout=_LOOK)

    async def _build(self, entry: Entry) -> None:
        entry.begin(State.BUILDING)
        await _in_thread(stock.build, self._client, entry.image, entry.say, self._access)
        await self._came(entry, "built")

    async def _came(self, entry: Entry, how: str) -> None:
        self.counts[how] += 1
        size = await _in_thread(stock.size, self._client, entry.image)
        entry.succeed(size or 0, monotonic() + self._config.check_every)
        log.info("%s is here", entry.image.reference)

    async def _make_room(self, more: int = 0) -> None:
        if self.disk.is_too_full(more):
            awaited = await self._students.wait_for(self._catalogue)  # no container has them yet
            self.counts["removed"] += await _in_thread(
                stock.make_room, self._client, self._catalogue, self.disk, awaited, more
            )


def _in_words(error: Exception) -> str:
    said = str(error).rstrip(".")
    if isinstance(error, ImageNotFound):
        return f"The registry has no such image: {said}. Mend the catalogue's entry."
    return f"{said}."


async def _in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await in_background(partial(call, *args, **kwargs), "images-engine")

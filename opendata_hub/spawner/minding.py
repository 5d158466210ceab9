"""Looking after a container, from its first moment to its last."""

from datetime import datetime
from typing import Any

from traitlets import Integer
from traitlets.config import Configurable

from opendata_hub import diagnosis
from opendata_hub.engine import OutOfMemory
from opendata_hub.errors import EngineError, EngineUnreachable
from opendata_hub.guard import Case
from opendata_hub.spawner import disk_guard, engines, left_overs, out_of_memory
from opendata_hub.spawner.watch import Watch
from opendata_hub.spawner.weight import Weight


class Minding(Configurable):
    """Whether a server lives, why it died, and its end; a part of spawners with an ``engine``."""

    disk_reserve = Integer(
        None,
        allow_none=True,
        min=1,
        config=True,
        help="""
        Bytes that have to be left on the disks that servers write to.

        When there is less, the server that fills the disk is stopped. Unless set, a twentieth of
        the disk, 2 GiB at least and 20 GiB at most, but never more than a tenth.
        """,
    )

    _lost_kernel: float | None = None
    """When this server last ran out of memory and lived on, in seconds since 1970."""

    object_id: str
    notice: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._weight = Weight()

    @property
    def _watch(self) -> Watch:
        facts = self._image_name, self.start_timeout, self._lost_kernel
        return Watch(self.engine, self.object_id, *facts)

    async def _wait_for_server(self) -> tuple[str, int]:
        address = await self._watch.address(self.get_ip_and_port)
        await self._certify(address[0])
        seal = self.seal
        scheme = "https" if seal else "http"
        url = f"{scheme}://{address[0]}:{address[1]}{self.server.base_url}api"
        await self._watch.first_answer(url, self.tell, seal)
        return address

    async def poll(self) -> int | str | None:
        """
        Look after the container; one that ended by itself leaves a notice and is removed.

        Returns:
            None while it runs, and while the engine does not answer: then nobody knows, and a
            server that may be alive is not given up. Else what is known of its end.
        """
        if not self.object_id:
            return 0
        try:
            end = await self._watch.end()
        except EngineUnreachable as error:
            self.log.error("Cannot look after the server of %s: %s", self._log_name, error)
            return None
        if end is None:
            self._lives()
            return None
        self.log.error("Server of %s: %s", self._log_name, end.diagnosis.operator)
        self.notice = end.diagnosis.student
        await self._discard()
        return end.status

    def _lives(self) -> None:
        """Have this server's troubles told to this spawner."""
        out_of_memory.running[self.object_id] = self
        disk_guard.watch(self)

    async def poll_and_notify(self) -> int | str | None:
        """Look after the server, as the hub does every few seconds: all share one question."""
        try:
            runs = await engines.running(self.engine).has(self.object_id)
        except EngineError:
            runs = False  # the look of its own says it all
        if not runs:
            status: int | str | None = await super().poll_and_notify()
            return status
        await self._weight.settle(self.engine, self.object_id)
        return None

    async def stop(self, now: bool = False) -> None:
        """Stop and remove the container; the home stays."""
        try:
            await self.engine.stop(self.object_id, grace=0 if now else 10)
        finally:
            await self._discard()

    async def _discard(self) -> None:
        container, self.object_id = self.object_id, ""
        if not await left_overs.discard(self.engine, container, self.object_name) and container:
            self.log.error("Container %s is left; the next start removes it", self.object_name)

    async def ran_out_of_memory(self, event: OutOfMemory) -> None:
        """Tell the student, where they are, why a kernel died; and on their next visit."""
        when = datetime.fromtimestamp(event.when).astimezone().strftime("%H:%M")
        self._lost_kernel = event.when
        self.notice = diagnosis.out_of_memory(self.mem_limit, when)
        self.log.warning("Server of %s: out of memory, limit %s", self._log_name, self.mem_limit)
        self.remember()
        await out_of_memory.leave_note(self.engine, event.container_id, self.notice)

    async def filled_disk(self, case: Case) -> None:
        """End the server at once: asked politely it would go on writing; and say why."""
        when = datetime.now().astimezone().strftime("%H:%M")
        found = diagnosis.filled_disk(str(case), when)
        self.notice = found.student
        self.log.error("Server of %s: %s", self._log_name, found.operator)
        await self._discard()
        await self.poll_and_notify()

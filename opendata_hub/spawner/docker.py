"""Servers in containers of the Docker Engine."""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import datetime
from typing import Any

import docker
from docker.types import Mount
from dockerspawner import DockerSpawner
from jupyterhub import orm
from traitlets import Any as AnyTrait
from traitlets import Bool, Unicode

from opendata_hub import datasets, diagnosis, homes, progress
from opendata_hub.engine import Engine, OutOfMemory, servers, translated
from opendata_hub.errors import EngineError, EngineUnreachable
from opendata_hub.form import Choice
from opendata_hub.spawner import confinement, engines, images, left_overs, out_of_memory
from opendata_hub.spawner.failures import explained
from opendata_hub.spawner.launch import PLAIN, Launch, launch
from opendata_hub.spawner.mixin import OpenDataSpawner
from opendata_hub.spawner.reach import require_reachable
from opendata_hub.spawner.turns import Line
from opendata_hub.spawner.watch import Watch
from opendata_hub.spawner.weight import Weight
from opendata_hub.storage import Storage, Volumes


class OpenDataDockerSpawner(OpenDataSpawner, DockerSpawner):
    """Runs each server in a container, on the user's own home volume, and says what happens."""

    # A container that died keeps its log and its OOM flag until we have read them, so the engine
    # must not remove it by itself; we do, at every stop. Hence no choice for operators.
    remove = Bool(False)
    will_resume = False

    prefix = Unicode("opendata", config=True, help="First part of each container's name.")

    escape = AnyTrait(
        homes.safe_name,
        config=True,
        help="Makes a part of a container's name from a user's name; must never let two collide.",
    )

    _lost_kernel: float | None = None
    """When this server last ran out of memory and lived on, in seconds since 1970."""

    _new_home = False
    """The home belongs to root yet, and lacks the welcome files."""

    _launch = PLAIN

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._weight = Weight()

    # -- the engine

    @property
    def client(self) -> docker.APIClient:
        """DockerSpawner's client, one for all; the first who asks for it asks the engine."""
        with translated():
            return super().client

    @property
    def engine(self) -> Engine:
        """The engine behind DockerSpawner's client, one for all users."""
        return engines.shared(self.client, self.registries)

    @property
    def line(self) -> Line:
        """The line in front of the engine."""
        return engines.line(self.engine, self.start_slots, self.start_reserve)

    @property
    def storage(self) -> Storage:
        """Where homes are."""
        return Volumes(self.engine)

    def promise(self) -> tuple[str, int]:
        """Name of its container, and the guaranteed bytes of memory, its limit at most."""
        promised = min(self.mem_guarantee or 0, self.mem_limit or sys.maxsize)
        return str(self._object_name_default()), promised

    async def docker(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call docker-py in the lane that the method belongs to, not in one thread for all."""
        return await self.engine.call(method, *args, **kwargs)

    async def images_here(self) -> Mapping[str, int | None] | None:
        """Bytes of each image on this engine, by reference; None where it does not answer."""
        try:
            return dict(await self.engine.image_sizes())
        except EngineError as error:
            self.log.error("The options page shows no sizes: %s", error)
            return None

    # -- before the hub's timer runs

    def apply_choice(self, choice: Choice) -> None:
        """Take over image, start page and limits."""
        self.image = choice.reference
        if choice.image is None:
            return
        self.default_url = choice.image.default_url
        if choice.image.memory is not None:
            self.mem_limit = choice.image.memory
        if choice.image.cpu is not None:
            self.cpu_limit = choice.image.cpu

    async def prepare(self) -> None:
        """
        Have the image and the home ready.

        Raises:
            StartFailed: the image cannot be had, or the hub is out of containers' reach.
        """
        self.notice = ""
        require_reachable(self.hub.api_url, self.network_name)
        with explained(self.fail, self._image_name):
            await self._sweep()
            await self._have_image()
            self.tell(progress.creating())
            _, self._launch = await asyncio.gather(self._have_home(), self._how_to_launch())

    @property
    def _entry(self) -> Any:
        return self.choice.image if self.choice else None

    @property
    def _image_name(self) -> str:
        return self.choice.name if self.choice else str(self.image)

    async def _sweep(self) -> None:
        def known() -> set[str]:
            states = (spawner.state or {} for spawner in self.db.query(orm.Spawner))
            return {state.get("object_id", "") for state in states}

        for name in await left_overs.sweep_once(self.engine, self.hub.api_url, known):
            self.log.warning("Removed container %s, which this hub does not know", name)

    async def _have_image(self) -> None:
        async for pull in images.have(self.engine, self.image, self._entry, self.pull_policy):
            self.tell(progress.pulling(self._image_name, pull))
        self.image = await images.name(self.engine, self.image, self._entry) or self.image

    async def _have_home(self) -> None:
        if not await self.storage.has(self.user.name):
            # Known before it exists: if the hub is killed now, the next start still hands the
            # empty home, which belongs to root, to its owner.
            self._new_home = True
            self.remember()
            await self.storage.make(self.user.name)

    async def _how_to_launch(self) -> Launch:
        quick = self.fast_launch and (self._entry is None or self._entry.fast_launch)
        return await launch(
            self.engine, self.image, self.hub.api_url, self.log,
            quick=quick, warned=self.stop_warning,
        )  # fmt: skip

    # -- start

    async def start(self) -> tuple[str, int]:
        """
        Create and start the container, and wait until its server answers.

        Returns:
            (ip, port): where the hub and the proxy reach it.

        Raises:
            StartFailed: why not, in a sentence; nothing of the container is left.
        """
        with self.turn or nullcontext():
            return await self._start()

    async def _start(self) -> tuple[str, int]:
        self.tell(progress.creating())
        try:
            with explained(self.fail, self._image_name):
                await self._make_container()
                self.tell(progress.starting())
                await self.engine.start(self.object_id)
                address = await self._wait_for_server()
        except asyncio.CancelledError:
            # The hub's timer rang. Its own word would be an empty TimeoutError; ours goes through.
            timeout = self.fail(await self._watch.silence())
            await self._discard()
            raise timeout from None
        except BaseException:
            await self._discard()
            raise
        out_of_memory.running[self.object_id] = self
        self.came_up()
        return address

    async def _make_container(self) -> None:
        self.object_name = self._object_name_default()
        name, hub, user = self.object_name, self.hub.api_url, self.user.name
        if await left_overs.clear_away(self.engine, name, hub, user):
            self.log.warning("Removed left-over container %s", name)
        with translated():
            self.object_id = (await self.create_object())["Id"]
        if self._new_home:
            await self.storage.furnish(self.user.name, self.object_id, self.welcome_files())
            self._new_home = False

    async def create_object(self) -> dict[str, Any]:
        """Create the container as DockerSpawner does, with our labels and confinement."""
        async with confinement.applied(self, self._entry):
            made: dict[str, Any] = await super().create_object()
        return made

    @property
    def mount_binds(self) -> list[Mount]:
        """The operator's mounts, the home, the datasets that this user may see, the launcher."""
        shared = datasets.mounts(self.dataset_list, self.group_names)
        ours = [Mount(**mount) for mount in (self.storage.mount(self.user.name), *shared)]
        return [*super().mount_binds, *ours, *self._launch.mounts]

    async def get_command(self) -> list[str]:
        """Return the image's own command, or ``jupyterhub-singleuser`` where it has none."""
        command = self.cmd or await servers.command(self.engine, self.image)
        return [*command, *self.get_args()]

    def get_env(self) -> dict[str, str]:
        """Environment of the server: the hub's, what the catalogue's entry adds, the launcher."""
        extra = self._entry.environment if self._entry else {}
        return self._launch.environment({**super().get_env(), "HOME": homes.HOME, **extra})

    def template_namespace(self) -> dict[str, str]:
        """Names for templates; server names that differ only by case stay apart."""
        names: dict[str, str] = super().template_namespace()
        return {**names, "servername": homes.safe_name(self.name) if self.name else ""}

    # -- looking after it

    @property
    def _watch(self) -> Watch:
        facts = self._image_name, self.start_timeout, self._lost_kernel
        return Watch(self.engine, self.object_id, *facts)

    async def _wait_for_server(self) -> tuple[str, int]:
        address = await self._watch.address(self.get_ip_and_port)
        if not self.internal_ssl:  # then only the hub holds the certificates to ask with
            url = f"http://{address[0]}:{address[1]}{self.server.base_url}api"
            await self._watch.first_answer(url, self.tell)
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
            out_of_memory.running[self.object_id] = self
            return None
        self.log.error("Server of %s: %s", self._log_name, end.diagnosis.operator)
        self.notice = end.diagnosis.student
        await self._discard()
        return end.status

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

    # -- memory

    def get_state(self) -> dict[str, Any]:
        """State that the hub keeps."""
        return {**super().get_state(), "new_home": self._new_home}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`get_state` kept."""
        super().load_state(state)
        self._new_home = bool(state.get("new_home"))

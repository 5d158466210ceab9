"""Servers in containers of the Docker Engine."""

import asyncio
import sys
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from time import monotonic
from typing import Any

import docker
from docker.types import Mount
from dockerspawner import DockerSpawner
from jupyterhub import orm
from traitlets import Any as AnyTrait
from traitlets import Bool, Enum, Integer, List, Tuple, Unicode

from opendata_hub import datasets, diagnosis, homes, progress
from opendata_hub.engine import Engine, OutOfMemory, servers, translated
from opendata_hub.errors import EngineError, EngineUnreachable
from opendata_hub.form import Choice
from opendata_hub.spawner import (
    confinement,
    engines,
    home,
    images,
    left_overs,
    out_of_memory,
    rescue,
)
from opendata_hub.spawner.failures import explained
from opendata_hub.spawner.launch import PLAIN, Launch, launch
from opendata_hub.spawner.mixin import OpenDataSpawner
from opendata_hub.spawner.reach import require_reachable
from opendata_hub.spawner.turns import Line
from opendata_hub.spawner.watch import Watch
from opendata_hub.spawner.weight import Weight
from opendata_hub.storage import Storage, open_storage, snapshots


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

    _lost_kernel: float | None = None
    """When this server last ran out of memory and lived on, in seconds since 1970."""

    _earlier: Sequence[dict[str, Any]] = ()
    _launch = PLAIN
    _rescue = rescue.NONE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._weight = Weight()
        self._home = home.Progress()

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
        return open_storage(self.engine, self.home_storage, self.home_path, self.home_identity)

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
        storage, user = self.storage, self.user.name
        former = home.former(self.engine, storage.kind, self.former_homes)
        await home.have(storage, former, user, self._home, self.remember)
        await home.welcome_back(storage, user, self._home, self.log)
        await storage.limit(user, self.home_quota)
        self._earlier = await snapshots.mounts(storage, self.home_snapshots, user)
        self._rescue = await rescue.look(storage, user, has_quota=bool(self.home_quota))

    async def _how_to_launch(self) -> Launch:
        quick = self.fast_launch and (self._entry is None or self._entry.fast_launch)
        return await launch(
            self.engine, self.image, self.hub.api_url, self.log,
            quick=quick, told=self.stop_warning or self.home_usage,
        )  # fmt: skip

    # -- start

    def start(self) -> Coroutine[Any, Any, tuple[str, int]]:
        """
        Create and start the container, and wait until its server answers.

        Returns:
            (ip, port): where the hub and the proxy reach it.

        Raises:
            StartFailed: why not, in a sentence; nothing of the container is left.
        """
        return self._start(monotonic())  # taken now: the hub sets its timer next

    async def _start(self, began: float) -> tuple[str, int]:
        with self.turn or nullcontext():
            try:
                with explained(self.fail, self._image_name):
                    return await self._come_up()
            except asyncio.CancelledError:
                silent = monotonic() - began >= self.start_timeout
                timeout = self.fail(await self._watch.silence()) if silent else None
                await self._discard()
                if timeout:  # its own word would be an empty TimeoutError; ours goes through
                    raise timeout from None
                raise  # somebody stops it, or the hub ends
            except BaseException:
                await self._discard()
                raise

    async def _come_up(self) -> tuple[str, int]:
        self.tell(progress.creating())
        await self._make_container()
        self.tell(progress.starting())
        await self.engine.start(self.object_id)
        address = await self._wait_for_server()
        out_of_memory.running[self.object_id] = self
        self.came_up()
        self.notice = self._rescue.notice or self.notice
        return address

    async def _make_container(self) -> None:
        self.object_name = self._object_name_default()
        name, hub, user = self.object_name, self.hub.api_url, self.user.name
        if await left_overs.clear_away(self.engine, name, hub, user):
            self.log.warning("Removed left-over container %s", name)
        with translated():
            self.object_id = (await self.create_object())["Id"]
        if self._home.is_new:
            await self.storage.furnish(self.user.name, self.object_id, self.welcome_files())
            self._home.is_new = False

    async def create_object(self) -> dict[str, Any]:
        """Create the container as DockerSpawner does, with our labels and confinement."""
        async with confinement.applied(self, self._entry):
            made: dict[str, Any] = await super().create_object()
        return made

    @property
    def mount_binds(self) -> list[Mount]:
        """The operator's mounts, the home and its past, the user's datasets, the launcher."""
        shared = datasets.mounts(self.dataset_list, self.group_names)
        home = (self.storage.mount(self.user.name), *self._earlier)
        ours = [Mount(**mount) for mount in (*home, *shared)]
        return [*super().mount_binds, *ours, *self._launch.mounts, *self._rescue.mounts]

    async def get_command(self) -> list[str]:
        """Return the image's own command, or ``jupyterhub-singleuser`` where it has none."""
        command = self.cmd or await servers.command(self.engine, self.image)
        return [*command, *self.get_args(), *self._rescue.arguments]

    def get_env(self) -> dict[str, str]:
        """Environment of the server: the hub's, what the catalogue's entry adds, the launcher."""
        extra = self._entry.environment if self._entry else {}
        variables = {**super().get_env(), "HOME": homes.HOME, **extra}
        return self._launch.environment(self._rescue.environment(variables))

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

    async def delete_forever(self) -> None:
        """Keep the home of a user who is deleted, marked; a named server has none of its own."""
        if not self.name:
            await home.keep(self.storage, self.user.name, self._home, self.log)

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
        kept = {"new_home": self._home.is_new, "known_home": self._home.is_known}
        return {**super().get_state(), **kept}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`get_state` kept."""
        super().load_state(state)
        self._home = home.Progress(bool(state.get("new_home")), bool(state.get("known_home")))

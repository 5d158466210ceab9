"""Servers in containers of the Docker Engine."""

import asyncio
import sys
from collections.abc import Coroutine, Mapping
from contextlib import nullcontext
from time import monotonic
from typing import Any

import docker
from docker.types import Mount
from dockerspawner import DockerSpawner
from jupyterhub import orm
from traitlets import Any as AnyTrait
from traitlets import Bool, Unicode

from opendata_hub import datasets, homes, progress
from opendata_hub.engine import Engine, servers, translated
from opendata_hub.errors import EngineError
from opendata_hub.form import Choice
from opendata_hub.spawner import confinement, engines, images, left_overs
from opendata_hub.spawner.failures import explained
from opendata_hub.spawner.housing import Housing
from opendata_hub.spawner.launch import PLAIN, Launch, launch
from opendata_hub.spawner.minding import Minding
from opendata_hub.spawner.mixin import OpenDataSpawner
from opendata_hub.spawner.reach import require_reachable
from opendata_hub.spawner.sealed import Sealed
from opendata_hub.spawner.turns import Line
from opendata_hub.storage import shared


class OpenDataDockerSpawner(OpenDataSpawner, Housing, Minding, Sealed, DockerSpawner):
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

    _launch = PLAIN

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
                await asyncio.shield(self._discard())  # who presses Cancel may press it twice
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
        self._lives()
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
        written = self._shared.keys() & self.taught
        await shared.hand_over(self.engine, self.storage, written, self.object_id)

    async def create_object(self) -> dict[str, Any]:
        """Create the container as DockerSpawner does, with our labels and confinement."""
        async with confinement.applied(self, self._entry):
            made: dict[str, Any] = await super().create_object()
        return made

    @property
    def mount_binds(self) -> list[Mount]:
        """The operator's mounts, the home and its past, the user's datasets, the launcher."""
        data = datasets.mounts(self.dataset_list, self.group_names)
        home = (self.storage.mount(self.user.name), *self._earlier, *self._shared.values())
        ours = [Mount(**mount) for mount in (*home, *data)]
        return [*super().mount_binds, *ours, *self._launch.mounts, *self._rescue.mounts]

    async def get_command(self) -> list[str]:
        """Return the image's own command, or ``jupyterhub-singleuser`` where it has none."""
        command = self.cmd or await servers.command(self.engine, self.image)
        return self._sealed([*command, *self.get_args(), *self._rescue.arguments])

    def get_env(self) -> dict[str, str]:
        """Environment of the server: the hub's, what the catalogue's entry adds, the launcher."""
        extra = self._entry.environment if self._entry else {}
        variables = {**super().get_env(), "HOME": homes.HOME, **extra}
        return self._launch.environment(self._rescue.environment(variables))

    def template_namespace(self) -> dict[str, str]:
        """Names for templates; server names that differ only by case stay apart."""
        names: dict[str, str] = super().template_namespace()
        return {**names, "servername": homes.safe_name(self.name) if self.name else ""}

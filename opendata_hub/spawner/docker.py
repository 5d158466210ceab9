"""Servers in containers of the Docker Engine."""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from inspect import isawaitable
from typing import Any

from docker.types import Mount
from dockerspawner import DockerSpawner
from jupyterhub import __version__ as hub_version
from traitlets import Any as AnyTrait
from traitlets import Bool, Unicode

from opendata_hub import datasets, diagnosis, homes, progress
from opendata_hub.engine import Engine, OutOfMemory, archive, translated
from opendata_hub.errors import EngineError, EngineUnreachable, ImageNotFound
from opendata_hub.form import Choice
from opendata_hub.spawner import confinement, out_of_memory, reach
from opendata_hub.spawner.failures import StartFailed
from opendata_hub.spawner.mixin import OpenDataSpawner
from opendata_hub.spawner.readiness import first_answer, works_with_hub

_OOM_FILE = "Why my kernel stopped.txt"
_SERVERS = f"{homes.LABEL}.role=server"


class OpenDataDockerSpawner(OpenDataSpawner, DockerSpawner):
    """Runs each server in a container, on the user's own home volume, and says what happens."""

    extra_create_kwargs: Any  # DockerSpawner's traits, named here for the type checker
    extra_host_config: Any

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

    _engines: dict[int, Engine] = {}
    _lost_kernel: float | None = None
    """When this server last ran out of memory and lived on, in seconds since 1970."""

    _new_home = False
    """The home belongs to root yet, and lacks the welcome files."""

    # -- the engine

    @property
    def engine(self) -> Engine:
        """The engine behind DockerSpawner's client, one for all users."""
        engines, client = OpenDataDockerSpawner._engines, self.client
        if id(client) not in engines:
            engines[id(client)] = Engine(client)
            engines[id(client)].watch_ooms(_SERVERS, out_of_memory.tell)
        return engines[id(client)]

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
        reach.require_reachable(self.hub.api_url, self.network_name)
        try:
            await self._have_image()
            self.tell(progress.creating())
            await self._have_home()
        except EngineError as error:
            raise self.fail(diagnosis.refused(self._image_name, str(error))) from error

    @property
    def _entry(self) -> Any:
        return self.choice.image if self.choice else None

    @property
    def _image_name(self) -> str:
        return self.choice.name if self.choice else str(self.image)

    async def _have_image(self) -> None:
        if self.pull_policy == "skip":
            return
        if self.pull_policy != "always" and await self._is_here():
            return
        if self._entry is not None and self._entry.is_local:
            raise self.fail(diagnosis.not_built(self._entry.display_name, self._entry.slug))
        if self.pull_policy == "never":
            raise ImageNotFound(f"no such image here: {self.image}; the pull policy is 'never'")
        async for pull in self.engine.pull(self.image):
            self.tell(progress.pulling(self._image_name, pull))

    async def _have_home(self) -> None:
        name = homes.volume_name(self.user.name)
        if not await self.engine.has_volume(name):
            # Known before it exists: if the hub is killed now, the next start still hands the
            # empty volume, which belongs to root, to its owner.
            self._new_home = True
            self.remember()
            await self.engine.create_volume(name, homes.labels(self.user.name))

    async def _is_here(self) -> bool:
        try:
            await self.engine.image(self.image)
        except ImageNotFound:
            return False
        return True

    # -- start

    async def start(self) -> tuple[str, int]:
        """
        Create and start the container, and wait until its server answers.

        Returns:
            (ip, port): where the hub and the proxy reach it.

        Raises:
            StartFailed: why not, in a sentence; nothing of the container is left.
        """
        self.tell(progress.creating())
        try:
            await self._make_container()
            self.tell(progress.starting())
            await self.engine.start(self.object_id)
            address = await self._wait_for_server()
        except EngineError as error:
            await self._discard()
            raise self.fail(diagnosis.refused(self._image_name, str(error))) from error
        except asyncio.CancelledError:
            # The hub's timer rang. Its own word would be an empty TimeoutError; ours goes through.
            timeout = await self._silence()
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
        left_over = await self.engine.container(self.object_name)
        if left_over:
            await self._clear_away(left_over)
        with translated():
            self.object_id = (await self.create_object())["Id"]
        if self._new_home:
            top, name = homes.HOME.rsplit("/", 1)
            home = archive(self.welcome_files(), homes.UID, homes.GID, folder=name)
            await self.engine.put(self.object_id, top, home)
            self._new_home = False

    async def _clear_away(self, left_over: dict[str, Any]) -> None:
        labels = left_over["Config"]["Labels"] or {}
        ours = f"JUPYTERHUB_API_URL={self.hub.api_url}" in (left_over["Config"]["Env"] or ())
        if not ours or labels.get(f"{homes.LABEL}.user") != self.user.name:
            raise EngineError(
                f"a container named {self.object_name} exists that is not of this hub and user; "
                f"remove it with 'docker rm -f {self.object_name}', or give one of two hubs "
                "another DockerSpawner.prefix"
            )
        self.log.warning("Removing left-over container %s", self.object_name)
        await self.engine.remove(left_over["Id"])

    async def create_object(self) -> dict[str, Any]:
        """Create the container as DockerSpawner does, with our labels and confinement."""
        operators: tuple[Any, Any] = (self.extra_create_kwargs, self.extra_host_config)
        create, host = [await self._resolved(value) for value in operators]
        slug = self._entry.slug if self._entry else ""
        labels = confinement.labels(self.user.name, self.name, slug)
        self.extra_create_kwargs = confinement.container(labels, create)
        self.extra_host_config = confinement.host_config(
            self._entry, self.mem_limit, self.process_limit, host
        )
        try:
            made: dict[str, Any] = await super().create_object()
        finally:
            self.extra_create_kwargs, self.extra_host_config = operators
        return made

    async def _resolved(self, value: Any) -> dict[str, Any]:
        """Value of a DockerSpawner trait that may be a callable, even an async one."""
        value = self._eval_if_callable(value)
        return dict(await value if isawaitable(value) else value)

    @property
    def mount_binds(self) -> list[Mount]:
        """The operator's mounts, the home, and the datasets that this user may see."""
        shared = datasets.mounts(self.dataset_list, self.group_names)
        ours = [Mount(**mount) for mount in (homes.mount(self.user.name), *shared)]
        return [*super().mount_binds, *ours]

    async def get_command(self) -> list[str]:
        """Return the image's own command, or ``jupyterhub-singleuser`` where it has none."""
        image = await self.engine.image(self.image)
        command = self.cmd or image["Config"]["Cmd"] or ["jupyterhub-singleuser"]
        return [*command, *self.get_args()]

    def get_env(self) -> dict[str, str]:
        """Environment of the server: the hub's, and what the catalogue's entry adds."""
        extra = self._entry.environment if self._entry else {}
        return {**super().get_env(), "HOME": homes.HOME, **extra}

    def template_namespace(self) -> dict[str, str]:
        """Names for templates; server names that differ only by case stay apart."""
        names: dict[str, str] = super().template_namespace()
        return {**names, "servername": homes.safe_name(self.name) if self.name else ""}

    # -- until it answers

    async def _wait_for_server(self) -> tuple[str, int]:
        address = await self._address()
        if self.internal_ssl:
            return address  # only the hub holds the certificates to ask with
        url = f"http://{address[0]}:{address[1]}{self.server.base_url}api"
        began = time.monotonic()

        async def look() -> None:
            await self._inspect_alive()
            self.tell(progress.waiting(time.monotonic() - began, self.start_timeout))

        headers = await first_answer(url, look)
        if not works_with_hub(headers):
            raise self.fail(diagnosis.knows_no_hub(self._image_name, hub_version))
        return address

    async def _silence(self) -> StartFailed:
        lines = await self.engine.last_lines(self.object_id) if self.object_id else ""
        return self.fail(diagnosis.silent(self._image_name, self.start_timeout, lines))

    async def _address(self) -> tuple[str, int]:
        try:
            ip, port = await self.get_ip_and_port()
        except Exception:
            await self._inspect_alive()  # a container that has ended has no address: say that
            raise
        if not ip:
            await self._inspect_alive()
        return ip, port

    async def _inspect_alive(self) -> None:
        container = await self.engine.container(self.object_id)
        if container is None:
            raise self.fail(diagnosis.gone())
        if not container["State"]["Running"]:
            death = await self._read_death(container)
            raise self.fail(diagnosis.ended_at_start(self._image_name, death))

    async def _read_death(self, container: dict[str, Any]) -> diagnosis.Death:
        lines = await self.engine.last_lines(container["Id"])
        return diagnosis.Death.read(container, lines, self._lost_kernel)

    # -- afterwards

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
            container = await self.engine.container(self.object_id)
        except EngineUnreachable as error:
            self.log.error("Cannot look after the server of %s: %s", self._log_name, error)
            return None
        if container is not None and container["State"]["Running"]:
            out_of_memory.running[self.object_id] = self
            return None
        return await self._mourn(container)

    async def _mourn(self, container: dict[str, Any] | None) -> str:
        if container is None:
            end, status = diagnosis.gone(), "container is gone"
        else:
            death = await self._read_death(container)
            end, status = diagnosis.ended_later(death), f"ExitCode={death.exit_code}"
        self.log.error("Server of %s: %s", self._log_name, end.operator)
        self.notice = end.student
        await self._discard()
        return status

    async def stop(self, now: bool = False) -> None:
        """Stop and remove the container; the home stays."""
        await self.engine.stop(self.object_id, grace=0 if now else 10)
        await self._discard()

    async def _discard(self) -> None:
        if self.object_id:
            await self.engine.remove(self.object_id)
            self.object_id = ""

    async def ran_out_of_memory(self, event: OutOfMemory) -> None:
        """Tell the student, where they are, why a kernel died; and on their next visit."""
        when = datetime.fromtimestamp(event.when).astimezone().strftime("%H:%M")
        self._lost_kernel = event.when
        self.notice = diagnosis.out_of_memory(self.mem_limit, when)
        self.log.warning("Server of %s: out of memory, limit %s", self._log_name, self.mem_limit)
        self.remember()
        note = archive({_OOM_FILE: f"{self.notice}\n".encode()}, homes.UID, homes.GID)
        await self.engine.put(event.container_id, homes.HOME, note)

    # -- memory

    def get_state(self) -> dict[str, Any]:
        """State that the hub keeps."""
        return {**super().get_state(), "new_home": self._new_home}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`get_state` kept."""
        super().load_state(state)
        self._new_home = bool(state.get("new_home"))

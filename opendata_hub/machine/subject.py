"""One image that is tried without a hub, and what its container gets as in one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import docker
from docker.types import Mount

from opendata_hub.catalogue import Image
from opendata_hub.engine import servers
from opendata_hub.homes import HOME, LABEL
from opendata_hub.machine import Say, images, presence
from opendata_hub.machine.access import DIRECT, Access

_CPU_PERIOD = 100_000  # microseconds, the engine's own


@dataclass(frozen=True)
class Subject:
    """
    An image, with the hub's limits where it has none of its own.

    Attributes:
        name: what people call it: its slug, or its reference where no catalogue has it.
        image: its entry, or one made up for a reference.
        memory: bytes; None for all that the machine has.
        cpu: cores; None for all.
        processes: processes and threads.
        environment: what the site's servers are told, such as its proxy.
        mounts: keywords of ``docker.types.Mount``, as all servers of the site have them.
    """

    name: str
    image: Image
    memory: int | None = None
    cpu: float | None = None
    processes: int = 1024
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: Sequence[Mapping[str, Any]] = ()

    def have(self, client: docker.DockerClient, say: Say, access: Access = DIRECT) -> str:
        """
        Make sure that the image is here; build or pull it where it is not.

        Returns:
            str: a name or id that the engine knows.

        Raises:
            MachineError: it can neither be built nor pulled.
        """
        if presence.find(client, self.image) is None:
            images.make(client, self.image, say, access)
        found = presence.find(client, self.image)
        return str(found.id) if found else self.image.reference

    def container(
        self, role: str, client: docker.APIClient, home: str | None, **host: Any
    ) -> dict[str, Any]:
        """
        Keywords of docker-py's ``create_container`` that do not depend on what runs in it.

        Args:
            role: the value of our label.
            home: name of the home's volume; None for one that goes with the container.
            host: more keywords of ``create_host_config``.
        """
        labels = {f"{LABEL}.role": role, f"{LABEL}.image": self.name}
        mounts = [Mount(HOME, home, type="volume", no_copy=True)]
        mounts += [Mount(**mount) for mount in (*self.mounts, *host.pop("mounts", ()))]
        limits = self.memory, self.processes
        confined = servers.host_config(self.image, *limits, {}, client.info())
        made = client.create_host_config(**self._limits(), **confined, mounts=mounts, **host)
        return {**servers.container(labels, {}), "host_config": made}

    def variables(self) -> dict[str, str]:
        """Environment of its container, whatever runs in it."""
        return {**self.environment, **self.image.environment, "HOME": HOME}

    def _limits(self) -> dict[str, Any]:
        limits: dict[str, Any] = {"mem_limit": self.memory} if self.memory else {}
        if self.cpu:
            limits |= {"cpu_period": _CPU_PERIOD, "cpu_quota": int(self.cpu * _CPU_PERIOD)}
        return limits

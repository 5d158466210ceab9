"""The volume with the files that servers get from us."""

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docker.types import Mount

from opendata_hub.engine import Engine, archive, translated
from opendata_hub.errors import EngineError, EngineUnreachable
from opendata_hub.homes import LABEL

FOLDER = "/opt/opendata-hub/launcher"
"""Where servers find it."""

SHARE = f"{FOLDER}/share"
"""Where JupyterLab finds extensions."""

_QUICK, _SHARE = "sitecustomize.py", "share"
_LABELS = {f"{LABEL}.role": "launcher"}


class Launcher:
    """
    The files on one engine, in a volume named for their content.

    A volume, for the engine may be elsewhere, and the hub in a container: then no folder of the
    hub's is one of the engine's. All hubs of an engine share it, and each writes the same.

    Args:
        hub: what tells this hub from another one on the engine, such as its address.
    """

    def __init__(self, engine: Engine, hub: str) -> None:
        self._engine, self._hub = engine, hub
        self._files = _files()
        self.volume = f"opendata-hub-launcher-{_short_hash(repr(self._files).encode())}"
        self._turn = asyncio.Lock()
        self._written = False
        self._refused = False

    @property
    def hand(self) -> str:
        """Name of the container through which this hub writes it."""
        return f"{self.volume}-{_short_hash(self._hub.encode())}"

    def mount(self) -> dict[str, Any]:
        """Return its mount in a server, as keywords of ``docker.types.Mount``."""
        return {
            "type": "volume",
            "source": self.volume,
            "target": FOLDER,
            "read_only": True,
            "no_copy": True,
        }

    async def ready(self, image: str) -> bool:
        """
        Have the volume.

        It is written once per hub, for one that a crash has left empty, and where it is gone.

        Args:
            image: any that the engine has; nothing runs in it.

        Returns:
            bool: False where the engine has refused it before.

        Raises:
            EngineError: the engine refuses it. Further calls do not ask again.
            EngineUnreachable: the engine does not answer.
        """
        async with self._turn:
            if self._refused:
                return False
            if not (self._written and await self._engine.has_volume(self.volume)):
                await self._write(image)
        return True

    async def _write(self, image: str) -> None:
        try:
            await self._fill(image)
        except EngineUnreachable:
            raise
        except EngineError:
            self._refused = True
            raise
        self._written = True

    async def _fill(self, image: str) -> None:
        """Write it through a container that is made for that and never started."""
        engine, name = self._engine, self.hand
        await engine.create_volume(self.volume, _LABELS)
        await engine.remove(name)  # this hub has left it that was killed right here
        mounts = [Mount(FOLDER, self.volume, no_copy=True)]
        host = engine.client.create_host_config(mounts=mounts)
        with translated():
            await engine.call(
                "create_container", image, [_QUICK], name=name, labels=_LABELS, host_config=host
            )
        try:
            await engine.put(name, FOLDER, archive(self._files, uid=0, gid=0))
        finally:
            await engine.remove(name)


def _files() -> dict[str, bytes]:
    """Path in the volume -> content."""
    here = Path(__file__).parent
    shared = (path for path in sorted(here.joinpath(_SHARE).rglob("*")) if path.is_file())
    paths = (here / _QUICK, *shared)
    return {str(path.relative_to(here)): path.read_bytes() for path in paths}


def _short_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def environment(
    environment: Mapping[str, str], image: Mapping[str, Any], quick: bool, told: bool
) -> dict[str, str]:
    """
    Return a server's environment with what leads to our files at the head.

    Args:
        image: as the engine inspects it; its own value counts where none is set.
        quick: have ``PYTHONPATH`` lead to the quick start.
        told: have ``JUPYTER_PATH`` lead to the extensions of JupyterLab.
    """
    own = dict(entry.partition("=")[::2] for entry in image["Config"]["Env"] or ())
    ours = {"PYTHONPATH": FOLDER} if quick else {}
    ours |= {"JUPYTER_PATH": SHARE} if told else {}
    both = {**own, **environment}
    heads = {
        name: f"{path}:{both[name]}" if both.get(name) else path for name, path in ours.items()
    }
    return {**environment, **heads}

"""What a machine fetches from the tests: wheels by HTTP, and the image of a notebook."""

import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import docker
import trustme

from tests.registries import registry
from tests.wheel.environments import REPOSITORY, build_wheel

IMAGE = "opendata-hub/base:1"
"""JupyterLab, and nothing of ours beside it."""

_VERSION = re.compile(r'__version__ = "(.*)"')
_INIT = Path("opendata_hub/__init__.py")
_SOURCES = ("pyproject.toml", "README.md", "LICENSE", "images", "datasets", "welcome",
            "bootstrap.py", "hub.yaml", "jupyterhub_config.py", "opendata_hub")  # fmt: skip


@dataclass(frozen=True)
class Shop:
    """Its addresses are those that machines on the bridge use."""

    folder: Path
    address: str
    image: str
    """Reference of the image in the shop's registry."""

    def wheel(self, version: str, added: Mapping[str, str] | None = None) -> str:
        """
        Publish the package of this tree as another version; return its address.

        Args:
            added: text at the end of files, by path.
        """
        tree = self.folder / f"tree-{version}"
        tree.mkdir()
        for name in _SOURCES:
            _copy(REPOSITORY / name, tree / name)
        init = tree / _INIT
        init.write_text(_VERSION.sub(f'__version__ = "{version}"', init.read_text()))
        for name, text in (added or {}).items():
            with (tree / name).open("a") as file:
                file.write(text)
        wheel = build_wheel(self.folder / f"wheel-{version}", tree)
        shutil.rmtree(tree)
        return f"{self.address}/{wheel.relative_to(self.folder)}"


@contextmanager
def shop(
    folder: Path, cache: Path, address: str, authority: trustme.CA, client: docker.APIClient
) -> Iterator[Shop]:
    """
    Open it.

    Args:
        folder: whose files it hands out.
        cache: for the registry's images, which are pushed once.
        address: of this machine on a bridge.
        authority: that certifies the registry.
    """
    images = _images(cache, client)
    handler = partial(_Silent, directory=str(folder))
    certificate = authority.issue_cert(address)
    with (
        ThreadingHTTPServer((address, 0), handler) as server,
        registry(images, address=address, certificate=certificate) as stock,
    ):
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            theirs = f"{address}:{stock.port}/{IMAGE}"
            yield Shop(folder, f"http://{address}:{server.server_port}", theirs)
        finally:
            server.shutdown()
            thread.join()


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Leave the tests' output to the tests."""


def _copy(origin: Path, target: Path) -> None:
    if origin.is_dir():
        shutil.copytree(origin, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(origin, target)


def _images(cache: Path, client: docker.APIClient) -> Path:
    """Return the folder of a registry that has the image, as the engine has it now."""
    digest = client.inspect_image(IMAGE)["Id"].partition(":")[2]
    folder = cache / f"registry-{digest[:12]}"
    if not (folder / "complete").exists():
        for old in cache.glob("registry-*"):
            shutil.rmtree(old)
        folder.mkdir()
        with registry(folder) as stock:
            stock.push(client, IMAGE, IMAGE)
        (folder / "complete").touch()
    return folder

"""Servers as local processes: a demonstration for machines without a container engine."""

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from jupyterhub.spawner import SimpleLocalProcessSpawner
from traitlets import Unicode, default

from opendata_hub import datasets, homes, progress
from opendata_hub.form import Choice
from opendata_hub.spawner.mixin import OpenDataSpawner


class OpenDataPreviewSpawner(OpenDataSpawner, SimpleLocalProcessSpawner):
    """
    The same pages, with servers as processes of the hub's own user.

    It isolates nobody from anybody: every server can read and change what the hub can. For
    a look at the hub on loopback, never for a class.
    """

    folder = Unicode(
        "preview",
        config=True,
        help="Folder for the homes and for links to the datasets; made where it is missing.",
    )

    @property
    def _own_folder(self) -> Path:
        return Path(self.folder).resolve() / homes.safe_name(self.user.name)

    @default("home_dir")
    def _default_home_dir(self) -> str:
        return str(self._own_folder / "home")

    def apply_choice(self, choice: Choice) -> None:
        """Take over the start page; there is one environment here, whatever the image."""
        if choice.image is not None:
            self.default_url = choice.image.default_url

    async def prepare(self) -> None:
        """Make the home, with the welcome files where it is new, and links to the datasets."""
        self.notice = ""
        self.tell(progress.creating())
        self._make_home(Path(self.home_dir))
        self._link_datasets()

    def _make_home(self, home: Path) -> None:
        if home.exists():
            return
        home.mkdir(parents=True)
        for name, content in self.welcome_files().items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(content)

    async def start(self) -> Any:
        """Start the process."""
        with self.turn or nullcontext():
            address = await super().start()
            self.came_up()
            return address

    def _link_datasets(self) -> None:
        data = self._own_folder / "data"
        data.mkdir(exist_ok=True)
        for link in data.iterdir():
            link.unlink()
        for mount in datasets.mounts(self.dataset_list, self.group_names):
            (data / Path(mount["target"]).name).symlink_to(mount["source"])

    def get_env(self) -> dict[str, str]:
        """Environment of the server; notebooks find the datasets by ``OPENDATA_DATA``."""
        env: dict[str, Any] = super().get_env()
        return {**env, "OPENDATA_DATA": str(self._own_folder / "data")}

    def get_args(self) -> list[str]:
        """Arguments of the server; root may run it here, since nobody is kept from anything."""
        args: list[str] = super().get_args()
        return [*args, "--allow-root"] if os.geteuid() == 0 else args

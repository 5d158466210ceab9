"""``opendata-hub backup`` and ``restore``: what they say, and what a kill in the middle costs."""

import asyncio
import json
import re
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
from click.testing import Result

from opendata_hub.backup.journal import FOLDER as UNDER_WAY
from opendata_hub.engine import Engine
from opendata_hub.storage import Folders
from opendata_hub.storage.records import FOLDER
from tests import backups
from tests.ports import free_hub_port

USERS = ("anna", "ben")
LARGE = 24 * 2**20  # bytes
SLOW = {
    ("backup", "restic"): ("--limit-upload", "4096"),
    ("restore", "restic"): ("--limit-download", "4096"),
    ("backup", "rsync"): ("--bwlimit=4096",),
    ("restore", "rsync"): ("--bwlimit=4096",),
}
"""KiB a second: a large home takes six seconds."""


@dataclass
class Place:
    """A hub that does not run, with homes in a folder, and where its backups go."""

    folder: Path
    engine: str

    @property
    def hub(self) -> Path:
        """Where hub.yaml is."""
        return self.folder / "hub"

    @property
    def homes(self) -> Path:
        """Where the homes are."""
        return self.folder / "homes"

    @property
    def vault(self) -> Path:
        """Where the backups are."""
        return self.folder / "vault"

    def path(self, verb: str = "", slow: bool = False) -> str:
        """A PATH with the engine, as quick as it is or slow."""
        name = self.folder / f"bin-{verb}-{slow}"
        arguments = SLOW[verb, self.engine] if slow else ()
        return str(name) if name.exists() else backups.path_of(self.engine, name, *arguments)

    def backup(self, *more: str) -> Result:
        """Make a backup."""
        config = ("--config", self.hub / "hub.yaml")
        return backups.call("backup", self.vault, *config, *more, path=self.path())

    def restore(self, *more: object) -> Result:
        """Bring it back."""
        return backups.call("restore", self.vault, *self.password, *more, path=self.path())

    @property
    def password(self) -> tuple[object, ...]:
        """Options that a restore takes on an empty machine."""
        return ("--password-file", self.folder / "paper") if self.engine == "restic" else ()

    def destroy(self) -> None:
        """Lose all but what was written down on paper."""
        if self.engine == "restic":
            shutil.copy(self.hub / ".hub" / "backup-password", self.folder / "paper")
        shutil.rmtree(self.hub)
        shutil.rmtree(self.homes)
        self.homes.mkdir()


@pytest.fixture(params=backups.ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path, client: docker.APIClient) -> Place:
    """A hub with two large homes."""
    place = Place(tmp_path, request.param)
    place.hub.mkdir()
    place.homes.mkdir()
    settings = {
        "hub": {"url": f"http://localhost:{free_hub_port()}"},
        "homes": {"storage": "folder", "path": str(place.homes)},
        "images": [{"slug": "far", "display_name": "Far", "image": "localhost:9/far:1"}],
    }
    (place.hub / "hub.yaml").write_text(json.dumps(settings))
    storage = Folders(Engine(client), place.homes)
    for user in USERS:
        asyncio.run(storage.make(user))
        (storage.at(user) / "large").write_bytes(secrets.token_bytes(LARGE))
        backups.own(storage.at(user))
    return place


def test_a_backup_that_was_killed_goes_on(place: Place) -> None:
    """Nothing half counts as a backup; the next one is whole and fine."""
    arguments = ("backup", place.vault, "--config", place.hub / "hub.yaml")
    process = backups.begin(*arguments, path=place.path("backup", slow=True))
    backups.kill_when(process, lambda: _arrived(place.vault), "something has arrived")
    listed = place.backup("--list")
    assert "no whole backup" in listed.stdout and not listed.exit_code

    assert place.backup().exit_code == 0

    assert place.backup("--list").stdout.count("2 homes") == 1
    assert place.backup("--verify").exit_code == 0


def test_a_restore_that_was_killed_goes_on(place: Place) -> None:
    """There is no hub.yaml before all is back; then all is, and nothing is left of the way."""
    place.backup()
    before = backups.portrait(place.homes, but=[FOLDER])
    place.destroy()
    arguments = ("restore", place.vault, *place.password)
    process = backups.begin(*arguments, path=place.path("restore", slow=True))
    backups.kill_when(process, lambda: any(place.homes.rglob("*large*")), "a home has begun")
    assert not (place.hub / "hub.yaml").exists()
    assert (place.hub / UNDER_WAY).exists()

    done = place.restore()

    assert done.exit_code == 0
    assert backups.portrait(place.homes, but=[FOLDER]) == before
    assert {entry.name for entry in place.hub.iterdir()} == {"hub.yaml", ".hub"}
    assert (
        "To bring again, by 'opendata-hub images pull' and 'build': localhost:9/far:1"
        in done.stdout
    )
    again = place.restore()
    assert again.exit_code == 1 and "overwrites nothing" in again.stderr


@pytest.mark.parametrize("place", ["restic"], indirect=True)
def test_the_password_is_told_once(place: Place) -> None:
    """With what it is for; its file is closed to others, and nobody gets in with another."""
    file = place.hub / ".hub" / "backup-password"
    first = place.backup()
    password = file.read_text().strip()
    assert re.fullmatch(r"[a-z0-9]{4}(-[a-z0-9]{4}){5}", password)
    assert password in first.stdout and "Without it there is no restore" in first.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    assert password not in place.backup().stdout

    file.write_text("wrong")
    refused = place.backup("--list")
    assert refused.exit_code == 1 and "--password-file" in refused.stderr
    file.unlink()
    asked = place.backup("--list")
    assert asked.exit_code == 1 and "is encrypted" in asked.stderr


@pytest.mark.parametrize("place", ["rsync"], indirect=True)
def test_what_cannot_be_is_refused_in_words(place: Place) -> None:
    """A folder with other things, one within the hub, an address without restic, a lost disk."""
    refusals = {
        place.folder: "holds other things",
        place.folder / "not" / "there": "is its disk mounted?",
        place.homes / "anna" / "vault": "take another place",
        "sftp:somewhere:/hub": "apt-get install restic",
    }
    for where, words in refusals.items():
        config = ("--config", place.hub / "hub.yaml")
        done = backups.call("backup", where, *config, path=place.path())
        assert done.exit_code == 1 and words in done.stderr
    shutil.rmtree(place.homes)

    lost = place.backup()

    assert lost.exit_code == 1 and "which is no folder" in lost.stderr
    assert not place.vault.exists()


def _arrived(vault: Path) -> bool:
    """Whether there is a part of what a backup brings: of restic a whole pack, which it keeps."""
    found = [*vault.glob("data/*/*"), *vault.glob("unfinished/tree/homes/*/.large*")]
    return any(path.is_file() for path in found)

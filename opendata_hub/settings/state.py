"""What the hub keeps between two runs: its own files, in a folder closed to others."""

import os
from pathlib import Path

from sqlalchemy import URL

from opendata_hub import places
from opendata_hub.errors import ConfigError


def private(path: str, flags: int) -> int:
    """Open a file that only this user reads, and no symlink: an ``opener`` of :func:`open`."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


class State:
    """Paths of the hub's own files, in a folder that only its user can enter."""

    def __init__(self, folder: Path) -> None:
        self.folder = places.state(folder)
        self.database_file = self.folder / "jupyterhub.sqlite"
        self.cookie_secret = self.folder / "cookie_secret"
        self.crypt_key = self.folder / "crypt_key"
        self.proxy_pid = self.folder / "proxy.pid"
        self.logins = self.folder / "logins"
        self.ca_bundle = self.folder / "ca-bundle.pem"
        self.kept = self.folder / "kept.json"
        self.homes = self.folder / "homes.json"
        self.snapshots = self.folder / "snapshots"
        self.certificates = self.folder / "internal-ssl"
        self.caddy = self.folder / "caddy"
        self.last_settings = self.folder / "last-settings.json"
        self.last_backup = self.folder / "last-backup.json"

    @property
    def database(self) -> str:
        """URL of the database."""
        return URL.create("sqlite", database=str(self.database_file)).render_as_string()

    def known_logins(self) -> list[str]:
        """Return the first logins that the hub has made so far, a line each."""
        return self.logins.read_text("utf-8").splitlines() if self.logins.exists() else []

    def make(self) -> None:
        """
        Make the folder, or close it to others.

        Raises:
            ConfigError: it belongs to another user, or the place cannot be written.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
        except OSError as error:
            raise ConfigError(
                f"{self.folder} cannot be used: {error.strerror}; run the hub as the user who owns "
                f"it, or move it away to start afresh."
            ) from None

"""The hub as people run it: this repository's jupyterhub_config.py and a hub.yaml."""

import json
import secrets
from pathlib import Path
from typing import Any

import docker

from tests.hubs import RunningHub
from tests.ports import free_hub_port

REPOSITORY = Path(__file__).resolve().parent.parent.parent

CONFIG = """
load_subconfig({config!r})
c = get_config()
# Else a quick server opens at once, and nobody sees the page on which one waits.
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0}}
c.JupyterHub.services.append({{"name": "tester", "api_token": {token!r}}})
c.JupyterHub.load_roles.append({{
    "name": "tester",
    "services": ["tester"],
    "scopes": ["admin:users", "admin:servers", "access:servers"],
}})
"""


class ProductHub(RunningHub):
    """
    The product, with a token for the test itself, an admin and students.

    People have names of their own in each run: a hub that really runs on this engine has a
    ``student``, too, whose home is nobody's to remove.
    """

    def __init__(
        self,
        folder: Path,
        client: docker.APIClient,
        settings: dict[str, Any],
        students: int = 1,
        preview: bool = False,
    ) -> None:
        run = secrets.token_hex(3)
        self.admin = f"teacher-{run}"
        self._waiting = [f"student{number}-{run}" for number in range(students)]
        self._settings = settings
        super().__init__(folder, client, "")
        self.users |= {self.admin, *self._waiting}
        self.url = f"http://localhost:{self.port}"
        self.environment["OPENDATA_HUB_CONFIG"] = str(folder / "hub.yaml")
        self.environment["OPENDATA_HUB_PREVIEW"] = str(int(preview))

    def configuration(self) -> str:
        """Write hub.yaml; the rest is the repository's own."""
        self.port = free_hub_port()
        written = {
            "pulling": {"enabled": False},  # it would build what this machine lacks
            **self._settings,
            "hub": {
                "title": "Particle physics",
                **self._settings.get("hub", {}),
                "url": f"http://localhost:{self.port}",
            },
            "login": {"admins": [self.admin], "options": {"allowed_users": self._waiting}},
        }
        text = json.dumps(written, ensure_ascii=False)  # what is JSON is YAML
        (self.folder / "hub.yaml").write_text(text, "utf-8")
        config = str(REPOSITORY / "jupyterhub_config.py")
        return CONFIG.format(config=config, token=self.token)

    def password(self, user: str) -> str:
        """Read the password that the first start has made."""
        lines = (self.folder / ".hub" / "logins").read_text("utf-8").splitlines()
        return dict(line.split() for line in lines)[user]

    def newcomer(self) -> str:
        """Name a student who has an account and has never been here."""
        return self._waiting.pop(0)

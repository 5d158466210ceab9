"""The hub as people run it: this repository's jupyterhub_config.py and a hub.yaml."""

import json
import secrets
from pathlib import Path
from typing import Any

import docker
import httpx

from opendata_hub.storage import shared
from tests.conftest import remove_network, remove_traces
from tests.hubs import PATIENCE, RunningHub
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

_CLASS = ("instructor", "pupil", "course")


class ProductHub(RunningHub):
    """
    The product, with a token for the test itself, an admin and students, and a class of one.

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
        self.instructor, self.pupil, self.course = (f"{one}-{run}" for one in _CLASS)
        self._waiting = [f"student{number}-{run}" for number in range(students)]
        self._settings = settings
        super().__init__(folder, client, "")
        self.users |= {self.admin, self.instructor, self.pupil, *self._waiting}
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
            "classes": [
                {"name": self.course, "users": [self.pupil], "instructors": [self.instructor]}
            ],
            "login": {
                "admins": [self.admin],
                "options": {"allowed_users": [self.pupil, *self._waiting]},
            },
        }
        text = json.dumps(written, ensure_ascii=False)  # what is JSON is YAML
        (self.folder / "hub.yaml").write_text(text, "utf-8")
        config = str(REPOSITORY / "jupyterhub_config.py")
        return CONFIG.format(config=config, token=self.token)

    def clear(self) -> None:
        """Remove its network and the rules, too."""
        super().clear()
        remove_traces(self.client, shared.owner(self.course))
        remove_network(self.client, self.port)

    def password(self, user: str) -> str:
        """Read the password that the first start has made."""
        lines = (self.folder / ".hub" / "logins").read_text("utf-8").splitlines()
        return dict(line.split() for line in lines)[user]

    def session(self, user: str) -> httpx.Client:
        """A browser's session of a user who has logged in with the password of a first start."""
        session = httpx.Client(base_url=self.url, follow_redirects=True, timeout=PATIENCE)
        self.sessions.append(session)
        session.get("/hub/login")
        form = {"username": user, "password": self.password(user)}
        form["_xsrf"] = session.cookies["_xsrf"]
        session.post("/hub/login?next=/hub/home", data=form).raise_for_status()
        return session

    def newcomer(self) -> str:
        """Name a student who has an account and has never been here."""
        return self._waiting.pop(0)

"""The product in preview, with the login that a test writes: what matters here are its pages."""

import json
from pathlib import Path
from typing import Any

import docker
import httpx

from tests.browser.product import REPOSITORY
from tests.hubs import PATIENCE, RunningHub
from tests.ports import free_hub_port

IMAGES: list[dict[str, Any]] = [
    {"slug": "starter", "display_name": "Starter", "image": "example.org/starter:1"},
    {
        "slug": "stars",
        "display_name": "Stars",
        "image": "example.org/stars:1",
        "groups": ["astronomy"],
    },
]

CONFIG = """
load_subconfig({config!r})
c = get_config()
c.JupyterHub.services.append({{"name": "tester", "api_token": {token!r}}})
c.JupyterHub.load_roles.append({{
    "name": "tester", "services": ["tester"], "scopes": ["admin:users"],
}})
{extra}
"""


class LoginHub(RunningHub):
    """A hub whose ``login`` is given; ``{url}`` in the lines of the configuration is its own."""

    def __init__(
        self,
        folder: Path,
        client: docker.APIClient,
        login: dict[str, Any],
        extra: str = "",
        *classes: dict[str, Any],
    ) -> None:
        self._login, self._extra, self._classes = login, extra, classes
        super().__init__(folder, client, "")
        self.url = f"http://localhost:{self.port}"
        self.environment["OPENDATA_HUB_CONFIG"] = str(folder / "hub.yaml")
        self.environment["OPENDATA_HUB_PREVIEW"] = "1"

    def configuration(self) -> str:
        """Write hub.yaml; the rest is the repository's own."""
        self.port = free_hub_port()
        written = {
            "hub": {"title": "Physics", "url": f"http://localhost:{self.port}"},
            "login": self._login,
            "images": IMAGES,
            "classes": self._classes,
        }
        (self.folder / "hub.yaml").write_text(json.dumps(written, ensure_ascii=False), "utf-8")
        config = str(REPOSITORY / "jupyterhub_config.py")
        return CONFIG.format(config=config, token=self.token, extra=self._extra)

    def browser(self, address: str = "") -> httpx.Client:
        """
        Somebody's browser.

        Args:
            address: where it comes from, another one of this machine's.
        """
        way = httpx.HTTPTransport(local_address=address) if address else None
        session = httpx.Client(
            base_url=self.url.replace("localhost", "127.0.0.1"),
            transport=way,
            follow_redirects=True,
            timeout=PATIENCE,
        )
        self.sessions.append(session)
        return session

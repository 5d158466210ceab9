"""A student at a hub of a machine: trusts its authority, logs in, and works in a notebook."""

import ssl
from types import TracebackType
from typing import Any

import httpx

from tests import visitors
from tests.hubs import PATIENCE, wait_for
from tests.kernels import Kernel
from tests.vm.machine import Machine

LOGINS = "/var/lib/opendata-hub/hub/logins"


class Student:
    """
    One browser, logged in with the password of a first start.

    Args:
        name: one of `login.options.allowed_users`.
    """

    def __init__(self, machine: Machine, name: str) -> None:
        self.name, self.url = name, f"https://{machine.address}"
        self.trust = ssl.create_default_context(cadata=authority_of(machine))
        self.browser = httpx.Client(
            base_url=self.url, verify=self.trust, follow_redirects=True, timeout=PATIENCE
        )
        passwords = dict(line.split() for line in machine.read(LOGINS).splitlines())
        assert visitors.log_in(self.browser, name, passwords[name])
        wanted = self._ask("POST", "tokens", {"note": "for the test"})
        self.token = wanted.json()["token"]

    def __enter__(self) -> "Student":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.browser.close()

    def _ask(self, method: str, path: str = "", body: Any = None) -> httpx.Response:
        answer = visitors.ask(self.browser, method, f"users/{self.name}/{path}".rstrip("/"), body)
        return answer.raise_for_status()

    def start(self) -> None:
        """Start the server unless it is up, and wait until it is."""
        if not self.has_server():
            self._ask("POST", "server")
        wait_for(self.has_server, f"{self.name}'s server is up", patience=600)

    def has_server(self) -> bool:
        """Whether the hub says that the server is up."""
        servers = self._ask("GET").json()["servers"]
        return bool(servers and servers[""]["ready"])

    def opens_notebook(self) -> bool:
        """Whether JupyterLab's page is there, in the hub's browser session."""
        page = self.browser.get(f"/user/{self.name}/lab")
        return page.status_code == 200 and "JupyterLab" in page.text

    def kernel(self) -> Kernel:
        """Open a notebook."""
        return Kernel(self, self.name, trust=self.trust)


def authority_of(machine: Machine) -> str:
    """Return the certificate that a hub hands out to those who shall trust it (PEM)."""
    url = f"http://{machine.address}/authority.crt"

    def fetched() -> str:
        try:
            answer = httpx.get(url)
        except httpx.TransportError:
            return ""
        return answer.text if answer.status_code == 200 else ""

    return str(wait_for(fetched, f"{url} is there"))

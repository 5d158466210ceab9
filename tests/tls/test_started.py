"""`opendata-hub start` with an https address: from hub.yaml to a kernel's answer."""

import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
import httpx

from opendata_hub.machine import ports
from opendata_hub.settings.model import ports as own_ports
from tests.conftest import STARTER, remove_network, remove_traces
from tests.hubs import PATIENCE, wait_for
from tests.kernels import Kernel
from tests.ports import free_hub_port

HUB_FILE = """
hub: {{url: "https://localhost:{port}"}}
https: {{authority: lan}}
login: {{admins: [{user}]}}
images: [{{slug: one, display_name: One, image: "{image}"}}]
culling: false
homes: {{snapshots: false}}
pulling: {{enabled: false}}
"""


@dataclass
class Started:
    """What was started, and one who has logged in."""

    url: str
    output: Path
    browser: httpx.Client
    user: str
    token: str = ""

    @property
    def said(self) -> str:
        """All that it has printed."""
        return self.output.read_text("utf-8", "replace")


async def test_a_class_works_over_https(
    client: docker.APIClient, new_name: Callable[[str], str], tmp_path: Path
) -> None:
    """Address, login, cookies, a student's address, a kernel's answer: all of it is encrypted."""
    port, user = free_hub_port(), new_name("anna")
    text = HUB_FILE.format(port=port, user=user, image=STARTER)
    (tmp_path / "hub.yaml").write_text(text)
    trust = ssl.create_default_context()
    try:
        with _started(tmp_path, trust, f"https://localhost:{port}", user) as hub:
            assert f"Browsers trust it when they have its authority: {hub.url}/auth" in hub.said
            assert "plain HTTP" not in hub.said
            _ask_doctor(tmp_path)
            _log_in(hub, tmp_path)
            _start_server(hub)
            assert await Kernel(hub, user, trust=trust).run("print(6 * 7)") == "42\n"
    finally:
        remove_traces(client, user)
        remove_network(client, port)
    for inner in own_ports(port, https=True):
        assert not ports.is_listening(inner), ports.owner(inner)


@contextmanager
def _started(folder: Path, trust: ssl.SSLContext, url: str, user: str) -> Iterator[Started]:
    program = Path(sys.executable).with_name("opendata-hub")
    path = f"{program.parent}:{os.environ['PATH']}"
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [program, "start"],
            cwd=folder, stdout=output, stderr=output, env={**os.environ, "PATH": path},
        )  # fmt: skip
    hub = Started(url, folder / "output", httpx.Client(), user)

    def is_up() -> bool:
        assert process.poll() is None, hub.said
        return "Ctrl-C" in hub.said

    try:
        wait_for(is_up, "the address is printed", patience=300)
        trust.load_verify_locations(folder / ".hub/caddy/shown/authority.crt")
        with httpx.Client(base_url=url, verify=trust, timeout=PATIENCE) as hub.browser:
            yield hub
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    finally:
        print(hub.said)
        if process.poll() is None:
            process.kill()


def _ask_doctor(folder: Path) -> None:
    """It finds the hub that runs, and its authority."""
    program = Path(sys.executable).with_name("opendata-hub")
    command = [program, "doctor", "--json"]
    told = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=False)
    findings = json.loads(told.stdout)["findings"]
    fine = " ".join(finding["text"] for finding in findings if finding["level"] == "ok")
    assert "this hub is running" in fine, findings
    assert "answers with a certificate, by its own authority, until 20" in fine, findings


def _log_in(hub: Started, folder: Path) -> None:
    """By the form, as a browser does; no redirect leaves the https address."""
    password = dict(map(str.split, (folder / ".hub/logins").read_text().splitlines()))[hub.user]
    browser = hub.browser
    browser.get("/hub/login")
    form = {"username": hub.user, "password": password, "_xsrf": browser.cookies["_xsrf"]}
    answer = browser.post("/hub/login?next=http://localhost:1/", data=form)
    assert answer.status_code == 302
    assert str(answer.headers["location"]).startswith(("/hub/", f"{hub.url}/hub/"))
    assert all(cookie.secure for cookie in browser.cookies.jar)
    assert {"jupyterhub-hub-login", "_xsrf"} <= {cookie.name for cookie in browser.cookies.jar}
    entries = (folder / ".hub/audit.jsonl").read_text().splitlines()
    (login,) = (entry for entry in map(json.loads, entries) if entry["event"] == "login")
    assert (login["by"], login["address"]) == (hub.user, "127.0.0.1")


def _start_server(hub: Started) -> None:
    browser, me = hub.browser, f"/hub/api/users/{hub.user}"
    browser.get("/hub/home").raise_for_status()  # brings the logged-in user's _xsrf
    proof = {"X-XSRFToken": browser.cookies["_xsrf"]}
    hub.token = browser.post(f"{me}/tokens", headers=proof).raise_for_status().json()["token"]
    assert browser.post(f"{me}/server").status_code == 403, "no XSRF token, no start"
    browser.post(f"{me}/server", headers=proof).raise_for_status()
    wait_for(lambda: _is_ready(browser.get(me)), "the server is up")


def _is_ready(answer: httpx.Response) -> bool:
    server = answer.raise_for_status().json()["servers"].get("")
    return bool(server and server["ready"])
